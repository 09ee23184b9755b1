/** Who gets there has risen into the top. */
const TOPS = [1, 3, 10] as const;
const TOP = 10;
/** Fewer places than that are nothing to tell, below the top. */
const FEWEST_PLACES = 3;

/** `passed`: somebody took a place of the top. `top`: a rise into it. `moved`: many places at once. */
export type RankNews = "passed" | "top" | "moved";

/** Whether a rank (from 1) among so many is worth telling whoever was last told of another. */
export function rankNews(before: number, now: number, count: number): RankNews | undefined {
  if (now === before) return undefined;
  // Of three the third is not in the top three of anything.
  if (now < before && TOPS.some((top) => top < count && before > top && now <= top)) return "top";
  if (now > before && before <= TOP) return "passed";
  return Math.abs(now - before) >= Math.max(FEWEST_PLACES, Math.ceil(count / 10)) ? "moved" : undefined;
}
