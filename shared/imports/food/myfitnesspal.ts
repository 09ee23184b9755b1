import type { Source } from "../../health/reading";
import { firstLine, tableObjects } from "../csv/records";
import { numberOf, rowTime } from "../csv/values";
import type { Document } from "../documents/document";
import type { Format, FormatContext } from "../documents/reader";
import { DayTotals } from "./days";
import { nutrientOf } from "./nutrients";

const SOURCE: Source = { vendor: "myfitnesspal", app: "com.myfitnesspal.mfp", recordingMethod: "manual" };
const KEPT = new Set(["dietary_energy", "nutrient.carbohydrates", "nutrient.protein", "nutrient.fat_total"]);
/** Per cent of a day's need, whose amount the file does not tell. */
const PERCENT = new Set(["vitamin a", "vitamin c", "calcium", "iron"]);

type Kind = "nutrition" | "exercise" | "measurements";

/**
 * The export of MyFitnessPal (`File-Export-….zip`): `Nutrition-Summary` with a line a meal, `Measurement-Summary`, `Exercise-Summary`. It tells dates
 * and no times, so what it holds becomes totals of days, with the meals beside them. Weights are in the account's unit, which no file names:
 * they are read where a mapping says it. Columns and forms were seen in published readers of such exports.
 */
export const MYFITNESSPAL: Format = {
  name: "myfitnesspal",
  recognise: ({ name, text }) => kindOf(name, text) !== undefined,
  read: readDiary,
};

function kindOf(name: string, text: string): Kind | undefined {
  const headings = firstLine(text)?.headings ?? [];
  const has = (...wanted: string[]): boolean => wanted.every((heading) => headings.includes(heading));
  if (has("date", "meal") && (has("calories") || has("kilojoules"))) return "nutrition";
  if (has("date", "exercise", "exercise minutes")) return "exercise";
  const isNamed = /measurement-summary/i.test(name);
  return headings[0] === "date" && (isNamed ? headings.length > 1 : has("weight", "body fat %")) ? "measurements" : undefined;
}

async function* readDiary(document: Document, context: FormatContext): AsyncGenerator<void, void> {
  const { text } = await document.head();
  const kind = kindOf(document.name, text);
  const headings = firstLine(text)?.headings ?? [];
  const days = new DayTotals(SOURCE);
  const nutrients =
    kind === "nutrition" ? headings.filter((heading) => !PERCENT.has(heading)).flatMap((heading) => nutrientOf(heading) ?? []) : [];
  if (kind === "nutrition" && headings.some((heading) => PERCENT.has(heading)))
    context.emit.warn("not_mapped", "Per cent of a day's need of vitamins and minerals.");
  for await (const { line, row } of tableObjects(document)) {
    const time = rowTime(row.get("date") ?? "", undefined, context.mapping?.dateOrder ?? "mdy", context.zone);
    if (time === undefined) {
      // Sums at the end have no date.
      if (!/^totals?$/i.test(row.get("date") ?? ""))
        context.emit.reject(kind ?? "row", "unreadable_time", `Line ${line}: the date cannot be read.`);
    } else if (kind === "measurements") readMeasurements(row, time.date, context);
    else if (kind === "exercise") addExercise(row, time.date, days, context);
    else
      for (const { heading, metric, unit } of nutrients) {
        const value = numberOf(row.get(heading) ?? "", ".");
        if (value !== undefined)
          days.add(time.date, metric, { type: heading, unit, value }, metric === "dietary_energy" ? (row.get("meal") ?? "") : "");
      }
    yield;
  }
  yield* days.emit(context.emit, KEPT);
}

function addExercise(row: ReadonlyMap<string, string>, date: string, days: DayTotals, { emit }: FormatContext): void {
  const name = row.get("exercise") ?? "";
  // What a tracker's count of steps adds to the day's budget is no exercise.
  if (/adjustment/i.test(name)) return emit.warn("not_mapped", "Adjustments of calories by a tracker.");
  for (const [heading, metric, unit] of [
    ["exercise minutes", "exercise_minutes", "min"],
    ["exercise calories", "energy_active", "kcal"],
  ] as const) {
    const value = numberOf(row.get(heading) ?? "", ".");
    if (value !== undefined) days.add(date, metric, { type: heading, unit, value }, name);
  }
}

const MEASUREMENTS: readonly (readonly [RegExp, string, string | undefined])[] = [
  [/^body fat/, "body_fat_pct", "%"],
  [/^weight/, "body_weight", undefined],
  [/^waist/, "waist", undefined],
  [/^(?:resting heart rate|resting hr)/, "resting_heart_rate", "/min"],
];

function readMeasurements(row: ReadonlyMap<string, string>, date: string, { emit, mapping }: FormatContext): void {
  for (const [heading, cell] of row) {
    if (heading === "date" || cell === "") continue;
    const found = MEASUREMENTS.find(([pattern]) => pattern.test(heading));
    if (found === undefined) {
      emit.warn("not_mapped", `Measurements that are not read: ${heading.slice(0, 40)}`);
      continue;
    }
    const stated = /\(([^()]+)\)\s*$/.exec(heading)?.[1];
    const said = mapping?.columns.find(({ column }) => column.toLowerCase() === heading)?.unit;
    const unit = found[2] ?? said ?? stated;
    if (unit === undefined)
      emit.reject(heading, "unknown_unit", `The file does not say in which unit ${heading} is: say it with a mapping.`);
    else emit.daily({ type: heading, metric: found[1], source: SOURCE, value: numberOf(cell, "."), unit }, date);
  }
}
