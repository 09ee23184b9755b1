import type { Source } from "../../health/reading";
import { problem } from "../../problem";
import { headingsIn, tableRecords } from "../csv/records";
import type { CsvMapping, DateOrder, Delimiter } from "../csv/mapping";
import { orderOf } from "../csv/infer";
import { numberOf, rowTime } from "../csv/values";
import type { Document } from "../documents/document";
import type { Format, FormatContext } from "../documents/reader";

/** Headings of LibreView in English, German, French and Spanish. */
const COLUMNS = {
  device: /^(?:device|ger(?:ä|ae)t|appareil|dispositivo)$/,
  serial: /serial|seriennummer|s[ée]rie/,
  at: /timestamp|zeitstempel|horodatage|sello de tiempo/,
  type: /record type|aufzeichnungstyp|type d.enregistrement|tipo de registro/,
  historic: /historic glucose|glukosewert-verlauf|historique de la glyc|historial de glucosa/,
  scan: /scan glucose|glukose-scan|num[ée]risation|escaneo de glucosa/,
  strip: /strip glucose|teststreifen-blutzucker|glyc[ée]mie par|tira reactiva para glucosa/,
  rapid: /^rapid-acting insulin \(units|schnellwirkendes insulin \(einh/,
  long: /^long-acting insulin \(units|^long-acting insulin value|verz(?:ö|oe)gerungsinsulin \(einh/,
  carbs: /^carbohydrates \(grams|^kohlenhydrate \(gramm/,
} as const;
const REQUIRED = ["at", "type", "historic"] as const;
const HISTORIC = "0";
const SCAN = "1";
const STRIP = "2";
const INSULIN = "4";
const FOOD = "5";
/** A report is made soon after its last reading. */
const REPORT_WITHIN_MS = 3 * 86_400_000;

/** Glucose reports of LibreView, in mg/dL or mmol/L. Their wall clocks tell neither zone nor, always, the order of day and month. */
export const LIBREVIEW: Format = {
  name: "libreview",
  recognise: ({ text }) => headingsIn(text, COLUMNS, REQUIRED) !== undefined,
  read: readLibreView,
};

async function* readLibreView(document: Document, context: FormatContext): AsyncGenerator<void, void> {
  const { emit } = context;
  const { text } = await document.head();
  const headings = headingsIn(text, COLUMNS, REQUIRED);
  if (headings === undefined) throw problem("file_unreadable", "The file is no report of LibreView.");
  const isMolar = headings.cells.some((cell) => /mmol/i.test(cell) && /glu[ck]o|glyc/i.test(cell));
  const unit = isMolar ? "mmol/L" : "mg/dL";
  const decimal = headings.delimiter === ";" ? "," : ".";
  const order = context.mapping?.dateOrder ?? (await orderFound(document, text));
  const mapping: CsvMapping = {
    delimiter: headings.delimiter as Delimiter,
    decimal,
    headerLine: headings.line,
    dateOrder: order ?? "dmy",
    ...(context.mapping?.zone !== undefined && { zone: context.mapping.zone }),
    time: { date: headings.cells.find((cell) => COLUMNS.at.test(cell.toLowerCase())) ?? "" },
    columns: headings.cells
      .filter((cell) => COLUMNS.historic.test(cell.toLowerCase()))
      .map((column) => ({ column, metric: "cgm_glucose", unit })),
  };
  context.columns(mapping);
  if (order === undefined && !context.isDry)
    throw problem(
      "invalid",
      "Day and month of the dates cannot be told apart. Try the import as a dry run and say in which order they are.",
    );
  if (order === undefined) emit.warn("ambiguous_date", "Day and month of the dates cannot be told apart; they were read day first.");
  const zone = context.mapping?.zone ?? context.zone;
  for await (const record of tableRecords(document, COLUMNS, REQUIRED)) {
    const source: Source = {
      vendor: "libreview",
      deviceType: "cgm",
      recordingMethod: "automatic",
      ...(record.cell("device") !== "" && { deviceModel: record.cell("device") }),
    };
    const type = record.cell("type");
    const moment = rowTime(record.cell("at"), undefined, mapping.dateOrder, zone);
    const value = (key: keyof typeof COLUMNS): number | undefined => numberOf(record.cell(key), decimal);
    if (moment === undefined) emit.reject("LibreView", "unreadable_time", `Line ${record.line}: the time cannot be read.`);
    else if (type === HISTORIC || type === SCAN)
      glucose(
        context,
        type === HISTORIC ? "Historic Glucose" : "Scan Glucose",
        "cgm_glucose",
        record.cell(type === HISTORIC ? "historic" : "scan"),
        { decimal, unit, source, moment },
      );
    else if (type === STRIP) glucose(context, "Strip Glucose", "blood_glucose", record.cell("strip"), { decimal, unit, source, moment });
    else if (type === INSULIN) {
      for (const [key, reason] of [
        ["rapid", "bolus"],
        ["long", "basal"],
      ] as const) {
        if (record.cell(key) !== "")
          emit.interval(
            { type: "Insulin", metric: "insulin_delivery", source, value: value(key), unit: "[iU]", attributes: { reason } },
            moment,
            moment.at,
          );
      }
    } else if (type === FOOD && record.cell("carbs") !== "")
      emit.interval(
        { type: "Carbohydrates", metric: "nutrient.carbohydrates", source, value: value("carbs"), unit: "g", id: `${moment.at}` },
        moment,
        moment.at,
      );
    else emit.warn("not_mapped", "Notes, ketones and changes of the clock are not read.");
    yield;
  }
}

interface Told {
  readonly decimal: "." | ",";
  readonly unit: string;
  readonly source: Source;
  readonly moment: { readonly at: number; readonly zone: number };
}

function glucose({ emit }: FormatContext, type: string, metric: string, cell: string, { decimal, unit, source, moment }: Told): void {
  const bounded = boundOf(cell);
  if (bounded !== undefined) emit.sample({ type, metric, source, ...bounded }, moment);
  else emit.sample({ type, metric, source, value: numberOf(cell, decimal), unit }, moment);
}

/** What a sensor says beyond its range: the end of the range, with the sign that it lies beyond. */
export function boundOf(
  cell: string,
): { readonly value: number; readonly unit: "mg/dL"; readonly attributes: { readonly comparator: "<" | ">" } } | undefined {
  if (/^(?:lo|low|niedrig|bas|baja?)$/i.test(cell)) return { value: 40, unit: "mg/dL", attributes: { comparator: "<" } };
  if (/^(?:hi|high|hoch|haut|alta?|elev[ée])$/i.test(cell)) return { value: 400, unit: "mg/dL", attributes: { comparator: ">" } };
  return undefined;
}

/** The order of day and month: a day past the twelfth tells, or the date of the report near the last reading. */
async function orderFound(document: Document, text: string): Promise<DateOrder | undefined> {
  const cells: string[] = [];
  let last = "";
  const dates = new Set<string>();
  for await (const record of tableRecords(document, COLUMNS, REQUIRED)) {
    last = record.cell("at");
    const date = last.split(" ")[0] ?? "";
    if (dates.has(date) || dates.size > 2_000) continue;
    dates.add(date);
    cells.push(last);
  }
  const told = orderOf(cells);
  if (told !== undefined) return told;
  const made = /(\d{4}-\d{2}-\d{2})/.exec(text.split(/\r?\n/)[0] ?? "")?.[1];
  if (made === undefined) return undefined;
  const near = (["dmy", "mdy"] as const).filter((order) => {
    const at = rowTime(last, undefined, order, "UTC")?.at;
    return at !== undefined && Math.abs(Date.parse(made) - at) <= REPORT_WITHIN_MS;
  });
  return near.length === 1 ? near[0] : undefined;
}
