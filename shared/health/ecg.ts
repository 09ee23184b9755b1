/**
 * The one shape in which an electrocardiogram travels in the attributes of an `ecg` reading, whoever recorded it: what every door
 * writes, and what FHIR and exports read.
 */
import * as z from "zod";
import { packWaveform, unpackWaveform } from "./waveform";

/** A recording, as far as one lead shows it. */
export interface Ecg {
  readonly samplingHz: number;
  /** Voltages in microvolts, `1 / samplingHz` seconds apart. */
  readonly samplesUv: readonly number[];
  /** `I`, `II`, `III`, `aVR` … where the recorder says so in words we know, else its own words. */
  readonly lead?: string | undefined;
  /** Beats per minute over the recording. */
  readonly averageHeartRate?: number | undefined;
  readonly symptoms?: readonly string[] | undefined;
  /** Version of the software that recorded and classified. */
  readonly software?: string | undefined;
  /** What else the vendor says of the recorder. */
  readonly device?: Readonly<Record<string, unknown>> | undefined;
}

/** Leaves room for the other attributes below the 16 KB of a reading. */
const LONGEST_WAVEFORM = 15_000;
const LEAD = /(?:^|\s)(I{1,3}|aV[RLF]|V[1-6])$/;

const attributesSchema = z.object({
  samplingHz: z.number().positive(),
  waveform: z.object({
    encoding: z.literal("delta-varint-deflate-base64"),
    count: z.number().int().min(1).max(1_000_000),
    stepUv: z.number().positive(),
    data: z.string(),
  }),
  lead: z.string().optional(),
  averageHeartRate: z.number().positive().optional(),
});

/**
 * The attributes of an `ecg` reading: `samplingHz`, a summary of the samples, the packed `waveform` (left out where even its coarsest
 * form is too long) and whatever else is known.
 */
export function ecgAttributes({ samplingHz, samplesUv, lead, symptoms, ...rest }: Ecg): Readonly<Record<string, unknown>> {
  const waveform = packWaveform(samplesUv, LONGEST_WAVEFORM);
  const known = {
    waveform,
    lead: lead === undefined || lead === "" ? undefined : (LEAD.exec(lead)?.[1] ?? lead),
    symptoms: symptoms?.length === 0 ? undefined : symptoms,
    ...rest,
  };
  return {
    samplingHz,
    samples: summary(samplesUv),
    ...Object.fromEntries(Object.entries(known).filter(([, value]) => value !== undefined)),
  };
}

/** The recording that `ecgAttributes` wrote; undefined where its waveform was left out or is none. */
export function readEcg(
  attributes: Readonly<Record<string, unknown>>,
): Pick<Ecg, "samplingHz" | "samplesUv" | "lead" | "averageHeartRate"> | undefined {
  const { data } = attributesSchema.safeParse(attributes);
  const samplesUv = data === undefined ? undefined : unpackWaveform(data.waveform);
  if (data === undefined || samplesUv === undefined) return undefined;
  const { samplingHz, lead, averageHeartRate } = data;
  return { samplingHz, samplesUv, lead, averageHeartRate };
}

function summary(samplesUv: readonly number[]) {
  let [minUv, maxUv, sum] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 0];
  for (const sample of samplesUv) {
    minUv = Math.min(minUv, sample);
    maxUv = Math.max(maxUv, sample);
    sum += sample;
  }
  return { count: samplesUv.length, minUv, maxUv, meanUv: sum / samplesUv.length };
}
