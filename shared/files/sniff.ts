/** What a file is, by its bytes. */
export interface Sniffed {
  readonly type: string;
  readonly kind: "image" | "audio" | "video" | "document";
  /** Pixels, as the file says; null where it is no picture or does not say. */
  readonly width: number | null;
  readonly height: number | null;
}

/** Bytes of the beginning in which a picture says how large it is. */
const HEAD = 262_144;

/**
 * What a file is, from its bytes and never from what its sender calls it: pictures, sound, films, PDF and plain text. Undefined for
 * everything else, for what a browser would run above all (HTML, SVG, scripts in disguise).
 *
 * Sources: PNG 3rd ed. §5.2 and §11.2.2; GIF89a §17–18; JPEG T.81 §B.2.2; WebP container specification; ISO/IEC 14496-12 §4.3 and §12.1.4
 * (`ftyp`, `ispe`); RFC 3533 (Ogg); Matroska; ID3v2; RIFF; ISO 32000 §7.5.2.
 */
export function sniff(bytes: Uint8Array): Sniffed | undefined {
  const head = bytes.subarray(0, HEAD);
  for (const look of LOOKS) {
    const found = look(head);
    if (found !== undefined) return found;
  }
  return plainText(bytes) ? { type: "text/plain", kind: "document", width: null, height: null } : undefined;
}

type Look = (head: Uint8Array) => Sniffed | undefined;

const LOOKS: readonly Look[] = [png, gif, jpeg, riff, isoMedia, ogg, matroska, mpegAudio, pdf];

function png(head: Uint8Array): Sniffed | undefined {
  if (!begins(head, "\u0089PNG\r\n\u001A\n") || ascii(head, 12, 4) !== "IHDR") return undefined;
  return picture("image/png", u32(head, 16), u32(head, 20));
}

function gif(head: Uint8Array): Sniffed | undefined {
  if (!begins(head, "GIF87a") && !begins(head, "GIF89a")) return undefined;
  return picture("image/gif", u16le(head, 6), u16le(head, 8));
}

/** Walks the segments up to the frame header. */
function jpeg(head: Uint8Array): Sniffed | undefined {
  if (!begins(head, "\u00FF\u00D8\u00FF")) return undefined;
  for (let at = 2; at + 9 < head.length;) {
    if (head[at] !== 0xff) break;
    const marker = head[at + 1] ?? 0;
    if (marker === 0xff) {
      at++;
      continue;
    }
    // Frame headers are C0 to CF but for the tables C4, C8 and CC.
    if (marker >= 0xc0 && marker <= 0xcf && ![0xc4, 0xc8, 0xcc].includes(marker))
      return picture("image/jpeg", u16(head, at + 7), u16(head, at + 5));
    const length = u16(head, at + 2) ?? 0;
    if (length < 2) break;
    at += 2 + length;
  }
  return picture("image/jpeg", undefined, undefined);
}

function riff(head: Uint8Array): Sniffed | undefined {
  if (!begins(head, "RIFF")) return undefined;
  const form = ascii(head, 8, 4);
  if (form === "WAVE") return sound("audio/wav");
  if (form !== "WEBP") return undefined;
  switch (ascii(head, 12, 4)) {
    case "VP8 ":
      return picture("image/webp", masked(u16le(head, 26)), masked(u16le(head, 28)));
    case "VP8L": {
      const [a, b, c, d] = [head[21], head[22], head[23], head[24]];
      if (a === undefined || b === undefined || c === undefined || d === undefined) return picture("image/webp", undefined, undefined);
      return picture("image/webp", 1 + (((b & 0x3f) << 8) | a), 1 + (((d & 0x0f) << 10) | (c << 2) | (b >> 6)));
    }
    case "VP8X":
      return picture("image/webp", plusOne(u24le(head, 24)), plusOne(u24le(head, 27)));
    default:
      return undefined;
  }
}

const BRANDS: Readonly<Record<string, Pick<Sniffed, "type" | "kind">>> = {
  avif: { type: "image/avif", kind: "image" },
  avis: { type: "image/avif", kind: "image" },
  heic: { type: "image/heic", kind: "image" },
  heix: { type: "image/heic", kind: "image" },
  mif1: { type: "image/heif", kind: "image" },
  "M4A ": { type: "audio/mp4", kind: "audio" },
  "M4B ": { type: "audio/mp4", kind: "audio" },
  "qt  ": { type: "video/quicktime", kind: "video" },
};

function isoMedia(head: Uint8Array): Sniffed | undefined {
  if (ascii(head, 4, 4) !== "ftyp") return undefined;
  const known = BRANDS[ascii(head, 8, 4)];
  if (known === undefined) {
    return /^(?:iso[2-9m]|mp4[12]|avc1|M4V |3g[gp]\w|MSNV|dash)$/.test(ascii(head, 8, 4)) ? film("video/mp4") : undefined;
  }
  if (known.kind !== "image") return { ...known, width: null, height: null };
  const at = find(head, "ispe");
  return {
    ...known,
    width: at === undefined ? null : (u32(head, at + 8) ?? null),
    height: at === undefined ? null : (u32(head, at + 12) ?? null),
  };
}

function ogg(head: Uint8Array): Sniffed | undefined {
  if (!begins(head, "OggS")) return undefined;
  return find(head.subarray(0, 512), "theora") === undefined ? sound("audio/ogg") : film("video/ogg");
}

function matroska(head: Uint8Array): Sniffed | undefined {
  if (!begins(head, "\u001A\u0045\u00DF\u00A3") || find(head.subarray(0, 64), "webm") === undefined) return undefined;
  // A recorder of voices names no video codec.
  return find(head, "V_VP") === undefined && find(head, "V_AV1") === undefined ? sound("audio/webm") : film("video/webm");
}

function mpegAudio(head: Uint8Array): Sniffed | undefined {
  if (begins(head, "ID3")) return sound("audio/mpeg");
  const [a = 0, b = 0, c = 0] = head;
  if (a !== 0xff || (b & 0xe0) !== 0xe0) return undefined;
  // ADTS has layer 0; MPEG audio a layer, a bit rate and a sampling rate that exist.
  if ((b & 0xf6) === 0xf0) return sound("audio/aac");
  return (b & 0x18) !== 0x08 && (b & 0x06) !== 0 && (c & 0xf0) !== 0xf0 && (c & 0x0c) !== 0x0c ? sound("audio/mpeg") : undefined;
}

function pdf(head: Uint8Array): Sniffed | undefined {
  return begins(head, "%PDF-") ? { type: "application/pdf", kind: "document", width: null, height: null } : undefined;
}

/** Text without control characters that does not begin like markup: a browser that guesses must find nothing to run. */
function plainText(bytes: Uint8Array): boolean {
  if (bytes.length === 0) return false;
  let text: string;
  try {
    text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: false }).decode(bytes);
  } catch {
    return false;
  }
  return !bytes.some(isControl) && !/^\s*(?:<|#!)/.test(text);
}

/** Bytes of UTF-8 that are control characters, but for tab, line feed, form feed, carriage return and escape. */
function isControl(byte: number): boolean {
  return byte === 0x7f || (byte < 0x20 && !TEXTUAL.has(byte));
}
const TEXTUAL: ReadonlySet<number> = new Set([0x09, 0x0a, 0x0c, 0x0d, 0x1b]);

function picture(type: string, width: number | undefined, height: number | undefined): Sniffed {
  const isSized = width !== undefined && height !== undefined && width > 0 && height > 0;
  return { type, kind: "image", width: isSized ? width : null, height: isSized ? height : null };
}

function sound(type: string): Sniffed {
  return { type, kind: "audio", width: null, height: null };
}

function film(type: string): Sniffed {
  return { type, kind: "video", width: null, height: null };
}

function begins(bytes: Uint8Array, text: string): boolean {
  for (let i = 0; i < text.length; i++) if (bytes[i] !== text.charCodeAt(i)) return false;
  return true;
}

function ascii(bytes: Uint8Array, at: number, length: number): string {
  return String.fromCharCode(...bytes.subarray(at, at + length));
}

function find(bytes: Uint8Array, text: string): number | undefined {
  const first = text.charCodeAt(0);
  for (let at = bytes.indexOf(first); at !== -1; at = bytes.indexOf(first, at + 1)) if (begins(bytes.subarray(at), text)) return at;
  return undefined;
}

function u16(bytes: Uint8Array, at: number): number | undefined {
  const [a, b] = [bytes[at], bytes[at + 1]];
  return a === undefined || b === undefined ? undefined : (a << 8) | b;
}

function u16le(bytes: Uint8Array, at: number): number | undefined {
  const [a, b] = [bytes[at], bytes[at + 1]];
  return a === undefined || b === undefined ? undefined : (b << 8) | a;
}

function u24le(bytes: Uint8Array, at: number): number | undefined {
  const [low, high] = [u16le(bytes, at), bytes[at + 2]];
  return low === undefined || high === undefined ? undefined : (high << 16) | low;
}

function u32(bytes: Uint8Array, at: number): number | undefined {
  const [high, low] = [u16(bytes, at), u16(bytes, at + 2)];
  return high === undefined || low === undefined ? undefined : high * 65_536 + low;
}

function masked(value: number | undefined): number | undefined {
  return value === undefined ? undefined : value & 0x3fff;
}

function plusOne(value: number | undefined): number | undefined {
  return value === undefined ? undefined : value + 1;
}
