import * as z from "zod";
import type { BatchBuilder } from "../../health/batch";
import { maybe, word } from "../fields";
import { known, parsed, type Span, VendorRecord } from "../record";
import { epoch, headSchema, zoneOf } from "./fields";

const schema = headSchema.extend({
  startTimeInSeconds: epoch,
  durationInSeconds: z.number().positive().max(86_400),
  activityType: word.nullish(),
  activeTimeInSeconds: z.number().nonnegative().nullish(),
  steps: maybe,
  pushes: maybe,
  distanceInMeters: maybe,
  activeKilocalories: maybe,
  met: maybe,
});
type Epoch = z.output<typeof schema>;

/** Reads an epoch: a quarter of an hour of one kind of movement. Throws a `Rejection`. */
export const readEpoch = (raw: unknown): Epoch => parsed(schema, raw);

/**
 * Puts the epochs of a page. Garmin tells each kind of movement of the same quarter apart: they are one interval, whose sums are added.
 * A quarter that was not over at the sync comes again longer, and replaces what it was.
 */
export function putEpochs(epochs: readonly Epoch[], into: BatchBuilder, source: number): void {
  for (const [start, own] of Map.groupBy(epochs, ({ startTimeInSeconds }) => startTimeInSeconds)) {
    // Of one kind the longest counts: the same epoch may stand in a page twice.
    const kinds = new Map<string, Epoch>();
    for (const one of own) {
      const other = kinds.get(one.activityType ?? "");
      if (other === undefined || one.durationInSeconds >= other.durationInSeconds) kinds.set(one.activityType ?? "", one);
    }
    const parts = [...kinds.values()];
    const lasts = Math.max(...parts.map(({ durationInSeconds }) => durationInSeconds));
    const record = new VendorRecord(into, source, `epochs/${start / 1000}`, Math.round(lasts));
    const span: Span = { start, end: start + Math.round(lasts * 1000), zone: zoneOf(parts[0] ?? {}) };
    const sum = (of: (one: Epoch) => number | null | undefined): number | undefined => {
      const found = parts.map(of).filter((value) => value !== undefined && value !== null);
      return found.length === 0 ? undefined : found.reduce((total, value) => total + value, 0);
    };
    const sums = known({
      steps: sum(({ steps }) => steps),
      wheelchair_pushes: sum(({ pushes }) => pushes),
      distance_walk_run: sum(({ distanceInMeters }) => distanceInMeters),
      energy_active: sum(({ activeKilocalories }) => activeKilocalories),
    });
    for (const [metric, value] of Object.entries(sums)) record.interval(metric, span, value);
    const met = meanMet(parts);
    if (met !== undefined) record.sample("met", start, span.zone, met);
  }
}

/** The effort over the kinds, by the time that each took. */
function meanMet(parts: readonly Epoch[]): number | undefined {
  const told = parts.flatMap(({ met, activeTimeInSeconds, durationInSeconds }) =>
    met === undefined || met === null ? [] : [{ met, seconds: activeTimeInSeconds ?? durationInSeconds }],
  );
  const seconds = told.reduce((sum, one) => sum + one.seconds, 0);
  if (told.length < 2 || seconds === 0) return told[0]?.met;
  return told.reduce((sum, one) => sum + one.met * one.seconds, 0) / seconds;
}
