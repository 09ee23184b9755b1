import type { Source } from "../../health/reading";
import { metric as metricOf } from "../../health/catalogue";
import { workoutType } from "../../health/workout-types";
import { HEADINGS } from "../csv/headings";
import { firstLine, tableObjects } from "../csv/records";
import { numberOf, type RowTime, rowTime } from "../csv/values";
import type { Document } from "../documents/document";
import type { Format, FormatContext } from "../documents/reader";
import { DayTotals } from "./days";
import { nutrientOf } from "./nutrients";

const SOURCE: Source = { vendor: "cronometer", app: "com.cronometer.android", recordingMethod: "manual" };
const KEPT = new Set(["dietary_energy", "nutrient.carbohydrates", "nutrient.protein", "nutrient.fat_total"]);
const MINUTE_MS = 60_000;

type Kind = "summary" | "servings" | "exercises" | "biometrics" | "notes";
type Row = ReadonlyMap<string, string>;

/**
 * The exports of Cronometer: `dailysummary.csv`, `servings.csv`, `exercises.csv`, `biometrics.csv`, `notes.csv`. Amounts become totals of days: from the
 * summary where the file has one, else from the servings. Exercises and measurements with a clock time are placed by it, in the person's zone;
 * without one they belong to the day. Columns and forms were seen in published readers of such exports.
 */
export const CRONOMETER: Format = {
  name: "cronometer",
  recognise: ({ text }) => kindOf(firstLine(text)?.headings ?? []) !== undefined,
  read: readDiary,
};

function kindOf(headings: readonly string[]): Kind | undefined {
  const has = (...wanted: string[]): boolean => wanted.every((heading) => headings.includes(heading));
  if (has("day", "food name", "amount")) return "servings";
  if (has("day", "exercise", "minutes", "calories burned")) return "exercises";
  if (has("day", "metric", "unit", "amount")) return "biometrics";
  if (has("day", "note")) return "notes";
  return has("date") && headings.some((heading) => /^energy \((?:kcal|kj)\)$/.test(heading)) && (has("completed") || has("net carbs (g)"))
    ? "summary"
    : undefined;
}

async function* readDiary(document: Document, context: FormatContext): AsyncGenerator<void, void> {
  const { emit } = context;
  const { text } = await document.head();
  const headings = firstLine(text)?.headings ?? [];
  const kind = kindOf(headings);
  const hasTotals = /(?:^|[,;\t])"?total"?[,;\t]/im.test(text);
  if (kind === "notes") return emit.warn("not_mapped", "Notes of the diary.");
  // Both tell the same amounts, and the summary has all of them.
  if (kind === "servings" && context.has(/daily.?(?:summary|nutrition)[^/]*\.csv$/i))
    return emit.warn("not_mapped", "Servings: the daily summary beside them has their sums.");
  const days = new DayTotals(SOURCE);
  const nutrients = headings.flatMap((heading) => nutrientOf(heading) ?? []);
  if (headings.some((heading) => heading.endsWith("(iu)"))) emit.warn("not_mapped", "Amounts in international units.");
  for await (const { line, row } of tableObjects(document)) {
    const date = row.get("day") ?? row.get("date") ?? "";
    const time =
      rowTime(date, clockOf(row), context.mapping?.dateOrder ?? "ymd", context.zone) ?? rowTime(date, undefined, "mdy", context.zone);
    if (time === undefined) emit.reject(kind ?? "row", "unreadable_time", `Line ${line}: the date cannot be read.`);
    else if (kind === "exercises") readExercise(row, time, days, context);
    else if (kind === "biometrics") readBiometric(row, time, context);
    // Rows of groups have a row of their sum.
    else if (kind === "servings" || isWholeDay(row, hasTotals))
      for (const { heading, metric, unit } of nutrients) {
        const value = numberOf(row.get(heading) ?? "", ".");
        if (value !== undefined)
          days.add(time.date, metric, { type: heading, unit, value }, metric === "dietary_energy" ? (row.get("group") ?? "") : "");
      }
    yield;
  }
  yield* days.emit(emit, KEPT);
}

function clockOf(row: Row): string | undefined {
  const clock = row.get("time") ?? "";
  return clock === "" ? undefined : clock;
}

/** The summary has rows of days, or rows of the day's groups with one of their total among them. */
function isWholeDay(row: Row, hasTotals: boolean): boolean {
  const group = row.get("group");
  return group === undefined || group === "" || !hasTotals || /^total/i.test(group);
}

function readExercise(row: Row, time: RowTime, days: DayTotals, { emit }: FormatContext): void {
  const name = row.get("exercise") ?? "";
  const minutes = numberOf(row.get("minutes") ?? "", ".");
  // Energy spent is written below zero.
  const energy = numberOf(row.get("calories burned") ?? "", ".");
  const kcal = energy === undefined ? undefined : Math.abs(energy);
  if (!time.hasClock || minutes === undefined || minutes <= 0) {
    if (minutes !== undefined && minutes > 0)
      days.add(time.date, "exercise_minutes", { type: "minutes", unit: "min", value: minutes }, name);
    if (kcal !== undefined) days.add(time.date, "energy_active", { type: "calories burned", unit: "kcal", value: kcal }, name);
    return;
  }
  const { type, vendorName } = workoutType("cronometer", name.replace(/\s*\([^()]*\)\s*$/, ""));
  emit.workout({
    type_: "exercises",
    source: SOURCE,
    start: time.at,
    end: time.at + minutes * MINUTE_MS,
    zone: time.zone,
    type,
    ...(vendorName !== undefined && { vendorType: vendorName.slice(0, 100) }),
    totals: kcal === undefined ? {} : { energy_active: kcal },
  });
}

function readBiometric(row: Row, time: RowTime, { emit }: FormatContext): void {
  const stated = row.get("metric") ?? "";
  // Who measured it stands behind the name.
  const name = stated.replace(/\s*\([^()]*\)\s*$/, "").toLowerCase();
  const type = name.slice(0, 40) || "metric";
  const amount = row.get("amount") ?? "";
  const unit = row.get("unit");
  if (name.startsWith("blood pressure")) {
    const [systolic, diastolic] = amount.split("/").map((part) => numberOf(part, "."));
    if (systolic === undefined || diastolic === undefined) return emit.reject(type, "incomplete", "Blood pressures of one value.");
    return emit.panel({ type, metric: "blood_pressure", source: SOURCE }, time, { systolic, diastolic });
  }
  const found = HEADINGS.find(
    ({ pattern, metric }) => pattern.test(name) && !metric.startsWith("nutrient.") && !metric.startsWith("blood_pressure"),
  );
  if (found === undefined || /^(?:sleep|mood|recovery)/.test(name))
    return emit.warn("not_mapped", `Measurements that are not read: ${type}`);
  const emitted = { type, metric: found.metric, source: SOURCE, value: numberOf(amount, "."), unit: unit === "" ? found.unit : unit };
  if (!time.hasClock && metricOf(found.metric)?.kinds.includes("daily") === true) emit.daily(emitted, time.date);
  else emit.sample(emitted, time);
}
