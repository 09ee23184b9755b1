/** Replies in Suunto's shape, written for these tests. */
export const SUMMARY = {
  workoutKey: "69a3e1f0aa11bb22cc33dd44",
  workoutId: 0,
  activityId: 2,
  startTime: Date.parse("2026-03-01T08:00:00.250Z"),
  stopTime: Date.parse("2026-03-01T08:00:12.250Z"),
  totalTime: 10.5,
  timeOffsetInMinutes: 60,
  totalDistance: 71,
  totalAscent: 2.4,
  stepCount: 0,
  energyConsumption: 12,
  avgSpeed: 6.8,
  maxSpeed: 9.5,
  recoveryTime: 3_600,
  hrdata: { workoutAvgHR: 104, workoutMaxHR: 110, userMaxHR: 190 },
  tss: { trainingStressScore: 1.25, calculationMethod: "HR" },
  isManuallyAdded: false,
  gear: { manufacturer: "Suunto", name: "Suunto Race", displayName: "Suunto Race" },
};

export const ACTIVITY = {
  timestamp: "2026-03-01T07:50:00.000+01:00",
  entryData: { HR: 61, HRExt: { Min: 55, Max: 80 }, StepCount: 120, EnergyConsumption: 41_840, SpO2: 0.97, HRV: 48 },
};

export const SLEEP = {
  timestamp: "2026-03-01T06:40:00.000+01:00",
  entryData: {
    SleepId: 1_772_342_400,
    BedtimeStart: "2026-02-28T22:40:00.000+01:00",
    BedtimeEnd: "2026-03-01T06:40:00.000+01:00",
    IsNap: false,
    Duration: 28_800,
    DeepSleepDuration: 5_400,
    LightSleepDuration: 16_200,
    REMSleepDuration: 5_400,
    SleepOnsetLatencyDuration: 600,
    WakeAfterSleepOnsetDuration: 1_200,
    SleepQualityScore: 82,
    HRAvg: 54,
    HRMin: 47,
    AvgHRV: 52,
    MaxSpo2: 0.98,
    Feeling: 4,
  },
};

export const RECOVERY = { timestamp: "2026-03-01T07:00:00.000+01:00", entryData: { Balance: 0.855, StressState: 3 } };

export const SAMPLES: Readonly<Record<string, { timestamp: string; entryData: Readonly<Record<string, unknown>> }>> = {
  activity: ACTIVITY,
  sleep: SLEEP,
  recovery: RECOVERY,
};
