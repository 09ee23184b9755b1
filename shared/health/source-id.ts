/** `src_3` for source number 3 of a vault. */
export function sourceId(number: number): string {
  return `src_${number}`;
}

/** The number in `src_3`, or undefined where the text is no source id. */
export function parseSourceId(id: string): number | undefined {
  const digits = /^src_([1-9]\d{0,8})$/.exec(id)?.[1];
  return digits === undefined ? undefined : Number(digits);
}
