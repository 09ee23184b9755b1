/** What intervals between beats say of the heart's variability. Milliseconds, and beats per minute. */
export interface Variability {
  readonly rmssd: number;
  readonly sdnn: number;
  readonly heartRate: number;
  /** Intervals that count, and those that were left out. */
  readonly beats: number;
  readonly rejected: number;
  /** Seconds that the intervals which count take. */
  readonly durationS: number;
}

/** Beyond these no heart beats: 200 and 30 a minute. */
const SHORTEST_MS = 300;
const LONGEST_MS = 2_000;
/** An interval that differs more from the one before is no normal beat (Malik et al. 1989, as the Task Force of 1996 names it). */
const LARGEST_STEP = 0.2;

/**
 * RMSSD and SDNN of intervals in their order, by the definitions of the Task Force of the ESC and NASPE (Circulation 1996; 93: 1043-1065): RMSSD is
 * the root of the mean of the squared differences between neighbours, SDNN the standard deviation (of n - 1) of the intervals. Only normal beats
 * count, and only neighbours that follow each other. Undefined for fewer than two of them.
 */
export function variabilityOf(intervals: readonly number[]): Variability | undefined {
  let [beats, sum, squares, pairs, steps] = [0, 0, 0, 0, 0];
  let before: number | undefined;
  let wasNormal = false;
  // Values near their middle, so that squares do not lose digits.
  const middle = intervals[0] ?? 0;
  for (const interval of intervals) {
    const isPossible = interval >= SHORTEST_MS && interval <= LONGEST_MS;
    const isNormal = isPossible && (before === undefined || Math.abs(interval - before) <= before * LARGEST_STEP);
    if (isNormal) {
      beats++;
      sum += interval - middle;
      squares += (interval - middle) ** 2;
      if (wasNormal && before !== undefined) {
        pairs++;
        steps += (interval - before) ** 2;
      }
    }
    // After a beat that is none of these the next is measured against it: two in a row are a new level.
    before = isPossible ? interval : before;
    wasNormal = isNormal;
  }
  if (beats < 2 || pairs < 1) return undefined;
  const mean = middle + sum / beats;
  return {
    rmssd: Math.sqrt(steps / pairs),
    sdnn: Math.sqrt(Math.max(0, squares - (sum * sum) / beats) / (beats - 1)),
    heartRate: 60_000 / mean,
    beats,
    rejected: intervals.length - beats,
    durationS: (mean * beats) / 1_000,
  };
}
