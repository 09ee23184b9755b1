import { SYSTEM } from "../health/codes";
import type { Coding } from "./types";

/** LOINC terms of exercise panels (Physical Activity and Gatekeeper guides), which no metric of the catalogue carries by itself. */
const EXERCISE = {
  "55409-7": "Exercise activity panel",
  "73985-4": "Exercise activity",
  "55411-3": "Exercise duration",
  "55424-6": "Calories burned in unspecified time Pedometer",
  "55425-3": "Heart rate unspecified time mean by Pedometer",
  "55426-1": "Heart rate unspecified time maximum by Pedometer",
} as const;

export type ExerciseCode = keyof typeof EXERCISE;

/** A LOINC coding of a part of an exercise panel. */
export function exerciseCoding(code: ExerciseCode): Coding {
  return { system: SYSTEM.loinc, code, display: EXERCISE[code] };
}
