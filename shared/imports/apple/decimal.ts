const MINUS = 0x2d;
const PLUS = 0x2b;
const POINT = 0x2e;
const ZERO = 0x30;
const NINE = 0x39;
const UPPER_E = 0x45;
const LOWER_E = 0x65;
const LARGEST_EXACT = 9_007_199_254_740_991;
const POWERS = Array.from({ length: 23 }, (_, exponent) => 10 ** exponent);
const decoder = new TextDecoder();

/**
 * The number written in `bytes[start, end)`, equal to what `Number` makes of the text, or NaN. Plain decimals of up to 15 digits or
 * so take no string: an integer below 2^53 divided by an exact power of ten is rounded once and therefore right (W. D. Clinger, "How
 * to Read Floating Point Numbers Accurately", 1990). Infinity, hexadecimal and empty text are NaN.
 */
export function parseDecimal(bytes: Uint8Array, start: number, end: number): number {
  let i = start;
  const negative = bytes[i] === MINUS;
  if (negative || bytes[i] === PLUS) i++;
  let mantissa = 0;
  let digits = 0;
  let scale = -1;
  for (; i < end; i++) {
    const c = bytes[i]!;
    if (c >= ZERO && c <= NINE) {
      mantissa = mantissa * 10 + (c - ZERO);
      digits++;
      if (scale >= 0) scale++;
    } else if (c === POINT && scale < 0) scale = 0;
    else if (c === LOWER_E || c === UPPER_E) return slow(bytes, start, end);
    else return Number.NaN;
  }
  if (digits === 0) return Number.NaN;
  if (mantissa > LARGEST_EXACT || scale > 22) return slow(bytes, start, end);
  const value = scale > 0 ? mantissa / POWERS[scale]! : mantissa;
  return negative ? -value : value;
}

function slow(bytes: Uint8Array, start: number, end: number): number {
  const text = decoder.decode(bytes.subarray(start, end));
  const value = /^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$/.test(text) ? Number(text) : Number.NaN;
  return Number.isFinite(value) ? value : Number.NaN;
}
