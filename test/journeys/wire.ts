/** The parts of the API's answers that journeys look at; everything else in them may change freely. */
import * as z from "zod";

export const receipt = z.object({
  accepted: z.number(),
  duplicate: z.number(),
  updated: z.number(),
  deleted: z.number(),
  quarantined: z.array(z.object({ id: z.string(), reason: z.string() })),
  rejected: z.array(z.object({ id: z.string(), reason: z.string() })),
  cursor: z.string().nullable(),
});

export const metrics = z.object({
  items: z.array(z.object({ key: z.string(), unit: z.string(), count: z.number(), firstAt: z.string(), lastAt: z.string() })),
});

export const rawSeries = z.object({
  unit: z.string(),
  items: z.array(z.object({ at: z.string(), endAt: z.string().optional(), value: z.number().nullable(), source: z.string() })),
  next: z.string().nullable(),
});

export const bucketSeries = z.object({
  items: z.array(z.object({ at: z.string(), count: z.number(), min: z.number(), max: z.number(), mean: z.number() })),
});

export const sessions = z.object({
  items: z.array(z.looseObject({ id: z.string(), startAt: z.string(), endAt: z.string() })),
  next: z.string().nullable(),
});

export const day = z.object({
  date: z.string(),
  timeZone: z.string(),
  metrics: z.record(z.string(), z.object({ value: z.number().nullable(), unit: z.string() })),
  sleep: z.object({ id: z.string(), summary: z.record(z.string(), z.number().nullable()) }).optional(),
  workouts: z.array(z.object({ id: z.string() })),
});

const observation = z.looseObject({
  resourceType: z.literal("Observation"),
  id: z.string(),
  valueQuantity: z.looseObject({ value: z.number() }).optional(),
  valueSampledData: z.looseObject({ data: z.string() }).optional(),
  component: z.array(z.looseObject({ valueQuantity: z.looseObject({ value: z.number() }).optional() })).optional(),
});

export const bundle = z.object({
  resourceType: z.literal("Bundle"),
  type: z.literal("searchset"),
  total: z.number().optional(),
  link: z.array(z.object({ relation: z.string(), url: z.string() })).optional(),
  entry: z.array(z.object({ resource: observation })).optional(),
});
