import * as z from "zod";
import type { SleepStage } from "../../health/reading";
import { instant, int64, interval } from "./fields";
import { mapper } from "./mapper";
import { known, Rejection, some } from "./point";

const STAGES: Readonly<Record<string, SleepStage>> = {
  AWAKE: "awake",
  // Google does not say whether a restless minute is asleep. We count it as awake.
  RESTLESS: "awake",
  LIGHT: "light",
  DEEP: "deep",
  REM: "rem",
  ASLEEP: "asleep_unspecified",
};

const stretch = z.object({ startTime: instant, endTime: instant });
const stage = stretch.extend({ type: z.string().optional() });
/** Far more than a night has: what stands beside the stages must stay small. */
const MAX_BESIDE = 200;

const schema = z.object({
  interval,
  type: z.string().optional(),
  stages: z.array(stage).max(5000).default([]),
  shortAwakenings: z.array(stage).default([]),
  outOfBedSegments: z.array(stretch).default([]),
  summary: z
    .object({
      minutesAsleep: int64.optional(),
      minutesAwake: int64.optional(),
      minutesToFallAsleep: int64.optional(),
      minutesInSleepPeriod: int64.optional(),
      minutesAfterWakeUp: int64.optional(),
      stagesSummary: z.array(z.object({ type: z.string(), minutes: int64.optional(), count: int64.optional() })).default([]),
    })
    .optional(),
  metadata: z
    .object({
      nap: z.boolean().optional(),
      mainSleep: z.boolean().optional(),
      manuallyEdited: z.boolean().optional(),
      externalId: z.string().optional(),
      stagesStatus: z.string().optional(),
    })
    .optional(),
  updateTime: instant.optional(),
});

/** A night or nap. Google labels it with the civil day it ends on. */
export const SLEEP_MAPPERS = {
  sleep: mapper("sleep", schema, (v, p) => {
    const { start, end, zone, endZone, endDate } = v.interval;
    if (end === start) throw new Rejection("empty_interval");
    if (v.updateTime !== undefined) p.version = v.updateTime;
    const { nap, mainSleep, manuallyEdited, externalId } = v.metadata ?? {};
    p.sleep({
      start,
      end,
      // The night belongs to the local day it ends on, so the zone at waking up decides.
      zone: v.interval.endDate === undefined && endZone !== zone ? endZone : zone,
      ...some("date", endDate),
      ...(nap === undefined && mainSleep === undefined ? {} : { nap: nap ?? mainSleep === false }),
      stages: v.stages
        .filter((s) => s.endTime > s.startTime)
        .map((s) => ({ start: s.startTime, end: s.endTime, stage: STAGES[s.type ?? ""] ?? "unknown" }))
        .toSorted((a, b) => a.start - b.start),
      attributes: known({
        type: v.type?.toLowerCase(),
        mainSleep,
        manuallyEdited,
        externalId,
        stagesStatus: v.metadata?.stagesStatus?.toLowerCase(),
        minutes: v.summary === undefined ? undefined : minutes(v.summary),
        shortAwakenings: pairs(v.shortAwakenings),
        outOfBed: pairs(v.outOfBedSegments),
      }),
    });
  }),
};

/** Google's own sums in minutes, kept for nights that come without stages. */
function minutes(summary: NonNullable<z.output<typeof schema>["summary"]>) {
  return {
    ...known({
      asleep: summary.minutesAsleep,
      awake: summary.minutesAwake,
      toFallAsleep: summary.minutesToFallAsleep,
      inSleepPeriod: summary.minutesInSleepPeriod,
      afterWakeUp: summary.minutesAfterWakeUp,
    }),
    ...Object.fromEntries(summary.stagesSummary.map((s) => [`stage_${s.type.toLowerCase()}`, s.minutes ?? 0])),
  };
}

function pairs(stretches: readonly { startTime: number; endTime: number }[]): readonly (readonly [number, number])[] | undefined {
  return stretches.length === 0 ? undefined : stretches.slice(0, MAX_BESIDE).map((s) => [s.startTime, s.endTime] as const);
}
