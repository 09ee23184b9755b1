import type { Source } from "../../health/reading";
import { headingsIn, tableRecords } from "../csv/records";
import { numberOf, rowTime } from "../csv/values";
import type { Document } from "../documents/document";
import type { Format, FormatContext } from "../documents/reader";
import { boundOf } from "./libreview";

const COLUMNS = {
  at: /^(?:timestamp|zeitstempel|horodatage|fecha y hora|marca temporal)/,
  event: /^(?:event type|ereignistyp|type d.[ée]v[ée]nement|tipo de evento)/,
  subtype: /^(?:event subtype|ereignissubtyp|sous-type|subtipo)/,
  device: /^(?:device info|ger(?:ä|ae)te-?informationen|infos? (?:de l.)?appareil)|^source device/,
  glucose: /^(?:glucose value|glukosewert|taux de glucose|valor de glucosa)/,
  insulin: /^(?:insulin value|insulinwert|valeur d.insuline|valor de insulina)/,
  carbs: /^(?:carb value|kohlenhydratwert|valeur (?:en )?glucides|valor de carb)/,
} as const;
const REQUIRED = ["at", "event", "glucose"] as const;

/** Exports of Dexcom Clarity, in mg/dL or mmol/L. Values beyond the sensor's range are `Low` and `High`. */
export const CLARITY: Format = {
  name: "dexcom-clarity",
  recognise: ({ text }) => headingsIn(text, COLUMNS, REQUIRED) !== undefined,
  read: readClarity,
};

async function* readClarity(document: Document, { emit, zone, mapping }: FormatContext): AsyncGenerator<void, void> {
  const headings = headingsIn((await document.head()).text, COLUMNS, REQUIRED);
  const unit = headings?.cells.some((cell) => COLUMNS.glucose.test(cell.toLowerCase()) && /mmol/i.test(cell)) === true ? "mmol/L" : "mg/dL";
  const decimal = headings?.delimiter === ";" ? "," : ".";
  for await (const record of tableRecords(document, COLUMNS, REQUIRED)) {
    const event = record.cell("event");
    const source: Source = {
      vendor: "dexcom_clarity",
      deviceType: "cgm",
      recordingMethod: "automatic",
      ...(record.cell("device") !== "" && { deviceModel: record.cell("device") }),
    };
    // Rows about the person and the devices have no time.
    if (record.cell("at") === "") continue;
    const moment = rowTime(record.cell("at"), undefined, "ymd", mapping?.zone ?? zone);
    const bounded = boundOf(record.cell("glucose"));
    if (moment === undefined) emit.reject(event, "unreadable_time", `Line ${record.line}: the time cannot be read.`);
    else if (/^(?:egv|egw|vge)$/i.test(event) || /glukosewert/i.test(event))
      emit.sample(
        { type: "EGV", metric: "cgm_glucose", source, ...(bounded ?? { value: numberOf(record.cell("glucose"), decimal), unit }) },
        moment,
      );
    else if (/^(?:calibration|kalibrierung|[ée]talonnage|calibraci)/i.test(event))
      emit.sample(
        { type: "Calibration", metric: "blood_glucose", source: manual(source), value: numberOf(record.cell("glucose"), decimal), unit },
        moment,
      );
    else if (/^insulin/i.test(event)) {
      const reason = /long|basal|lang/i.test(record.cell("subtype")) ? "basal" : "bolus";
      emit.interval(
        {
          type: "Insulin",
          metric: "insulin_delivery",
          source: manual(source),
          value: numberOf(record.cell("insulin"), decimal),
          unit: "[iU]",
          attributes: { reason },
        },
        moment,
        moment.at,
      );
    } else if (/^(?:carbs?|kohlenhydrate|glucides|carbohidratos)/i.test(event))
      emit.interval(
        {
          type: "Carbs",
          metric: "nutrient.carbohydrates",
          source: manual(source),
          value: numberOf(record.cell("carbs"), decimal),
          unit: "g",
          id: `${moment.at}`,
        },
        moment,
        moment.at,
      );
    else emit.warn("not_mapped", "Events other than glucose, insulin and carbohydrates are not read.");
    yield;
  }
}

function manual(source: Source): Source {
  return { ...source, recordingMethod: "manual" };
}
