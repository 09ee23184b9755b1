/**
 * The tags of an `If-Match` or `If-None-Match` (RFC 9110 §8.8.3), without quotes and the mark of weak ones: what is compared here are
 * versions, and FHIR writes all of them as weak. `*` stays.
 */
export function tagsIn(header: string): readonly string[] {
  return header.split(",").map((tag) => tag.trim().replace(/^W\//, "").replaceAll('"', ""));
}

/** Whether a header names a version, or any. */
export function namesVersion(header: string, version: string): boolean {
  return tagsIn(header).some((tag) => tag === "*" || tag === version);
}
