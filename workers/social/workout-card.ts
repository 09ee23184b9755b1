import * as z from "zod";
import type { CardFacts } from "./posts";

const workoutSchema = z.looseObject({ type: z.string(), durationS: z.number(), totals: z.record(z.string(), z.number()) });

/** What a person may choose to show of a workout. Never a route, a place or a pulse. */
export type WorkoutFact = "duration" | "distance" | "ascent";

/** The chosen facts of a workout, from the vault's own answer. Those that it does not have are left out. */
export function workoutCard(json: string, show: readonly WorkoutFact[]): CardFacts {
  const { type, durationS, totals } = workoutSchema.parse(JSON.parse(json));
  const distanceM = totalOf(totals, /distance/);
  const ascentM = totalOf(totals, /ascent|elevation_gain/);
  const facts = {
    duration: { label: "duration", value: Math.round(durationS / 60), unit: "min" },
    distance: distanceM === undefined ? undefined : { label: "distance", value: Math.round(distanceM / 10) / 100, unit: "km" },
    ascent: ascentM === undefined ? undefined : { label: "ascent", value: Math.round(ascentM), unit: "m" },
  };
  return { title: type, facts: [...new Set(show)].flatMap((fact) => facts[fact] ?? []) };
}

function totalOf(totals: Readonly<Record<string, number>>, name: RegExp): number | undefined {
  return Object.entries(totals).find(([key]) => name.test(key))?.[1];
}
