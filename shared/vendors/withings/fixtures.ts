/** Replies in Withings' shape; dates, ids and numbers are invented. */
const AT = Date.parse("2026-06-22T06:30:00Z") / 1000;

export const GROUP = {
  grpid: 7001,
  attrib: 0,
  date: AT,
  created: AT + 20,
  modified: AT + 30,
  category: 1,
  deviceid: "d1",
  model: "Body Scan",
  modelid: 10,
  measures: [{ value: 71_450, type: 1, unit: -3 }],
};

export const ACTIVITY = {
  date: "2026-06-22",
  timezone: "Europe/Berlin",
  modified: AT + 60_000,
  model: "ScanWatch 2",
  modelid: 94,
  brand: 1,
  is_tracker: true,
  steps: 8123,
  distance: 6210.5,
  elevation: 9,
  soft: 3600,
  moderate: 1800,
  intense: 600,
  active: 2400,
  calories: 412.5,
  totalcalories: 2105.25,
  hr_average: 74,
  hr_min: 48,
  hr_max: 151,
  hr_zone_0: 900,
  hr_zone_1: 300,
};

export const INTRADAY = {
  [String(AT)]: { model: "ScanWatch 2", model_id: 94, duration: 60, steps: 88, elevation: 1, calories: 4.5, distance: 64.2 },
  [String(AT + 60)]: { model: "ScanWatch 2", heart_rate: 66, spo2_auto: 97, rmssd: 41, sdnn1: 52, rr: 15, core_body_temperature: 37.1 },
};

export const WORKOUT = {
  id: 9001,
  category: 2,
  timezone: "Europe/Berlin",
  model: 94,
  attrib: 7,
  startdate: AT,
  enddate: AT + 1800,
  date: "2026-06-22",
  modified: AT + 3600,
  data: {
    calories: 310,
    distance: 5020,
    steps: 4800,
    elevation: 3,
    hr_average: 142,
    hr_min: 95,
    hr_max: 171,
    hr_zone_3: 120,
    pause_duration: 60,
    intensity: 70,
    spo2_average: 96,
    algo_pause_duration: null,
  },
};

export const SUMMARY = {
  id: 5001,
  timezone: "Europe/Berlin",
  model: 32,
  model_id: 63,
  startdate: AT - 28_800,
  enddate: AT,
  date: "2026-06-22",
  modified: AT + 900,
  data: {
    total_timeinbed: 28_800,
    total_sleep_time: 26_100,
    lightsleepduration: 14_400,
    deepsleepduration: 6300,
    remsleepduration: 5400,
    waso: 1500,
    sleep_latency: 900,
    sleep_efficiency: 0.90625,
    wakeupcount: 3,
    sleep_score: 82,
    hr_average: 55,
    hr_min: 48,
    hr_max: 71,
    rr_average: 14,
    rr_min: 11,
    rr_max: 18,
    breathing_disturbances_intensity: 12,
    apnea_hypopnea_index: 4,
  },
};

const segment = (from: number, to: number, state: number, more: object = {}) => ({
  startdate: AT - 28_800 + from,
  enddate: AT - 28_800 + to,
  state,
  model: "Aura Sensor V2",
  model_id: 63,
  ...more,
});
export const SEGMENTS = [
  segment(0, 900, 0, { hr: { [AT - 28_800]: 61, [AT - 28_740]: 0 }, rr: [] }),
  segment(900, 15_000, 1, { rr: { [AT - 27_900]: 14 }, rmssd: { [AT - 27_900]: 44 }, sdnn_1: { [AT - 27_900]: 58 } }),
  segment(15_000, 21_000, 2),
  segment(21_000, 28_500, 3),
  segment(28_500, 28_800, 15),
];

export const HEART = {
  deviceid: "d2",
  model: 94,
  timestamp: AT,
  modified: AT + 5,
  heart_rate: 62,
  ecg: { signalid: 33, afib: 0 },
  bloodpressure: { diastole: 78, systole: 118 },
};
export const SIGNAL = { signal: [0, 12, 250, -80, 4, 0], sampling_frequency: 300, wearposition: 1, heart_rate: 62, model: 94 };

export const reply = (body: unknown, status = 0) => ({ status, body });
