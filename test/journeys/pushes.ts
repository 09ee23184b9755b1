/** What a phone has on one day, and what must be read back of it. All instants are epoch milliseconds. */

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const MIDNIGHT = Date.parse("2026-03-10T00:00:00+01:00");
const WATCH = { name: "Watch", bundleIdentifier: "com.apple.health.watch", productType: "Watch7,5" };
const SCALE = { name: "Scale", bundleIdentifier: "com.example.scale" };

export const HEART_RATES = Array.from({ length: 300 }, (_, i) => ({ at: MIDNIGHT + 8 * HOUR + i * MINUTE, value: 60 + ((i * 7) % 50) }));
export const STEPS = Array.from({ length: 12 }, (_, i) => ({ at: MIDNIGHT + (8 + i) * HOUR, value: 300 + i * 41 }));
export const NIGHT = { start: MIDNIGHT - HOUR, end: MIDNIGHT + 6 * HOUR };
export const RUN = { start: MIDNIGHT + 18 * HOUR, end: MIDNIGHT + 18.5 * HOUR, metres: 5_000 };

const STAGES = ["asleepCore", "asleepDeep", "asleepCore", "asleepREM", "awake", "asleepCore", "asleepREM"];

interface Push {
  readonly cursor?: string;
  readonly data: { readonly records: readonly object[]; readonly sleep: readonly object[]; readonly workouts: readonly object[] };
}

/** Five hours of pulse, a day's steps, a weight, a blood pressure, a night of seven stages and a run; the same with every call. */
export function healthKitPush(): Push {
  const records = [
    ...HEART_RATES.map(({ at, value }) => record("HeartRate", at, at, value, "count/min")),
    ...STEPS.map(({ at, value }) => record("StepCount", at, at + 20 * MINUTE, value, "count")),
    { ...record("BodyMass", MIDNIGHT + 7 * HOUR, MIDNIGHT + 7 * HOUR, 72.5, "kg"), source: SCALE },
    {
      id: "pressure",
      type: "HKCorrelationTypeIdentifierBloodPressure",
      ...span(MIDNIGHT + 7 * HOUR, MIDNIGHT + 7 * HOUR),
      source: WATCH,
      objects: [
        record("BloodPressureSystolic", MIDNIGHT + 7 * HOUR, MIDNIGHT + 7 * HOUR, 121, "mmHg"),
        record("BloodPressureDiastolic", MIDNIGHT + 7 * HOUR, MIDNIGHT + 7 * HOUR, 79, "mmHg"),
      ],
    },
  ];
  const sleep = STAGES.map((stage, i) => ({
    id: `sleep-${i}`,
    stage,
    ...span(NIGHT.start + i * HOUR, NIGHT.start + (i + 1) * HOUR),
    source: WATCH,
  }));
  const run = {
    id: "run",
    type: "running",
    ...span(RUN.start, RUN.end),
    source: WATCH,
    values: [{ type: "distance", unit: "m", value: RUN.metres }],
  };
  return { cursor: "anchor-1", data: { records, sleep, workouts: [run] } };
}

/** Readings in one `healthConnectPush`. */
export const PULSES = 60;

/** One hour of an Android watch: one record with a pulse every minute. */
export function healthConnectPush(hour: number): Push {
  const start = Date.parse("2026-03-10T00:00:00Z") + hour * HOUR;
  const samples = Array.from({ length: PULSES }, (_, i) => ({
    time: new Date(start + i * MINUTE).toISOString(),
    beatsPerMinute: 55 + ((hour * PULSES + i) % 90),
  }));
  const series = {
    type: "HeartRateRecord",
    startTime: new Date(start).toISOString(),
    endTime: new Date(start + HOUR).toISOString(),
    metadata: {
      id: `hc-${hour}`,
      dataOrigin: { packageName: "com.example.watch" },
      device: { manufacturer: "Example", model: "Band", type: 1 },
    },
    samples,
  };
  return { data: { records: [series], sleep: [], workouts: [] } };
}

function record(type: string, start: number, end: number, value: number, unit: string) {
  return {
    id: `${type}-${start}`,
    type: `HKQuantityTypeIdentifier${type}`,
    ...span(start, end),
    zoneOffset: "+01:00",
    value,
    unit,
    source: WATCH,
  };
}

function span(start: number, end: number) {
  return { startDate: new Date(start).toISOString(), endDate: new Date(end).toISOString() };
}
