import * as z from "zod";
import type { BatchBuilder } from "../../health/batch";
import { ecgAttributes } from "../../health/ecg";
import { maybe, word } from "../fields";
import { known, parsed, Rejection, VendorRecord } from "../record";
import type { Delivery } from "../vendor";
import { epoch } from "./fields";
import { positive } from "./map-activity";
import { afibOf } from "./map-measures";
import type { Signal } from "./requests";
import { modelName, sourceOf, zoneAt } from "./sources";

const listedSchema = z.object({
  model: maybe,
  timestamp: epoch,
  modified: epoch.nullish(),
  heart_rate: maybe,
  timezone: word.nullish(),
  ecg: z.object({ signalid: z.number().int().positive(), afib: maybe }).nullish(),
});

/** A recording of the list. Its signal needs a call of its own; blood pressures come with the other measurements. */
export function readListed(raw: unknown, { syncedAt }: Delivery): Signal {
  const v = parsed(listedSchema, raw);
  if (v.ecg === undefined || v.ecg === null) throw new Rejection("no_signal");
  return {
    id: v.ecg.signalid,
    at: v.timestamp,
    zone: zoneAt(v.timezone, v.timestamp),
    version: v.modified ?? syncedAt,
    ...known({ model: v.model, afib: v.ecg.afib, heartRate: positive(v.heart_rate) }),
  };
}

/** Ten minutes at the highest rate that is in use. */
const MOST_SAMPLES = 600_000;
const signalSchema = z.object({
  signal: z.array(z.number()).min(1).max(MOST_SAMPLES),
  sampling_frequency: z.number().positive().max(10_000),
  wearposition: maybe,
  heart_rate: maybe,
});

/** The signal of a recording, in microvolts. */
export function mapSignal(raw: unknown, signal: Signal, into: BatchBuilder, { connection }: Delivery): VendorRecord {
  const v = parsed(signalSchema, raw);
  const source = into.source(sourceOf(connection, modelName(signal.model), "active"));
  const record = new VendorRecord(into, source, `heart/${signal.id}`, signal.version);
  const end = signal.at + Math.round((v.signal.length / v.sampling_frequency) * 1000);
  record.reading(
    "ecg",
    "event",
    { start: signal.at, end, zone: signal.zone },
    {
      value: null,
      attributes: {
        ...ecgAttributes({
          samplingHz: v.sampling_frequency,
          samplesUv: v.signal,
          averageHeartRate: positive(v.heart_rate) ?? signal.heartRate,
        }),
        ...known({ afib: afibOf(signal.afib), wearPosition: v.wearposition }),
      },
    },
  );
  return record;
}
