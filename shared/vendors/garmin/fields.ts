import * as z from "zod";
import { type Source, ZONE_UNKNOWN } from "../../health/reading";
import { day, maybe, utcDay, word } from "../fields";

/** Far beyond any reading, and within what dates can say. */
const LAST_SECOND = 8_640_000_000_000;

/** Epoch seconds, as milliseconds. */
export const epoch = z
  .number()
  .nonnegative()
  .max(LAST_SECOND)
  .transform((seconds) => Math.round(seconds * 1000));

/** The person sets the clock of the device: any number of seconds is possible, and none is a zone's name. */
export const offset = z.number().int().min(-200_000).max(200_000);

/** Seconds from the start → value. */
export const byOffset = z.record(z.string().regex(/^-?\d{1,9}$/), z.number().nullable()).nullish();

/** What every summary may begin with. */
export const headSchema = z.object({
  summaryId: word.nullish(),
  calendarDate: day.nullish(),
  startTimeInSeconds: epoch.nullish(),
  startTimeOffsetInSeconds: offset.nullish(),
  durationInSeconds: maybe,
});
export type Head = z.output<typeof headSchema>;

/** The offset that a summary tells, in seconds east of UTC. */
export function zoneOf(head: { readonly startTimeOffsetInSeconds?: number | null | undefined }): number {
  return head.startTimeOffsetInSeconds ?? ZONE_UNKNOWN;
}

/** The vendor's day label; else the date that the device showed. */
export function dateOf(head: Head): string | undefined {
  if (head.calendarDate !== undefined && head.calendarDate !== null) return head.calendarDate;
  const { startTimeInSeconds: start, startTimeOffsetInSeconds: offsetS } = head;
  return start === undefined || start === null ? undefined : utcDay(start + (offsetS ?? 0) * 1000);
}

/** The values of a row with their instants. */
export function valuesOf(start: number, row: z.output<typeof byOffset>): (readonly [at: number, value: number])[] {
  return Object.entries(row ?? {}).flatMap(([seconds, value]) =>
    value === null ? [] : [[start + Number(seconds) * 1000, value] as const],
  );
}

/** The source of a summary; only activities name their device. */
export function sourceOf(connection: string, device?: string | null): Source {
  const isNamed = device !== undefined && device !== null && device !== "" && device !== "unknown";
  return { vendor: "garmin", connection, deviceManufacturer: "Garmin", ...(isNamed ? { deviceName: device } : {}) };
}

/** Seconds in minutes. */
export function minutes(seconds: number | null | undefined): number | undefined {
  return seconds === undefined || seconds === null ? undefined : seconds / 60;
}
