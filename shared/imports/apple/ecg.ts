import type { BatchBuilder } from "../../health/batch";
import { ecgAttributes } from "../../health/ecg";
import { converter } from "../../health/units";
import { decodeText } from "../xml/text";
import { snake } from "./categories";
import { InstantReader } from "./instant";
import { sourceOf } from "./sources";

/** An electrocardiogram of an export. The wearer's name and date of birth, which the file also states, are not kept. */
export interface Electrocardiogram {
  readonly at: number;
  readonly zone: number;
  readonly classification: string;
  readonly symptoms: readonly string[];
  readonly device: string;
  readonly software: string;
  readonly lead: string;
  readonly samplingHz: number;
  readonly samplesUv: readonly number[];
}

type Field = "name" | "birth" | "recorded" | "classification" | "symptoms" | "software" | "device" | "rate" | "lead" | "unit";

/** The header's order, which is the same in every language. */
const ORDER: readonly Field[] = ["name", "birth", "recorded", "classification", "symptoms", "software", "device", "rate", "lead", "unit"];
const ENGLISH: Readonly<Record<string, Field>> = {
  Name: "name",
  "Date of Birth": "birth",
  "Recorded Date": "recorded",
  Classification: "classification",
  Symptoms: "symptoms",
  "Software Version": "software",
  Device: "device",
  "Sample Rate": "rate",
  Lead: "lead",
  Unit: "unit",
};
const SAMPLE = /^[-+]?\d+(?:[.,]\d+)?(?:[eE][-+]?\d+)?$/;
const METRIC = "ecg";
const encoder = new TextEncoder();

/**
 * Reads an `electrocardiograms/*.csv`. Header names are localised, so fields are known by their English names or else by their place;
 * the separator is a comma or a semicolon and the decimal sign a point or a comma. Undefined for a file that is no recording.
 */
export function parseElectrocardiogram(bytes: Uint8Array): Electrocardiogram | undefined {
  const lines = decodeText(bytes, 0, bytes.length)
    .replace(/^\ufeff/, "")
    .split(/\r\n|\n|\r/)
    .map((line) => line.trim())
    .filter((line) => line !== "");
  const firstSample = lines.findIndex((line) => SAMPLE.test(line));
  if (firstSample < 0) return undefined;
  const header = readHeader(lines.slice(0, firstSample));
  const at = new InstantReader();
  const recorded = encoder.encode(header.recorded ?? "");
  const samplingHz = Number((/\d+(?:[.,]\d+)?/.exec(header.rate ?? "")?.[0] ?? "").replace(",", "."));
  const toMicrovolts = converter(header.unit ?? "uV", "uV");
  if (!at.read(recorded, 0, recorded.length) || !(samplingHz > 0) || toMicrovolts === undefined) return undefined;
  const samplesUv: number[] = [];
  for (const line of lines.slice(firstSample)) {
    if (!SAMPLE.test(line)) return undefined;
    samplesUv.push(toMicrovolts(Number(line.replace(",", "."))));
  }
  return {
    at: at.at,
    zone: at.zone,
    classification: header.classification ?? "",
    symptoms: (header.symptoms ?? "")
      .split(/[,;]/)
      .map((symptom) => symptom.trim())
      .filter((symptom) => symptom !== ""),
    device: header.device ?? "",
    software: header.software ?? "",
    lead: header.lead ?? "",
    samplingHz,
    samplesUv,
  };
}

/** Adds a recording as an `ecg` event; its waveform travels packed in the attributes. */
export function addElectrocardiogram(ecg: Electrocardiogram, builder: BatchBuilder): void {
  const { at, zone, samplesUv, samplingHz, classification, symptoms, device, software, lead } = ecg;
  const isWatch = /watch/i.test(device);
  const source = sourceOf(METRIC, device === "" ? undefined : { deviceModel: device, ...(isWatch && { deviceType: "watch" }) }, false);
  builder.reading({
    metric: METRIC,
    kind: "event",
    source: builder.source(source),
    start: at,
    end: at + Math.round((samplesUv.length / samplingHz) * 1_000),
    value: null,
    ...(classification !== "" && { text: snake(classification.replaceAll(" ", "_")) }),
    attributes: ecgAttributes({ samplingHz, samplesUv, lead, symptoms, ...(software !== "" && { software }) }),
    zone,
    version: 0,
  });
}

function readHeader(lines: readonly string[]): Partial<Record<Field, string>> {
  const semicolons = lines.filter((line) => line.includes(";")).length;
  const separator = semicolons * 2 > lines.length ? ";" : ",";
  const pairs = lines.map((line): [string, string] => {
    const at = line.indexOf(separator);
    return at < 0 ? [line, ""] : [unquote(line.slice(0, at)), unquote(line.slice(at + 1))];
  });
  const header: Partial<Record<Field, string>> = {};
  for (const [key, value] of pairs) {
    const field = ENGLISH[key];
    if (field !== undefined) header[field] = value;
  }
  if (header.recorded !== undefined && header.rate !== undefined) return header;
  ORDER.forEach((field, i) => {
    const value = pairs[i]?.[1];
    if (value !== undefined) header[field] ??= value;
  });
  return header;
}

function unquote(text: string): string {
  const trimmed = text.trim();
  return trimmed.startsWith('"') && trimmed.endsWith('"') && trimmed.length > 1 ? trimmed.slice(1, -1).replaceAll('""', '"') : trimmed;
}
