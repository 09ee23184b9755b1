const decoder = new TextDecoder("utf-8", { fatal: false, ignoreBOM: true });
const REFERENCE = /&(?:#x([0-9a-fA-F]{1,6})|#([0-9]{1,7})|(amp|lt|gt|quot|apos));/g;
const PREDEFINED: Readonly<Record<string, string>> = { amp: "&", lt: "<", gt: ">", quot: '"', apos: "'" };
const AMPERSAND = 0x26;

/**
 * The text of `bytes[start, end)`: UTF-8, with the five predefined entities and numeric references resolved. Entities that a DTD
 * declares are left as written: expanding them is how small documents become huge ones.
 */
export function decodeText(bytes: Uint8Array, start: number, end: number): string {
  const raw = decoder.decode(bytes.subarray(start, end));
  for (let i = start; i < end; i++) {
    if (bytes[i] === AMPERSAND) return raw.replace(REFERENCE, resolve);
  }
  return raw;
}

function resolve(whole: string, hex: string | undefined, decimal: string | undefined, name: string | undefined): string {
  if (name !== undefined) return PREDEFINED[name] ?? whole;
  const code = hex === undefined ? Number(decimal) : Number.parseInt(hex, 16);
  const isCharacter = code <= 0x10ffff && (code < 0xd800 || code > 0xdfff) && code !== 0;
  return isCharacter ? String.fromCodePoint(code) : whole;
}
