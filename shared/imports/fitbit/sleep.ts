import type { SleepStage } from "../../health/reading";
import { isoMoment } from "../documents/local-time";
import type { FormatContext } from "../documents/reader";
import { type JsonObject, listOf, numberFrom, objectOf, textFrom } from "../documents/shape";
import { FITBIT_SOURCE } from "./source";

const STAGES: Readonly<Record<string, SleepStage>> = {
  deep: "deep",
  light: "light",
  rem: "rem",
  wake: "awake",
  awake: "awake",
  asleep: "asleep_unspecified",
  // Moving, and not awake.
  restless: "asleep_unspecified",
};

interface Stretch {
  readonly start: number;
  readonly end: number;
  readonly stage: SleepStage;
}

/** A sleep log of Fitbit: wall clocks of the person's zone, stages with short wakes told apart. */
export function readSleepLog(log: JsonObject, { emit, zone }: FormatContext): void {
  const moment = isoMoment(textFrom(log["startTime"]) ?? "", zone);
  const durationMs = numberFrom(log["duration"]);
  if (moment === undefined || durationMs === undefined || durationMs <= 0)
    return emit.reject("sleep", "unreadable_time", "Nights without a time.");
  const levels = objectOf(log["levels"]);
  const stretches = (key: string): Stretch[] =>
    (listOf(levels?.[key]) ?? []).flatMap((one) => {
      const item = objectOf(one);
      const at = isoMoment(textFrom(item?.["dateTime"]) ?? "", zone);
      const seconds = numberFrom(item?.["seconds"]);
      if (at === undefined || seconds === undefined || seconds <= 0) return [];
      return [{ start: at.at, end: at.at + seconds * 1_000, stage: STAGES[textFrom(item?.["level"]) ?? ""] ?? "unknown" }];
    });
  const id = textFrom(log["logId"]);
  const date = textFrom(log["dateOfSleep"]);
  const efficiency = numberFrom(log["efficiency"]);
  emit.sleep({
    type_: "sleep",
    source: FITBIT_SOURCE,
    start: moment.at,
    end: moment.at + durationMs,
    zone: moment.zone,
    nap: log["isMainSleep"] === false || log["mainSleep"] === false,
    stages: overlaid(stretches("data"), stretches("shortData")),
    ...(date !== undefined && { date }),
    ...(efficiency !== undefined && { attributes: { efficiency } }),
    ...(id !== undefined && { id }),
  });
}

/** Stages with short wakes cut into them. */
function overlaid(base: readonly Stretch[], wakes: readonly Stretch[]): Stretch[] {
  const cut = base.flatMap((stretch) => {
    const pieces: Stretch[] = [];
    let from = stretch.start;
    for (const wake of wakes.toSorted((a, b) => a.start - b.start)) {
      if (wake.end <= from || wake.start >= stretch.end) continue;
      if (wake.start > from) pieces.push({ ...stretch, start: from, end: wake.start });
      from = Math.max(from, wake.end);
    }
    if (from < stretch.end) pieces.push({ ...stretch, start: from });
    return pieces;
  });
  return [...cut, ...wakes].toSorted((a, b) => a.start - b.start);
}
