import { joined } from "../bytes";
import { stripGif } from "./strip-gif";
import { stripHeif } from "./strip-heif";

/**
 * Takes out of a picture what it tells beside itself: where and when it was taken, with what, by whom, thumbnails, comments, parts that are not known
 * here, and whatever lies after its end. Pixels, colours and the way up stay, byte for byte. Undefined where the file is not built as its format says, or
 * is a film of HEIC or AVIF; what is no picture comes back as it is.
 *
 * Sources: JPEG T.81 §B.1–B.2 and JFIF 1.02; Exif 2.3 §4.5 and TIFF 6.0 §2; PNG 3rd ed. §5 and §11.3; WebP container specification.
 */
export function stripPicture(type: string, bytes: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> | undefined {
  switch (type) {
    case "image/jpeg":
      return stripJpeg(bytes);
    case "image/png":
      return stripPng(bytes);
    case "image/webp":
      return stripWebp(bytes);
    case "image/gif":
      return stripGif(bytes);
    case "image/avif":
    case "image/heic":
    case "image/heif":
      return stripHeif(bytes);
    default:
      return bytes;
  }
}

/** Types of which nothing is left but what is seen. Coded pictures of HEIC and AVIF may say things of their own, which stay. */
export const BARE: ReadonlySet<string> = new Set(["image/jpeg", "image/png", "image/webp", "image/gif"]);

const SOI = 0xd8;
const EOI = 0xd9;
const SOS = 0xda;
const TEM = 0x01;
const isRestart = (marker: number) => marker >= 0xd0 && marker <= 0xd7;
/** Frames and the tables that decoding needs: C0 to CF but for C8, which is left to extensions, and DQT, DNL, DRI, DHP, EXP. */
const isForDecoding = (marker: number) => (marker >= 0xc0 && marker <= 0xcf && marker !== 0xc8) || (marker >= 0xdb && marker <= 0xdf);
/** Beginnings of the application segments of which something is kept. */
const EXIF = "Exif\0\0";
const JFIF = "JFIF\0";
const PROFILE = "ICC_PROFILE\0";
const ADOBE = "Adobe";
/** Length of the JFIF segment without a thumbnail, its own two bytes included. */
const JFIF_BARE = 16;
/** The same of Adobe's, which says how colours are transformed. */
const ADOBE_BARE = 14;

function stripJpeg(bytes: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> | undefined {
  if (bytes[0] !== 0xff || bytes[1] !== SOI) return undefined;
  const kept: Uint8Array<ArrayBuffer>[] = [];
  let jfif: Uint8Array<ArrayBuffer> | undefined;
  let orientation = 1;
  let hasScan = false;
  let at = 2;
  for (;;) {
    if (bytes[at] !== 0xff) return undefined;
    // Fill bytes may stand before a marker.
    while (bytes[at + 1] === 0xff) at++;
    const marker = bytes[at + 1];
    if (marker === undefined || marker === 0 || marker === SOI) return undefined;
    if (marker === EOI) break;
    if (isRestart(marker) || marker === TEM) {
      at += 2;
      continue;
    }
    const length = u16(bytes, at + 2);
    if (length === undefined || length < 2 || at + 2 + length > bytes.length) return undefined;
    const segment = bytes.subarray(at, at + 2 + length);
    const body = segment.subarray(4);
    at += 2 + length;
    if (marker === SOS) {
      const end = endOfScan(bytes, at);
      if (end === undefined) return undefined;
      kept.push(segment, bytes.subarray(at, end));
      at = end;
      hasScan = true;
    } else if (marker === 0xe0 && begins(body, JFIF) && length >= JFIF_BARE) jfif ??= bareJfif(segment);
    else if (marker === 0xe1 && begins(body, EXIF)) orientation = orientationOf(body.subarray(EXIF.length)) ?? orientation;
    else if (marker === 0xee && begins(body, ADOBE) && length >= ADOBE_BARE) kept.push(shortened(segment, ADOBE_BARE));
    else if (isForDecoding(marker) || (marker === 0xe2 && begins(body, PROFILE))) kept.push(segment);
  }
  if (!hasScan) return undefined;
  const head = [Uint8Array.of(0xff, SOI), ...(jfif === undefined ? [] : [jfif])];
  if (orientation !== 1) {
    const exif = joined([latin(EXIF), onlyOrientation(orientation)]);
    head.push(joined([Uint8Array.of(0xff, 0xe1, 0, exif.length + 2), exif]));
  }
  return joined([...head, ...kept, Uint8Array.of(0xff, EOI)]);
}

/** Where the marker stands that ends coded data: one that is no stuffed zero, fill or restart. */
function endOfScan(bytes: Uint8Array, from: number): number | undefined {
  for (let at = bytes.indexOf(0xff, from); at !== -1; at = bytes.indexOf(0xff, at + 1)) {
    const next = bytes[at + 1];
    if (next === undefined) return undefined;
    if (next !== 0 && next !== 0xff && !isRestart(next)) return at;
  }
  return undefined;
}

function bareJfif(segment: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> {
  const bare = shortened(segment, JFIF_BARE);
  // The thumbnail's width and height.
  bare.set([0, 0], JFIF_BARE);
  return bare;
}

function shortened(segment: Uint8Array<ArrayBuffer>, length: number): Uint8Array<ArrayBuffer> {
  const short = segment.slice(0, length + 2);
  short.set([0, length], 2);
  return short;
}

const PNG_SIGNATURE = "\u0089PNG\r\n\u001A\n";
/** What is needed to decode the picture, and what changes how it looks or moves. */
const PNG_KEPT: ReadonlySet<string> = new Set(
  "IHDR PLTE IDAT tRNS cHRM gAMA iCCP sBIT sRGB cICP mDCV cLLI bKGD pHYs acTL fcTL fdAT".split(" "),
);

function stripPng(bytes: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> | undefined {
  if (!begins(bytes, PNG_SIGNATURE)) return undefined;
  const kept: Uint8Array<ArrayBuffer>[] = [bytes.subarray(0, 8)];
  let orientation = 1;
  let hasPixels = false;
  for (let at = 8, isFirst = true; ; isFirst = false) {
    const length = u32(bytes, at);
    if (length === undefined || at + 12 + length > bytes.length) return undefined;
    const name = String.fromCharCode(...bytes.subarray(at + 4, at + 8));
    if (!/^[A-Za-z]{4}$/.test(name) || (name === "IHDR") !== isFirst) return undefined;
    const chunk = bytes.subarray(at, at + 12 + length);
    at += 12 + length;
    if (name === "IDAT") hasPixels = true;
    if (name === "eXIf") orientation = orientationOf(chunk.subarray(8, 8 + length)) ?? orientation;
    if (name === "IEND") {
      // After the pixels is where a chunk may stand that others must not be before.
      if (orientation !== 1) kept.push(pngChunk("eXIf", onlyOrientation(orientation)));
      // It has no content.
      kept.push(length === 0 ? chunk : pngChunk("IEND", new Uint8Array()));
      break;
    }
    if (PNG_KEPT.has(name)) kept.push(chunk);
  }
  return hasPixels ? joined(kept) : undefined;
}

function pngChunk(name: string, body: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> {
  const named = joined([latin(name), body]);
  const chunk = new Uint8Array(named.length + 8);
  const view = new DataView(chunk.buffer);
  view.setUint32(0, body.length);
  chunk.set(named, 4);
  view.setUint32(4 + named.length, crc32(named));
  return chunk;
}

function crc32(bytes: Uint8Array): number {
  let crc = 0xffffffff;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ 0xedb88320 : crc >>> 1;
  }
  return (crc ^ 0xffffffff) >>> 0;
}

const WEBP_KEPT: ReadonlySet<string> = new Set(["VP8 ", "VP8L", "ANIM", "ALPH", "ICCP"]);
/** The same of a frame of a film. */
const FRAME_KEPT: ReadonlySet<string> = new Set(["VP8 ", "VP8L", "ALPH"]);
/** Bytes of what a frame says before its chunks: place, size, duration, how it is laid over the last. */
const FRAME_HEAD = 16;
/** Bytes of what an extended file says of itself. */
const EXTENDED = 10;
const HAS_EXIF = 0x08;
const HAS_XMP = 0x04;

interface RiffChunk {
  readonly name: string;
  readonly body: Uint8Array<ArrayBuffer>;
  /** With its head, and the byte that fills it up to an even length. */
  readonly whole: Uint8Array<ArrayBuffer>;
}

function stripWebp(bytes: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> | undefined {
  if (!begins(bytes, "RIFF") || bytes.length < 20 || !begins(bytes.subarray(8), "WEBP")) return undefined;
  const end = 8 + new DataView(bytes.buffer, bytes.byteOffset).getUint32(4, true);
  const chunks = end > bytes.length ? undefined : riffChunks(bytes.subarray(12, end));
  if (chunks === undefined) return undefined;
  const kept: Uint8Array<ArrayBuffer>[] = [];
  let extended: Uint8Array<ArrayBuffer> | undefined;
  let orientation = 1;
  let hasPixels = false;
  for (const [i, { name, body, whole }] of chunks.entries()) {
    if (name === "VP8X") {
      if (body.length < EXTENDED || i > 0) return undefined;
      extended = riffChunk(name, body.slice(0, EXTENDED));
      kept.push(extended);
    } else if (name === "ANMF") {
      const frame = stripFrame(body);
      if (frame === undefined) return undefined;
      kept.push(frame);
      hasPixels = true;
    } else if (name === "EXIF") {
      // Some writers put the head of JPEG's segment before it.
      orientation = orientationOf(begins(body, EXIF) ? body.subarray(EXIF.length) : body) ?? orientation;
    } else if (WEBP_KEPT.has(name)) {
      kept.push(whole);
      hasPixels ||= isPixels(name);
    }
  }
  if (!hasPixels) return undefined;
  // Without the extended form there is no place for a way up.
  const turns = orientation !== 1 && extended !== undefined;
  if (extended !== undefined) extended[8] = ((extended[8] ?? 0) & ~(HAS_EXIF | HAS_XMP)) | (turns ? HAS_EXIF : 0);
  if (turns) kept.push(riffChunk("EXIF", onlyOrientation(orientation)));
  return riffChunk("RIFF", joined([latin("WEBP"), ...kept]));
}

const isPixels = (name: string) => name === "VP8 " || name === "VP8L";

/** A frame with its picture and nothing else; undefined for one that has none. */
function stripFrame(body: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> | undefined {
  const kept = riffChunks(body.subarray(FRAME_HEAD))?.filter(({ name }) => FRAME_KEPT.has(name));
  if (kept === undefined || !kept.some(({ name }) => isPixels(name))) return undefined;
  return riffChunk("ANMF", joined([body.subarray(0, FRAME_HEAD), ...kept.map(({ whole }) => whole)]));
}

/** The chunks that bytes are made of; undefined where the last does not end with them. */
function riffChunks(bytes: Uint8Array<ArrayBuffer>): RiffChunk[] | undefined {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const chunks: RiffChunk[] = [];
  for (let at = 0; at < bytes.length;) {
    if (at + 8 > bytes.length) return undefined;
    const end = at + 8 + view.getUint32(at + 4, true);
    if (end > bytes.length) return undefined;
    const next = Math.min(end + ((end - at) & 1), bytes.length);
    const whole = bytes.subarray(at, next);
    // The last may lack its filling byte.
    const filled = whole.length & 1 ? joined([whole, Uint8Array.of(0)]) : whole;
    chunks.push({ name: String.fromCharCode(...bytes.subarray(at, at + 4)), body: bytes.subarray(at + 8, end), whole: filled });
    at = next;
  }
  return chunks;
}

/** A chunk whose body has an even length. */
function riffChunk(name: string, body: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> {
  const head = new Uint8Array(8);
  head.set(latin(name));
  new DataView(head.buffer).setUint32(4, body.length, true);
  return joined([head, body]);
}

const ORIENTATION = 0x0112;
const SHORT = 3;

/** Which way up a picture is to be shown (1 to 8), by the TIFF structure of its Exif; undefined where that does not say. */
export function orientationOf(tiff: Uint8Array): number | undefined {
  const isLittle = begins(tiff, "II*\0");
  if (!isLittle && !begins(tiff, "MM\0*")) return undefined;
  const view = new DataView(tiff.buffer, tiff.byteOffset, tiff.byteLength);
  if (tiff.length < 8) return undefined;
  const directory = view.getUint32(4, isLittle);
  if (directory + 2 > tiff.length) return undefined;
  const n = view.getUint16(directory, isLittle);
  for (let i = 0; i < n; i++) {
    const entry = directory + 2 + i * 12;
    if (entry + 12 > tiff.length) return undefined;
    if (view.getUint16(entry, isLittle) !== ORIENTATION) continue;
    const value = view.getUint16(entry + 8, isLittle);
    return view.getUint16(entry + 2, isLittle) === SHORT && value >= 1 && value <= 8 ? value : undefined;
  }
  return undefined;
}

/** A TIFF structure that says which way up, and nothing else. */
function onlyOrientation(orientation: number): Uint8Array<ArrayBuffer> {
  return Uint8Array.of(0x49, 0x49, 0x2a, 0, 8, 0, 0, 0, 1, 0, 0x12, 0x01, SHORT, 0, 1, 0, 0, 0, orientation, 0, 0, 0, 0, 0, 0, 0);
}

function latin(text: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(text, (letter) => letter.charCodeAt(0));
}

function begins(bytes: Uint8Array, text: string): boolean {
  for (let i = 0; i < text.length; i++) if (bytes[i] !== text.charCodeAt(i)) return false;
  return true;
}

function u16(bytes: Uint8Array, at: number): number | undefined {
  const [a, b] = [bytes[at], bytes[at + 1]];
  return a === undefined || b === undefined ? undefined : (a << 8) | b;
}

function u32(bytes: Uint8Array, at: number): number | undefined {
  const [high, low] = [u16(bytes, at), u16(bytes, at + 2)];
  return high === undefined || low === undefined ? undefined : high * 65_536 + low;
}
