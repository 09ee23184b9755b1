import type { BinaryAnswer } from "../../durable-objects/vault/fhir/stored/binaries";
import { base64Of, bareType, bytesOf, isFhirJson, LARGEST_BINARY } from "../../shared/fhir/binary";
import { type Fields, isFields, textAt } from "../../shared/fhir/r4/issue";
import type { AppContext } from "../../shared/http/app-env";
import { problem } from "../../shared/problem";
import { versionHeaders } from "./answer";
import { isCurrent, makeResource, sent } from "./interact";
import { baseOf } from "./negotiate";
import { inVaultOf } from "./whose";

/** Keeps a file that comes raw, or as a Binary with data. */
export async function storeBinary(c: AppContext): Promise<Response> {
  const contentType = c.req.header("content-type") ?? "";
  const body = new Uint8Array(await c.req.arrayBuffer());
  const file = isFhirJson(contentType) ? fileIn(body) : { contentType, bytes: body, context: c.req.header("x-security-context") };
  if (file === undefined) return await makeResource(c, "Binary", new TextDecoder().decode(body));
  if (file.bytes.length > LARGEST_BINARY) throw problem("too_large", `A file may have at most ${LARGEST_BINARY} bytes.`);
  if (bareType(file.contentType) === "") throw problem("unsupported_media_type", "Say what it is by its media type.");
  const said = { type: "Binary", id: undefined };
  const { answer } = await inVaultOf(c, said, async ({ vault, actor }) => await vault.fhirBinary(actor, { kind: "create", ...file }));
  return sent(c, 201, answer.json, versionHeaders(answer, baseOf(c)));
}

/** The file in a Binary resource; undefined where it has no data. Problem `invalid`. */
function fileIn(body: Uint8Array) {
  const resource = parsed(new TextDecoder().decode(body));
  const data = textAt(resource, "data");
  if (resource["resourceType"] !== "Binary" || data === undefined) return undefined;
  const bytes = bytesOf(data);
  if (bytes === undefined)
    throw problem("invalid", undefined, { errors: [{ pointer: "/data", code: "invalid", message: "This is no base64." }] });
  return { contentType: textAt(resource, "contentType") ?? "", bytes, context: textAt(resource["securityContext"], "reference") };
}

/** Answers a file: as a resource to who asks for FHIR's media type, else as it is. */
export async function readBinary(c: AppContext, id: string): Promise<Response> {
  const found = await inVaultOf(c, { type: "Binary", id }, async ({ vault, actor }) => await vault.fhirBinary(actor, { kind: "read", id }));
  const headers = versionHeaders(found.answer, baseOf(c));
  if (isCurrent(c, found.answer)) return c.body(null, 304, headers);
  if (wantsResource(c)) return sent(c, 200, withData(found), headers);
  return c.body(found.bytes ?? new Uint8Array(), 200, {
    ...headers,
    "content-type": found.contentType,
    ...(found.context !== undefined && { "x-security-context": found.context }),
    // What somebody sent is shown nowhere as a page of ours.
    "content-disposition": "attachment",
    "content-security-policy": "default-src 'none'; sandbox",
    "x-content-type-options": "nosniff",
  });
}

function withData({ answer, bytes }: BinaryAnswer): string {
  const { data: _data, ...resource } = parsed(answer.json ?? "{}");
  return JSON.stringify({ ...resource, data: base64Of(bytes ?? new Uint8Array()) });
}

/** Whether the client asks for the resource: FHIR's own types name it, everything else the file (R4 binary.html#rest). */
function wantsResource(c: AppContext): boolean {
  const format = c.req.query("_format");
  if (format !== undefined) return isFhirJson(format.replace(" ", "+"));
  return (c.req.header("accept") ?? "").split(",").some((range) => isFhirJson(range));
}

function parsed(text: string): Fields {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw problem("malformed", "The body is not JSON.");
  }
  if (!isFields(value)) throw problem("malformed", "The body is no resource.");
  return value;
}
