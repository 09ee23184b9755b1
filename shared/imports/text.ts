/** Encodings that people's tables come in. */
export type Encoding = "utf-8" | "utf-16le" | "utf-16be" | "windows-1252";

/** Share of control characters from which bytes are no text. */
const MOST_CONTROLS = 0.02;

/**
 * The encoding of a text by its first bytes: byte order mark first, then the zeroes of UTF-16, then whether it is valid UTF-8; what is
 * left is Windows-1252, which holds Latin-1 and never fails.
 */
export function encodingOf(bytes: Uint8Array): Encoding {
  if (bytes[0] === 0xff && bytes[1] === 0xfe) return "utf-16le";
  if (bytes[0] === 0xfe && bytes[1] === 0xff) return "utf-16be";
  if (bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf) return "utf-8";
  const pairs = Math.min(bytes.length, 512) >> 1;
  let [even, odd] = [0, 0];
  for (let i = 0; i < pairs; i++) {
    if (bytes[2 * i] === 0) even++;
    if (bytes[2 * i + 1] === 0) odd++;
  }
  if (pairs > 1 && odd > pairs * 0.6 && even === 0) return "utf-16le";
  if (pairs > 1 && even > pairs * 0.6 && odd === 0) return "utf-16be";
  return isUtf8(bytes) ? "utf-8" : "windows-1252";
}

/** The beginning of a text; empty where the bytes are no text. */
export function decodeHead(bytes: Uint8Array): string {
  const text = new TextDecoder(encodingOf(bytes)).decode(bytes, { stream: true });
  let controls = 0;
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if ((code < 0x20 && code !== 9 && code !== 10 && code !== 13) || code === 0xfffd) controls++;
  }
  return controls > text.length * MOST_CONTROLS ? "" : text;
}

/** Whether bytes are UTF-8; a character that the end cuts off is forgiven. */
function isUtf8(bytes: Uint8Array): boolean {
  try {
    new TextDecoder("utf-8", { fatal: true, ignoreBOM: false }).decode(bytes, { stream: true });
    return true;
  } catch {
    return false;
  }
}
