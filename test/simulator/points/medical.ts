/** Special classes: ECG, irregular rhythm, menstrual cycle. Rare, and shaped as the vendor's medical features shape them. */
import { HOUR, MINUTE } from "../person/civil.ts";
import { planOf } from "../person/day-plan.ts";
import { bell, chance, unit } from "../person/random.ts";
import type { Person } from "../person/traits.ts";
import { civilDateTime, instant, int64, interval, sampleTime, seconds } from "../person/wire.ts";
import type { JsonObject } from "../person/wire.ts";
import { civilOf, offsetMs } from "../person/civil.ts";
import type { Draft, Generator } from "./point.ts";

const SAMPLING_HZ = 250;
const ECG_SECONDS = 30;
const SCALE = 1000;

/** Amplitude (mV), centre and width (share of a beat) of the P, Q, R, S and T waves. */
const WAVES = [
  [0.12, 0.2, 0.025],
  [-0.1, 0.345, 0.01],
  [1.05, 0.37, 0.011],
  [-0.22, 0.395, 0.012],
  [0.28, 0.62, 0.045],
] as const;

/** A synthetic single-lead ECG: sum of Gaussians per beat, beat lengths varied as breathing varies them. */
function waveform(person: Person, day: number, heart: number): number[] {
  const samples: number[] = [];
  let beat = 0;
  let beatStart = 0;
  let length = 60 / heart;
  for (let i = 0; i < SAMPLING_HZ * ECG_SECONDS; i += 1) {
    const at = i / SAMPLING_HZ;
    while (at - beatStart >= length) {
      beatStart += length;
      beat += 1;
      length = (60 / heart) * (1 + 0.04 * Math.sin((beatStart / 4) * 2 * Math.PI) + bell(person.key, "rr", day, beat) * 0.01);
    }
    const phase = (at - beatStart) / length;
    let millivolts = 0.03 * Math.sin((at / 4) * 2 * Math.PI) + bell(person.key, "noise", day, i) * 0.006;
    for (const [amplitude, centre, width] of WAVES) millivolts += amplitude * Math.exp(-((phase - centre) ** 2) / (2 * width * width));
    samples.push(Math.round(millivolts * SCALE));
  }
  return samples;
}

function medicalDevice(person: Person, algorithmVersion: string): JsonObject {
  return {
    deviceModel: person.watch.displayName,
    firmwareVersion: "128.6.12",
    featureVersion: "2.1",
    serviceVersion: "4.0",
    algorithmVersion,
  };
}

/** 0-based day of the menstrual cycle; undefined where it does not apply. Cycles vary by up to two days. */
export function cycleDayOf(person: Person, day: number): number | undefined {
  if (person.cycleDays === undefined) return undefined;
  const index = Math.floor((day - (person.key % person.cycleDays)) / person.cycleDays);
  for (const candidate of [index + 1, index, index - 1]) {
    const start =
      candidate * person.cycleDays + (person.key % person.cycleDays) + Math.round(bell(person.key, "cycle-start", candidate) * 0.8);
    if (day >= start) return day - start;
  }
  return undefined;
}

const electrocardiogram: Generator = (person, day) => {
  if (!chance(0.07, person.key, "ecg", day)) return [];
  const plan = planOf(person, day);
  const ms = plan.startMs + 9 * HOUR + Math.round(unit(person.key, "ecg-time", day) * 600) * MINUTE;
  const heart = Math.round(person.restingHr + 10 + bell(person.key, "ecg-heart", day) * 4);
  const doubt = unit(person.key, "ecg-result", day);
  return [
    {
      startMs: ms,
      endMs: ms,
      origin: "watch",
      value: {
        interval: interval(person.zone, ms, ms),
        resultClassification: doubt < 0.06 ? "INCONCLUSIVE" : "NORMAL_SINUS_RHYTHM",
        beatsPerMinuteAvg: int64(heart),
        leadNumber: 1,
        samplingFrequencyHertz: SAMPLING_HZ,
        millivoltsScalingFactor: SCALE,
        waveformSamples: waveform(person, day, heart),
        medicalDeviceInfo: medicalDevice(person, "ECG-1.0"),
      },
    },
  ];
};

/** About one alert in a year and a half below 60, more above; each rests on five overlapping positive windows at night. */
const irregularRhythm: Generator = (person, day) => {
  const plan = planOf(person, day);
  if (!plan.night || !chance(person.ageYears >= 60 ? 0.006 : 0.0018, person.key, "irn", day)) return [];
  const first = Math.ceil((plan.night.startMs + 2 * HOUR) / MINUTE) * MINUTE;
  const window = (i: number): JsonObject => {
    const startMs = first + i * 150_000;
    const endMs = startMs + 5 * MINUTE;
    const heartBeats = Array.from({ length: 24 }, (_, beat): JsonObject => {
      const at = startMs + beat * 900;
      return {
        physicalTime: instant(at),
        utcOffset: seconds(offsetMs(person.zone, at)),
        civilTime: civilDateTime(civilOf(person.zone, at)),
        beatsPerMinute: Math.round(72 + bell(person.key, "afib", day, i, beat) * 18),
      };
    });
    return { ...interval(person.zone, startMs, endMs), positive: true, heartBeats };
  };
  const endMs = first + 4 * 150_000 + 5 * MINUTE;
  const value = {
    interval: interval(person.zone, first, endMs),
    alertWindows: [0, 1, 2, 3, 4].map(window),
    medicalDeviceInfo: medicalDevice(person, "IRN-1.1"),
  };
  return [{ startMs: first, endMs, origin: "watch", value }];
};

export const medicalGenerators = {
  electrocardiogram,
  "irregular-rhythm-notification": irregularRhythm,
  "menstrual-period": (person, day): Draft[] => {
    if (cycleDayOf(person, day) !== 0) return [];
    const { startMs } = planOf(person, day);
    const endMs = planOf(person, day + 4 + Math.round(unit(person.key, "period-length", day) * 2)).startMs;
    return [{ startMs, endMs, origin: "manual", value: { interval: interval(person.zone, startMs, endMs) } }];
  },
  "ovulation-test": (person, day): Draft[] => {
    const cycleDay = cycleDayOf(person, day);
    if (person.cycleDays === undefined || cycleDay === undefined || cycleDay < 11 || cycleDay > 15) return [];
    const ms = planOf(person, day).startMs + 8 * HOUR;
    const surge = person.cycleDays - 15;
    const result = cycleDay === surge ? "LUTEINIZING_HORMONE_SURGE" : cycleDay === surge + 1 ? "POSITIVE" : "NEGATIVE";
    return [{ startMs: ms, endMs: ms, origin: "manual", value: { sampleTime: sampleTime(person.zone, ms), result } }];
  },
} satisfies Record<string, Generator>;
