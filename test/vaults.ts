import { env } from "cloudflare:workers";
import type { PersonActor } from "../shared/context";
import { BatchBuilder } from "../shared/health/batch";
import type { Source } from "../shared/health/reading";
import { newId, type PersonId } from "../shared/id";
import type { Region } from "../shared/region";
import { vaultOf } from "../workers/regional";

export const WATCH: Source = { vendor: "healthkit", deviceName: "Watch", deviceType: "watch", recordingMethod: "automatic" };
export const PHONE: Source = { vendor: "healthkit", deviceName: "iPhone", deviceType: "phone", recordingMethod: "automatic" };

/** A vault of a person who was never registered: for tests of the object itself. */
export function freshVault(region: Region = "eu") {
  const person: PersonId = newId("person", region, Date.now());
  const actor: PersonActor = { kind: "person", person, session: newId("session", region, Date.now()) };
  return { person, actor, vault: vaultOf(env, person) };
}

export interface Sample {
  readonly at: number;
  readonly value: number;
  readonly zone?: number;
  readonly version?: number;
  readonly id?: string;
}

/** A batch of samples of one metric and source. */
export function samples(metric: string, rows: readonly Sample[], source: Source = WATCH) {
  const builder = new BatchBuilder();
  const index = builder.source(source);
  for (const { at, value, zone = 0, version = 0, id } of rows) builder.sample(metric, index, at, value, zone, version, id);
  return builder.take();
}

export interface Interval extends Sample {
  readonly end: number;
}

/** A batch of intervals of one metric and source. */
export function intervals(metric: string, rows: readonly Interval[], source: Source = WATCH) {
  const builder = new BatchBuilder();
  const index = builder.source(source);
  for (const { at, end, value, zone = 0, version = 0, id } of rows) builder.interval(metric, index, at, end, value, zone, version, id);
  return builder.take();
}
