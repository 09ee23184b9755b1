/** One summary of a push: the list that it stands in, its parsed value, and how long its text is. */
export interface Summary {
  readonly key: string;
  readonly value: unknown;
  readonly bytes: number;
}

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const OPEN_OBJECT = 0x7b;
const CLOSE_OBJECT = 0x7d;
const OPEN_LIST = 0x5b;
const CLOSE_LIST = 0x5d;
const COMMA = 0x2c;
const COLON = 0x3a;

const isSpace = (byte: number | undefined): boolean => byte === 0x20 || byte === 0x09 || byte === 0x0a || byte === 0x0d;

/**
 * The summaries of a push (`{ "dailies": [ … ], … }`) one by one. Only one of them is parsed at a time, so that a body of many megabytes
 * needs little more than its bytes and what is kept of it. Throws a SyntaxError or TypeError for anything that is not of this form.
 */
export function* summariesOf(bytes: Uint8Array): Generator<Summary> {
  const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
  let at = 0;
  const isNext = (byte: number): boolean => {
    while (isSpace(bytes[at])) at++;
    if (bytes[at] !== byte) return false;
    at++;
    return true;
  };
  const expect = (byte: number): void => {
    if (!isNext(byte)) throw new SyntaxError("not a push");
  };
  /** Parses the value that begins here and goes behind it. */
  const value = (): unknown => {
    while (isSpace(bytes[at])) at++;
    const start = at;
    at = endOfValue(bytes, start);
    return JSON.parse(decoder.decode(bytes.subarray(start, at))) as unknown;
  };
  expect(OPEN_OBJECT);
  if (!isNext(CLOSE_OBJECT)) {
    do {
      const key = value();
      if (typeof key !== "string") throw new SyntaxError("not a push");
      expect(COLON);
      if (!isNext(OPEN_LIST)) value();
      else if (!isNext(CLOSE_LIST)) {
        do {
          const start = at;
          const summary = value();
          yield { key, value: summary, bytes: at - start };
        } while (isNext(COMMA));
        expect(CLOSE_LIST);
      }
    } while (isNext(COMMA));
    expect(CLOSE_OBJECT);
  }
  while (isSpace(bytes[at])) at++;
  if (at !== bytes.length) throw new SyntaxError("not a push");
}

/** The index behind a JSON value; its inside is not checked. */
function endOfValue(bytes: Uint8Array, start: number): number {
  let depth = 0;
  for (let at = start; at < bytes.length; at++) {
    const byte = bytes[at];
    if (byte === QUOTE) {
      for (at++; at < bytes.length && bytes[at] !== QUOTE; at++) if (bytes[at] === BACKSLASH) at++;
      if (depth === 0) return at + 1;
    } else if (byte === OPEN_OBJECT || byte === OPEN_LIST) depth++;
    else if (byte === CLOSE_OBJECT || byte === CLOSE_LIST) {
      if (depth === 0) return at;
      if (--depth === 0) return at + 1;
    } else if (depth === 0 && (byte === COMMA || byte === COLON || isSpace(byte))) return at;
  }
  throw new SyntaxError("not a push");
}
