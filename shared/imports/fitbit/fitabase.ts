import type { Source } from "../../health/reading";
import { headingsIn, tableRecords } from "../csv/records";
import { numberOf, rowTime } from "../csv/values";
import type { Document } from "../documents/document";
import type { Format, FormatContext } from "../documents/reader";

const COLUMNS = {
  id: /^id$/,
  at: /^(?:activityday|activitydate|activityhour|activityminute|sleepday|time|date)$/,
  steps: /^(?:steptotal|totalsteps|steps)$/,
  calories: /^calories$/,
  distance: /^totaldistance$/,
  very: /^veryactiveminutes$/,
  fairly: /^fairlyactiveminutes$/,
  sedentary: /^sedentaryminutes$/,
  heart: /^value$/,
  weight: /^weightkg$/,
  bmi: /^bmi$/,
} as const;
const REQUIRED = ["id", "at"] as const;
const VALUES = ["steps", "calories", "distance", "very", "fairly", "sedentary", "heart", "weight", "bmi"] as const;

const METRICS: Readonly<Record<(typeof VALUES)[number], { readonly metric: string; readonly unit: string }>> = {
  steps: { metric: "steps", unit: "{steps}" },
  calories: { metric: "energy_total", unit: "kcal" },
  distance: { metric: "distance_walk_run", unit: "km" },
  very: { metric: "vigorous_minutes", unit: "min" },
  fairly: { metric: "moderate_minutes", unit: "min" },
  sedentary: { metric: "sedentary_minutes", unit: "min" },
  heart: { metric: "heart_rate", unit: "/min" },
  weight: { metric: "body_weight", unit: "kg" },
  bmi: { metric: "bmi", unit: "kg/m2" },
};
const SPANS: Readonly<Record<string, number>> = { activityhour: 3_600_000, activityminute: 60_000 };

/** Tables of Fitabase: days, hours, minutes and seconds of Fitbit devices, one column `Id` for whose. Each is a source of its own. */
export const FITABASE: Format = {
  name: "fitabase",
  recognise: ({ text }) => {
    const headings = headingsIn(text, COLUMNS, REQUIRED)?.cells.map((cell) => cell.toLowerCase());
    return headings !== undefined && VALUES.some((key) => headings.some((heading) => COLUMNS[key].test(heading)));
  },
  read: readFitabase,
};

async function* readFitabase(document: Document, { emit, zone, mapping }: FormatContext): AsyncGenerator<void, void> {
  const headings = headingsIn((await document.head()).text, COLUMNS, REQUIRED)?.cells ?? [];
  const timed = headings.find((cell) => COLUMNS.at.test(cell.toLowerCase()))?.toLowerCase() ?? "";
  const name = (key: (typeof VALUES)[number]): string => headings.find((cell) => COLUMNS[key].test(cell.toLowerCase())) ?? key;
  for await (const record of tableRecords(document, COLUMNS, REQUIRED)) {
    const time = rowTime(record.cell("at"), undefined, mapping?.dateOrder ?? "mdy", mapping?.zone ?? zone);
    const source: Source = { vendor: "fitbit", app: "fitabase", deviceName: record.cell("id").slice(0, 64), recordingMethod: "automatic" };
    for (const key of VALUES) {
      const cell = record.cell(key);
      if (cell === "") continue;
      const type = name(key);
      if (time === undefined) {
        emit.reject(type, "unreadable_time", `Line ${record.line}: the time cannot be read.`);
        continue;
      }
      const emitted = { type, ...METRICS[key], source, value: numberOf(cell, ".") };
      const span = SPANS[timed];
      if (key === "heart" || key === "weight" || key === "bmi") emit.sample(emitted, time);
      else if (span !== undefined) emit.interval(emitted, time, time.at + span);
      else emit.daily(emitted, time.date);
    }
    yield;
  }
}
