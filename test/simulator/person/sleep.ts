/**
 * The night: bedtime, duration and architecture. Cycles of about 90 minutes; slow-wave sleep falls off from cycle to
 * cycle while REM grows, which is the pattern a hypnogram of a healthy adult shows.
 */
import { dayStart, MINUTE, weekday } from "./civil.ts";
import { bell, between, chance, unit } from "./random.ts";
import type { Person } from "./traits.ts";

export type Stage = "AWAKE" | "LIGHT" | "DEEP" | "REM";
export interface StageSpan {
  stage: Stage;
  startMs: number;
  endMs: number;
}
export interface Night {
  startMs: number;
  endMs: number;
  stages: StageSpan[];
  minutesToFallAsleep: number;
  minutesAfterWakeUp: number;
}

const STEP = MINUTE / 2;
const DEEP_SHARE = [0.42, 0.3, 0.14, 0.05, 0.02];
const REM_SHARE = [0.1, 0.2, 0.28, 0.34, 0.36];

/** The main sleep that ends on the given civil day. */
export function nightEndingOn(person: Person, day: number): Night {
  const { key } = person;
  const weekend = weekday(day) === 0 || weekday(day) === 6;
  const shift = weekend ? 60 : 0;
  const startMs = toStep(dayStart(person.zone, day) + (person.bedMinute + shift + bell(key, "bedtime", day) * 18) * MINUTE);
  const length = Math.min(600, Math.max(280, person.sleepMinutes + (weekend ? 25 : 0) + bell(key, "length", day) * 28));
  const endMs = toStep(startMs + length * MINUTE);
  return architecture(key, day, startMs, endMs);
}

function toStep(ms: number): number {
  return Math.round(ms / STEP) * STEP;
}

function architecture(key: number, day: number, startMs: number, endMs: number): Night {
  const stages: StageSpan[] = [];
  let at = startMs;
  const add = (stage: Stage, minutes: number): void => {
    const end = Math.min(endMs, at + Math.max(STEP, toStep(minutes * MINUTE)));
    if (end <= at) return;
    const last = stages.at(-1);
    if (last?.stage === stage) last.endMs = end;
    else stages.push({ stage, startMs: at, endMs: end });
    at = end;
  };
  const latency = between(4, 17, key, "latency", day);
  const rising = between(1, 7, key, "rising", day);
  const wake = endMs - toStep(rising * MINUTE);
  add("AWAKE", latency);
  for (let cycle = 0; at < wake; cycle += 1) {
    const length = between(82, 104, key, "cycle", day, cycle);
    const vary = (label: string): number => between(0.8, 1.2, key, label, day, cycle);
    const deep = length * (DEEP_SHARE[cycle] ?? 0) * vary("deep");
    const rem = length * (REM_SHARE[cycle] ?? 0.36) * vary("rem");
    const light = Math.max(12, length - deep - rem);
    const lead = light * between(0.35, 0.5, key, "lead", day, cycle);
    const toWake = (minutes: number): number => Math.min(minutes, (wake - at) / MINUTE);
    const put = (stage: Stage, minutes: number): void => {
      if (toWake(minutes) > 0) add(stage, toWake(minutes));
    };
    put("LIGHT", lead);
    if (deep >= 2) put("DEEP", deep);
    if (chance(0.45, key, "stir", day, cycle)) put("AWAKE", 1 + 3 * unit(key, "stir-length", day, cycle));
    put("LIGHT", light - lead);
    put("REM", rem);
    if (chance(0.6, key, "arousal", day, cycle)) put("AWAKE", 1 + 4 * unit(key, "arousal-length", day, cycle));
  }
  add("AWAKE", (endMs - at) / MINUTE);
  const first = stages[0];
  const last = stages.at(-1);
  return {
    startMs,
    endMs,
    stages,
    minutesToFallAsleep: first ? Math.round((first.endMs - first.startMs) / MINUTE) : 0,
    minutesAfterWakeUp: last?.stage === "AWAKE" ? Math.round((last.endMs - last.startMs) / MINUTE) : 0,
  };
}

/** The stage at an instant, if it lies in the night. */
export function stageAt(night: Night, ms: number): Stage | undefined {
  if (ms < night.startMs || ms >= night.endMs) return undefined;
  return night.stages.find((span) => ms >= span.startMs && ms < span.endMs)?.stage;
}
