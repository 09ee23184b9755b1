import { HOUR_MS, MINUTE_MS } from "../clock";
import type { SleepStage } from "./reading";

/** A stretch of a stage. Times epoch milliseconds. */
export interface Stretch {
  readonly start: number;
  readonly end: number;
  readonly stage: SleepStage;
}

/** A session assembled from stretches. */
export interface AssembledSleep {
  readonly start: number;
  readonly end: number;
  readonly stages: readonly Stretch[];
}

/** Stretches further apart than this belong to different sessions. */
export const SESSION_GAP_MS = HOUR_MS;
/** Sessions shorter than this count as naps unless the vendor says otherwise. */
const NAP_MS = 3 * HOUR_MS;

const ASLEEP: ReadonlySet<SleepStage> = new Set(["light", "deep", "rem", "asleep_unspecified"]);

/** Puts stretches of one source together: a session ends where nothing follows within an hour. Input in any order. */
export function assembleSleep(stretches: readonly Stretch[]): AssembledSleep[] {
  const sorted = stretches.toSorted((a, b) => a.start - b.start || a.end - b.end);
  const sessions: { start: number; end: number; stages: Stretch[] }[] = [];
  for (const stretch of sorted) {
    const last = sessions.at(-1);
    if (last !== undefined && stretch.start - last.end <= SESSION_GAP_MS) {
      last.stages.push(stretch);
      last.end = Math.max(last.end, stretch.end);
    } else sessions.push({ start: stretch.start, end: stretch.end, stages: [stretch] });
  }
  return sessions;
}

/** Minutes by stage and the figures that follow from them. */
export interface SleepSummary {
  readonly asleepMin: number;
  readonly deepMin: number;
  readonly lightMin: number;
  readonly remMin: number;
  /** Awake between falling asleep and the final waking. */
  readonly awakeMin: number;
  readonly inBedMin: number;
  /** From going to bed (or the session's start) to the first sleep; undefined where nobody slept. */
  readonly latencyMin: number | undefined;
  readonly awakenings: number;
  /** Asleep ÷ in bed, in percent; undefined without time in bed. */
  readonly efficiencyPct: number | undefined;
}

/**
 * Sums up a session. Overlapping stretches of asleep stages count once, the finer stage first: an `asleep_unspecified` stretch over a
 * staged one adds only what the stages leave open.
 */
export function summariseSleep(session: {
  readonly start: number;
  readonly end: number;
  readonly stages: readonly Stretch[];
}): SleepSummary {
  const by = (stage: SleepStage) => union(session.stages.filter((s) => s.stage === stage));
  const deep = by("deep");
  const rem = by("rem");
  const light = by("light");
  const asleep = union(session.stages.filter((s) => ASLEEP.has(s.stage)));
  const awake = subtract(by("awake"), asleep);
  const firstSleep = asleep[0]?.[0];
  const lastSleep = asleep.at(-1)?.[1];
  const within =
    firstSleep === undefined || lastSleep === undefined ? [] : awake.filter(([start, end]) => start >= firstSleep && end <= lastSleep);
  const inBedMs = session.end - session.start;
  return {
    asleepMin: minutes(asleep),
    deepMin: minutes(deep),
    lightMin: minutes(light),
    remMin: minutes(rem),
    awakeMin: minutes(within),
    inBedMin: inBedMs / MINUTE_MS,
    latencyMin: firstSleep === undefined ? undefined : (firstSleep - session.start) / MINUTE_MS,
    awakenings: within.length,
    efficiencyPct: inBedMs > 0 && asleep.length > 0 ? (100 * minutes(asleep) * MINUTE_MS) / inBedMs : undefined,
  };
}

/** Whether a session without a vendor's word is a nap: short, and not the only sleep stage data of a night in bed. */
export function looksLikeNap(session: AssembledSleep): boolean {
  return session.end - session.start < NAP_MS;
}

type Span = readonly [start: number, end: number];

function union(stretches: readonly Stretch[]): Span[] {
  const sorted = stretches.filter((s) => s.end > s.start).toSorted((a, b) => a.start - b.start);
  const spans: [number, number][] = [];
  for (const { start, end } of sorted) {
    const last = spans.at(-1);
    if (last !== undefined && start <= last[1]) last[1] = Math.max(last[1], end);
    else spans.push([start, end]);
  }
  return spans;
}

function subtract(spans: readonly Span[], holes: readonly Span[]): Span[] {
  let left: Span[] = [...spans];
  for (const [from, to] of holes) {
    left = left.flatMap(([start, end]): Span[] => {
      if (to <= start || from >= end) return [[start, end]];
      return [[start, from] as Span, [to, end] as Span].filter(([s, e]) => e > s);
    });
  }
  return left;
}

function minutes(spans: readonly Span[]): number {
  return spans.reduce((sum, [start, end]) => sum + (end - start), 0) / MINUTE_MS;
}
