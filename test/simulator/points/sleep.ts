/** Sleep sessions with stages, and naps. */
import { MINUTE, offsetMs } from "../person/civil.ts";
import { planOf } from "../person/day-plan.ts";
import type { Night, Stage, StageSpan } from "../person/sleep.ts";
import type { Person } from "../person/traits.ts";
import { instant, int64, interval, seconds } from "../person/wire.ts";
import type { JsonObject } from "../person/wire.ts";
import { syncedAt } from "./point.ts";
import type { Draft, Generator } from "./point.ts";

const minutes = (ms: number): number => ms / MINUTE;

function wireStage(person: Person, span: { stage: string; startMs: number; endMs: number }, createdMs: number): JsonObject {
  return {
    startTime: instant(span.startMs),
    startUtcOffset: seconds(offsetMs(person.zone, span.startMs)),
    endTime: instant(span.endMs),
    endUtcOffset: seconds(offsetMs(person.zone, span.endMs)),
    type: span.stage,
    createTime: instant(createdMs),
    updateTime: instant(createdMs),
  };
}

/**
 * Whole minutes per stage type that add up exactly to the whole minutes of the night: largest remainders first.
 */
function stageMinutes(stages: readonly StageSpan[], total: number): Map<Stage, { minutes: number; count: number }> {
  const sums = new Map<Stage, { exact: number; count: number }>();
  for (const span of stages) {
    const sum = sums.get(span.stage) ?? { exact: 0, count: 0 };
    sum.exact += minutes(span.endMs - span.startMs);
    sum.count += 1;
    sums.set(span.stage, sum);
  }
  const rows = [...sums].map(([stage, { exact, count }]) => ({ stage, count, minutes: Math.floor(exact), rest: exact % 1 }));
  let missing = total - rows.reduce((sum, row) => sum + row.minutes, 0);
  for (const row of [...rows].sort((a, b) => b.rest - a.rest)) {
    if (missing <= 0) break;
    row.minutes += 1;
    missing -= 1;
  }
  return new Map(rows.map((row) => [row.stage, { minutes: row.minutes, count: row.count }]));
}

function session(person: Person, night: Night): Draft {
  const available = syncedAt(person, night.endMs + 12 * MINUTE);
  const total = Math.floor(minutes(night.endMs - night.startMs));
  const byStage = stageMinutes(night.stages, total);
  const awake = byStage.get("AWAKE")?.minutes ?? 0;
  return {
    startMs: night.startMs,
    endMs: night.endMs,
    origin: "watch",
    availableAtMs: available,
    value: {
      interval: interval(person.zone, night.startMs, night.endMs),
      type: "STAGES",
      stages: night.stages.map((span) => wireStage(person, span, available)),
      summary: {
        minutesInSleepPeriod: int64(total),
        minutesAsleep: int64(total - awake),
        minutesAwake: int64(awake),
        minutesToFallAsleep: int64(night.minutesToFallAsleep),
        minutesAfterWakeUp: int64(night.minutesAfterWakeUp),
        stagesSummary: [...byStage].map(([type, { minutes: sum, count }]) => ({ type, minutes: int64(sum), count: int64(count) })),
      },
      metadata: { stagesStatus: "SUCCEEDED", processed: true, nap: false, mainSleep: true, manuallyEdited: false },
      createTime: instant(available),
      updateTime: instant(available),
    },
  };
}

function napSession(person: Person, startMs: number, endMs: number): Draft {
  const available = syncedAt(person, endMs + 12 * MINUTE);
  const total = Math.floor(minutes(endMs - startMs));
  const awake = Math.min(5, Math.floor(total / 8));
  const spans = [
    { stage: "ASLEEP", startMs, endMs: endMs - awake * MINUTE },
    { stage: "AWAKE", startMs: endMs - awake * MINUTE, endMs },
  ];
  return {
    startMs,
    endMs,
    origin: "watch",
    availableAtMs: available,
    value: {
      interval: interval(person.zone, startMs, endMs),
      type: "CLASSIC",
      stages: spans.map((span) => wireStage(person, span, available)),
      summary: {
        minutesInSleepPeriod: int64(total),
        minutesAsleep: int64(total - awake),
        minutesAwake: int64(awake),
        minutesToFallAsleep: "0",
        minutesAfterWakeUp: "0",
        stagesSummary: [
          { type: "ASLEEP", minutes: int64(total - awake), count: "1" },
          { type: "AWAKE", minutes: int64(awake), count: "1" },
        ],
      },
      metadata: { stagesStatus: "REJECTED_NAP", processed: true, nap: true, mainSleep: false, manuallyEdited: false },
      createTime: instant(available),
      updateTime: instant(available),
    },
  };
}

export const sleepGenerators = {
  sleep: (person, day) => {
    const plan = planOf(person, day);
    const drafts: Draft[] = [];
    if (plan.night) drafts.push(session(person, plan.night));
    if (plan.nap) drafts.push(napSession(person, plan.nap.startMs, plan.nap.endMs));
    return drafts;
  },
} satisfies Record<string, Generator>;
