/** CRC-16 with the reversed polynomial 0xA001, as FIT files end with it. */
const TABLE = Uint16Array.from({ length: 256 }, (_, byte) => {
  let crc = byte;
  for (let bit = 0; bit < 8; bit++) crc = (crc & 1) === 1 ? (crc >>> 1) ^ 0xa001 : crc >>> 1;
  return crc;
});

/** The checksum of `bytes[start, end)`, going on from `crc`. */
export function fitChecksum(bytes: Uint8Array, start: number, end: number, crc = 0): number {
  let now = crc;
  for (let i = start; i < end; i++) now = (now >>> 8) ^ TABLE[(now ^ bytes[i]!) & 0xff]!;
  return now;
}
