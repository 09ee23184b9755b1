/** Names one gap within a vault: `g20412.101.3`, of date, metric and source. */
export interface GapIdParts {
  readonly date: number;
  readonly metric: number;
  readonly source: number;
}

export function gapId({ date, metric, source }: GapIdParts): string {
  return `g${date}.${metric}.${source}`;
}

/** What a gap id names, or undefined where the text is none. */
export function parseGapId(text: string): GapIdParts | undefined {
  const found = /^g(0|[1-9]\d{0,6})\.([1-9]\d{0,5})\.([1-9]\d{0,8})$/.exec(text);
  return found === null ? undefined : { date: Number(found[1]), metric: Number(found[2]), source: Number(found[3]) };
}
