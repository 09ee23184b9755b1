import { joined } from "../bytes";

const EXTENSION = 0x21;
const IMAGE = 0x2c;
const TRAILER = 0x3b;
/** Labels of extensions: how long a frame stands and what is transparent; what programs add; a text that is drawn, which nothing draws. */
const CONTROL = 0xf9;
const APPLICATION = 0xff;
const PLAIN_TEXT = 0x01;
/** The only programs' extensions of which something is kept, and that is how often a film is shown. */
const LOOPS: ReadonlySet<string> = new Set(["NETSCAPE2.0", "ANIMEXTS1.0"]);
const SCREEN = 13;

/**
 * A GIF without comments, texts, what programs add but for how often it is shown, and what lies after its end. Frames, colours and times stay
 * byte for byte. Undefined where it is not built as its format says. Source: GIF89a §17–27 and the NETSCAPE2.0 extension.
 */
export function stripGif(bytes: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> | undefined {
  if (!/^GIF8[79]a$/.test(String.fromCharCode(...bytes.subarray(0, 6)))) return undefined;
  let at = SCREEN + tableLength(bytes[10]);
  if (at > bytes.length) return undefined;
  const kept: Uint8Array<ArrayBuffer>[] = [bytes.subarray(0, at)];
  // It is of the next frame, and goes with a text that it is of.
  let control: Uint8Array<ArrayBuffer> | undefined;
  let hasFrame = false;
  for (;;) {
    const begin = at;
    const mark = bytes[at];
    if (mark === TRAILER) break;
    if (mark === IMAGE) {
      // Its place and colours, and how wide the first codes are.
      const blocks = at + 10 + tableLength(bytes[at + 9]) + 1;
      const end = endOfBlocks(bytes, blocks);
      if (end === undefined) return undefined;
      at = end;
      kept.push(...(control === undefined ? [] : [control]), bytes.subarray(begin, end));
      control = undefined;
      hasFrame = true;
      continue;
    }
    const label = bytes[at + 1];
    const end = mark === EXTENSION && label !== undefined ? endOfBlocks(bytes, at + 2) : undefined;
    if (end === undefined) return undefined;
    at = end;
    if (label === CONTROL) {
      if (bytes[begin + 2] !== 4 || end - begin !== 8) return undefined;
      control = bytes.subarray(begin, end);
    } else if (label === APPLICATION) kept.push(...loopOf(bytes, begin));
    else if (label === PLAIN_TEXT) control = undefined;
  }
  return hasFrame ? joined([...kept, Uint8Array.of(TRAILER)]) : undefined;
}

/** Bytes of the table of colours that flags announce. */
function tableLength(flags = 0): number {
  return flags & 0x80 ? 3 << ((flags & 7) + 1) : 0;
}

/** Where blocks end that each say how long they are, and the last of which is empty. */
function endOfBlocks(bytes: Uint8Array, from: number): number | undefined {
  for (let at = from; at < bytes.length;) {
    const length = bytes[at] ?? 0;
    at += 1 + length;
    if (length === 0) return at;
  }
  return undefined;
}

/** How often a film is shown, and nothing else that the extension says. */
function loopOf(bytes: Uint8Array<ArrayBuffer>, at: number): Uint8Array<ArrayBuffer>[] {
  const name = String.fromCharCode(...bytes.subarray(at + 3, at + 14));
  const times = bytes.subarray(at + 14, at + 18);
  if (bytes[at + 2] !== 11 || !LOOPS.has(name) || times[0] !== 3 || times[1] !== 1) return [];
  return [bytes.subarray(at, at + 18), Uint8Array.of(0)];
}
