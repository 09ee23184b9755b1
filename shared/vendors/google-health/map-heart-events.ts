import * as z from "zod";
import { ecgAttributes } from "../../health/ecg";
import { instant, int64, interval, label } from "./fields";
import { mapper } from "./mapper";
import { known, Rejection } from "./point";

const medicalDevice = z
  .object({
    deviceModel: z.string().optional(),
    firmwareVersion: z.string().optional(),
    featureVersion: z.string().optional(),
    algorithmVersion: z.string().optional(),
    serviceVersion: z.string().optional(),
  })
  .optional();

/** A recording of five minutes at 512 Hz is far beyond what a watch makes. */
const MAX_SAMPLES = 150_000;
const MAX_WINDOWS = 100;
/** By the vendor's number of the lead. */
const LEADS = [undefined, "I", "II", "III"];

/** Recordings and notifications about the heart's rhythm. */
export const HEART_EVENT_MAPPERS = {
  electrocardiogram: mapper(
    "electrocardiogram",
    z.object({
      interval,
      samplingFrequencyHertz: z.number().int().positive(),
      millivoltsScalingFactor: z.number().positive(),
      waveformSamples: z.array(z.number().int()).max(MAX_SAMPLES),
      resultClassification: z.string().optional(),
      leadNumber: z.number().int().optional(),
      beatsPerMinuteAvg: int64.optional(),
      medicalDeviceInfo: medicalDevice,
    }),
    (v, p) => {
      if (v.waveformSamples.length === 0) throw new Rejection("no_samples");
      // The interval is only the moment of reading, and old recordings carry an offset of zero that means nothing.
      const { start, zone } = v.interval;
      const end = start + Math.round((v.waveformSamples.length / v.samplingFrequencyHertz) * 1000);
      p.reading(
        "ecg",
        "event",
        { start, end, zone },
        {
          value: null,
          text: label(v.resultClassification),
          attributes: ecgAttributes({
            samplingHz: v.samplingFrequencyHertz,
            samplesUv: v.waveformSamples.map((sample) => (sample * 1_000) / v.millivoltsScalingFactor),
            lead: LEADS[v.leadNumber ?? 0],
            averageHeartRate: v.beatsPerMinuteAvg,
            device: v.medicalDeviceInfo,
          }),
        },
      );
    },
  ),
  "irregular-rhythm-notification": mapper(
    "irregularRhythmNotification",
    z.object({
      interval,
      alertWindows: z
        .array(
          z.object({
            startTime: instant,
            endTime: instant,
            positive: z.boolean().default(false),
            heartBeats: z.array(z.unknown()).default([]),
          }),
        )
        .max(MAX_WINDOWS)
        .default([]),
      medicalDeviceInfo: medicalDevice,
    }),
    (v, p) =>
      p.reading("event.irregular_rhythm", "event", v.interval, {
        value: null,
        attributes: known({
          windows: v.alertWindows.map((w) => ({ start: w.startTime, end: w.endTime, positive: w.positive, beats: w.heartBeats.length })),
          device: v.medicalDeviceInfo,
        }),
      }),
  ),
};
