import * as z from "zod";

/** Far beyond any reading, and within what dates can say. */
const LAST_SECOND = 8_640_000_000_000;

/** Epoch seconds, as milliseconds. */
export const epoch = z
  .number()
  .nonnegative()
  .max(LAST_SECOND)
  .transform((seconds) => Math.round(seconds * 1000));

/** Epoch seconds → value, as Withings writes rows of values; an empty one comes as a list. */
export const byInstant = z.union([
  z.record(z.string().regex(/^\d{1,12}$/), z.number().nullable()),
  z
    .array(z.unknown())
    .max(0)
    .transform((): Record<string, number | null> => ({})),
]);
