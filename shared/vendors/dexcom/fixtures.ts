/** Records in Dexcom's shape; ids, dates and numbers are invented. */

const head = {
  systemTime: "2026-06-22T08:00:00Z",
  displayTime: "2026-06-22T10:00:00+02:00",
  transmitterId: "0f0f0f",
  transmitterGeneration: "g7",
  displayDevice: "iOS",
};

export const EGV = {
  ...head,
  recordId: "aaaaaaaa-0000-4000-8000-000000000001",
  transmitterTicks: 12_345,
  value: 112,
  status: null,
  trend: "flat",
  trendRate: -0.4,
  unit: "mg/dL",
  rateUnit: "mg/dL/min",
};

export const CALIBRATION = { ...head, recordId: "bbbbbbbb-0000-4000-8000-000000000001", unit: "mg/dL", value: 108 };

const event = (n: number, eventType: string, rest: object) => ({
  ...head,
  recordId: `cccccccc-0000-4000-8000-00000000000${n}`,
  eventStatus: "created",
  eventType,
  eventSubType: null,
  ...rest,
});

export const EVENTS = {
  carbs: event(1, "carbs", { value: "45", unit: "grams" }),
  insulin: event(2, "insulin", { eventSubType: "fastActing", value: 4.5, unit: "units" }),
  exercise: event(3, "exercise", { eventSubType: "medium", value: 30, unit: "minutes" }),
  bloodGlucose: event(4, "bloodGlucose", { value: 104, unit: "mg/dL" }),
  health: event(5, "health", { eventSubType: "highSymptoms", value: null, unit: "unknown" }),
  notes: event(6, "notes", { value: "after lunch", unit: null }),
};
