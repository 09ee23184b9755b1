import { type Fields, textAt } from "./r4/issue";

/** Bytes that a Binary may have. */
export const LARGEST_BINARY = 20 * 1024 * 1024;

/** Media types of documents that are kept, and the marks that files of some of them begin with. */
const KINDS: readonly {
  readonly type: RegExp;
  readonly marks?: readonly (readonly number[])[];
  readonly at?: number;
  readonly end: string;
}[] = [
  { type: /^application\/pdf$/, marks: [[0x25, 0x50, 0x44, 0x46]], end: "pdf" },
  { type: /^image\/png$/, marks: [[0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]], end: "png" },
  { type: /^image\/jpe?g$/, marks: [[0xff, 0xd8, 0xff]], end: "jpg" },
  { type: /^image\/gif$/, marks: [[0x47, 0x49, 0x46, 0x38]], end: "gif" },
  {
    type: /^image\/tiff$/,
    marks: [
      [0x49, 0x49, 0x2a, 0x00],
      [0x4d, 0x4d, 0x00, 0x2a],
    ],
    end: "tiff",
  },
  { type: /^image\/webp$/, marks: [[0x57, 0x45, 0x42, 0x50]], at: 8, end: "webp" },
  { type: /^image\/bmp$/, marks: [[0x42, 0x4d]], end: "bmp" },
  { type: /^application\/dicom$/, marks: [[0x44, 0x49, 0x43, 0x4d]], at: 128, end: "dcm" },
  { type: /^application\/(?:zip|vnd\.openxmlformats-officedocument\.[\w.]+)$/, marks: [[0x50, 0x4b]], end: "zip" },
  { type: /^(?:application|text)\/rtf$/, marks: [[0x7b, 0x5c, 0x72, 0x74, 0x66]], end: "rtf" },
  { type: /^audio\/(?:mpeg|mp4|wav|x-wav|ogg|aac)$/, end: "audio" },
  { type: /^video\/(?:mp4|webm|quicktime)$/, end: "video" },
  { type: /^(?:application|text)\/(?:[\w.-]+\+)?xml$/, end: "xml" },
  { type: /^text\/(?:plain|csv|markdown|html|x-hl7-text\+xml)$/, end: "txt" },
  { type: /^application\/(?:hl7-v2|octet-stream)$/, end: "bin" },
];

/** Beginnings of programs: no document begins so. */
const PROGRAMS: readonly (readonly number[])[] = [
  [0x4d, 0x5a],
  [0x7f, 0x45, 0x4c, 0x46],
  [0xcf, 0xfa, 0xed, 0xfe],
  [0xce, 0xfa, 0xed, 0xfe],
  [0xca, 0xfe, 0xba, 0xbe],
  [0x23, 0x21],
];

/** A media type without parameters, in small letters. */
export function bareType(contentType: string): string {
  return (contentType.split(";")[0] ?? "").trim().toLowerCase();
}

/** Whether a media type is that of a FHIR resource as JSON. */
export function isFhirJson(contentType: string): boolean {
  return ["application/fhir+json", "application/json", "json", "text/json"].includes(bareType(contentType));
}

/** What speaks against keeping bytes as what they are called; undefined where nothing does. */
export function binaryFault(
  contentType: string,
  bytes: Uint8Array,
): { readonly field: "contentType" | "data"; readonly message: string } | undefined {
  const type = bareType(contentType);
  const kind = KINDS.find((one) => one.type.test(type));
  if (kind === undefined) return { field: "contentType", message: "Documents of this type are not kept." };
  if (contentType.length > 200 || /[^\x20-\x7e]/.test(contentType)) return { field: "contentType", message: "This is no media type." };
  if (bytes.length === 0) return { field: "data", message: "The file is empty." };
  if (PROGRAMS.some((mark) => hasMark(bytes, mark, 0))) return { field: "data", message: "The file is a program." };
  if (kind.marks !== undefined && !kind.marks.some((mark) => hasMark(bytes, mark, kind.at ?? 0)))
    return { field: "data", message: `The file is not ${type}, whatever it is called.` };
  const other = KINDS.find(
    ({ type: known, marks, at }) => !known.test(type) && (marks ?? []).some((mark) => mark.length > 2 && hasMark(bytes, mark, at ?? 0)),
  );
  // What says nothing of itself may be anything; text that begins like a picture is none.
  if (other !== undefined && kind.marks === undefined && type !== "application/octet-stream")
    return { field: "data", message: `The file is not ${type}, whatever it is called.` };
  return undefined;
}

/** What speaks against keeping the file in a Binary; undefined where nothing does, or where it has no data. */
export function fileFault(resource: Fields): ReturnType<typeof binaryFault> {
  const data = textAt(resource, "data");
  const bytes = data === undefined ? undefined : bytesOf(data);
  return bytes === undefined ? undefined : binaryFault(textAt(resource, "contentType") ?? "", bytes);
}

/** The end of the name of a file of a type. */
export function fileEnd(contentType: string): string {
  return KINDS.find(({ type }) => type.test(bareType(contentType)))?.end ?? "bin";
}

/** Bytes of base64; undefined for what is none. */
export function bytesOf(base64: string): Uint8Array<ArrayBuffer> | undefined {
  try {
    return Uint8Array.from(atob(base64.replace(/\s+/g, "")), (character) => character.charCodeAt(0));
  } catch {
    return undefined;
  }
}

/** Base64 of bytes. */
export function base64Of(bytes: Uint8Array): string {
  let text = "";
  for (let at = 0; at < bytes.length; at += 0x8000) text += String.fromCharCode(...bytes.subarray(at, at + 0x8000));
  return btoa(text);
}

function hasMark(bytes: Uint8Array, mark: readonly number[], at: number): boolean {
  return mark.every((byte, i) => bytes[at + i] === byte);
}
