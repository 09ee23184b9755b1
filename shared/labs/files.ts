import type { PersonId } from "../id";

/** The folder of the region's bucket in which each person has one for the files of their reports. */
export const LAB_FILES = "labs/";

/** Bytes that the file of a report may have. */
export const LARGEST_PDF = 20 * 1024 * 1024;

/** Where the file of a report lies: below its person, under a name that says nothing. */
export function labFileKey(person: PersonId, name: string): string {
  return `${LAB_FILES}${person}/${name}`;
}

/** Whether bytes are a PDF document, whatever they are called: its mark stands within the first kilobyte (ISO 32000-1, annex H). */
export function isPdf(bytes: Uint8Array): boolean {
  const head = new TextDecoder("latin1").decode(bytes.subarray(0, 1_024));
  return /%PDF-\d\.\d/.test(head);
}
