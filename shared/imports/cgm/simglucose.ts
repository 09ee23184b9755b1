import type { Source } from "../../health/reading";
import { headingsIn, tableRecords } from "../csv/records";
import { numberOf, rowTime } from "../csv/values";
import type { Document } from "../documents/document";
import type { Format, FormatContext } from "../documents/reader";

const COLUMNS = { at: /^time$/, bg: /^bg$/, cgm: /^cgm$/, cho: /^cho$/, insulin: /^insulin$/, risk: /^lbgi$/ } as const;
const REQUIRED = ["at", "bg", "cgm", "cho", "insulin"] as const;
const SOURCE: Source = { vendor: "simglucose", deviceType: "cgm", recordingMethod: "automatic" };
const MINUTE_MS = 60_000;

/** Runs of the simglucose simulator. Carbohydrates and insulin are rates per minute that hold until the next row. */
export const SIMGLUCOSE: Format = {
  name: "simglucose",
  recognise: ({ text }) => headingsIn(text, COLUMNS, REQUIRED) !== undefined,
  read: readRun,
};

async function* readRun(document: Document, { emit, zone, mapping }: FormatContext): AsyncGenerator<void, void> {
  let before: { readonly at: number; readonly zone: number; readonly cho: number; readonly insulin: number } | undefined;
  emit.warn("not_mapped", "The simulator's true blood glucose (BG) and its risk indices are not read.");
  for await (const record of tableRecords(document, COLUMNS, REQUIRED)) {
    const moment = rowTime(record.cell("at"), undefined, "ymd", mapping?.zone ?? zone);
    if (moment === undefined) emit.reject("CGM", "unreadable_time", `Line ${record.line}: the time cannot be read.`);
    else {
      emit.sample({ type: "CGM", metric: "cgm_glucose", source: SOURCE, value: numberOf(record.cell("cgm"), "."), unit: "mg/dL" }, moment);
      if (before !== undefined) {
        const minutes = (moment.at - before.at) / MINUTE_MS;
        if (before.cho > 0)
          emit.interval(
            {
              type: "CHO",
              metric: "nutrient.carbohydrates",
              source: SOURCE,
              value: before.cho * minutes,
              unit: "g",
              id: `cho ${before.at}`,
            },
            before,
            moment.at,
          );
        if (before.insulin > 0)
          emit.interval(
            { type: "insulin", metric: "insulin_delivery", source: SOURCE, value: before.insulin * minutes, unit: "[iU]" },
            before,
            moment.at,
          );
      }
      before = {
        at: moment.at,
        zone: moment.zone,
        cho: numberOf(record.cell("cho"), ".") ?? 0,
        insulin: numberOf(record.cell("insulin"), ".") ?? 0,
      };
    }
    yield;
  }
}
