/** Replies of vendors, in their shapes, with numbers that are invented. Shared by the load and the vault. */

const MINUTE_MS = 60_000;
const DAY_MS = 24 * 60 * MINUTE_MS;

/** A plausible heart rate at an instant. */
const rateAt = (at: number): number => 60 + Math.round(20 * Math.sin(at / 4_000_000)) + (Math.floor(at / 5_000) % 3);

/** How many points a page of Google's heart rates has, and how far apart they lie. */
export const POINTS = 5_000;
export const POINT_MS = 5_000;

/** A page of heart rates of a watch, from an instant on, as Google Health writes it. */
export function heartRatePage(from: number): string {
  const dataSource = {
    platform: "FITBIT",
    recordingMethod: "PASSIVELY_MEASURED",
    device: { displayName: "Charge 6", manufacturer: "Fitbit", formFactor: "FITNESS_BAND" },
  };
  const dataPoints = Array.from({ length: POINTS }, (_, i) => {
    const at = from + i * POINT_MS;
    const when = new Date(at);
    return {
      dataSource,
      heartRate: {
        beatsPerMinute: String(rateAt(at)),
        sampleTime: {
          physicalTime: when.toISOString(),
          utcOffset: "7200s",
          civilTime: {
            date: { year: when.getUTCFullYear(), month: when.getUTCMonth() + 1, day: when.getUTCDate() },
            time: { hours: when.getUTCHours(), minutes: when.getUTCMinutes(), seconds: when.getUTCSeconds() },
          },
        },
        metadata: { motionContext: "SEDENTARY" },
      },
    };
  });
  return JSON.stringify({ dataPoints, nextPageToken: "next" });
}

/** What Oura answers to a call for a collection: a ring that was worn day and night. */
export function ouraPage(url: URL): string {
  const collection = url.pathname.split("/").at(-1) ?? "";
  const { searchParams: query } = url;
  if (collection === "heartrate") {
    const [from, to] = [Date.parse(query.get("start_datetime") ?? ""), Date.parse(query.get("end_datetime") ?? "")];
    const data = [];
    for (let at = Math.ceil(from / (5 * MINUTE_MS)) * 5 * MINUTE_MS; at < Math.min(to, Date.now()); at += 5 * MINUTE_MS) {
      const hour = Math.floor(at / (60 * MINUTE_MS)) % 24;
      // The night's rates come with the night.
      if (hour >= 6 && hour < 22) data.push({ bpm: rateAt(at), source: "awake", timestamp: new Date(at).toISOString() });
    }
    return JSON.stringify({ data, next_token: null });
  }
  const document = DOCUMENTS[collection];
  const data = [];
  if (document !== undefined) {
    const last = Math.min(Date.parse(query.get("end_date") ?? ""), Date.now());
    for (let day = Date.parse(query.get("start_date") ?? ""); day <= last; day += DAY_MS) data.push(document(day));
  }
  return JSON.stringify({ data, next_token: null });
}

const dateOf = (day: number): string => new Date(day).toISOString().slice(0, 10);
const head = (collection: string, day: number) => ({ id: `${collection}-${dateOf(day)}`, day: dateOf(day) });
const row = (from: number, every: number, n: number, value: (at: number) => number) => ({
  interval: every / 1_000,
  timestamp: new Date(from).toISOString(),
  items: Array.from({ length: n }, (_, i) => value(from + i * every)),
});

/** Collection → its document of a date. */
const DOCUMENTS: Readonly<Record<string, (day: number) => object>> = {
  daily_activity: (day) => ({
    ...head("daily_activity", day),
    score: 84,
    steps: 6_000 + ((day / DAY_MS) % 5_000),
    active_calories: 430,
    total_calories: 2_380,
    equivalent_walking_distance: 8_400,
    high_activity_time: 720,
    medium_activity_time: 2_100,
    low_activity_time: 10_800,
    sedentary_time: 32_400,
    timestamp: new Date(day).toISOString(),
    met: row(day, MINUTE_MS, 1_440, (at) => 1 + ((at / MINUTE_MS) % 30) / 10),
  }),
  daily_sleep: (day) => ({ ...head("daily_sleep", day), score: 79, timestamp: new Date(day).toISOString() }),
  daily_readiness: (day) => ({
    ...head("daily_readiness", day),
    score: 77,
    temperature_deviation: -0.12,
    timestamp: new Date(day).toISOString(),
  }),
  daily_spo2: (day) => ({ ...head("daily_spo2", day), spo2_percentage: { average: 97.2 }, breathing_disturbance_index: 4 }),
  daily_stress: (day) => ({ ...head("daily_stress", day), stress_high: 5_400, recovery_high: 2_700, day_summary: "normal" }),
  sleep: (day) => {
    const [start, end] = [day - 2 * 60 * MINUTE_MS, day + 6 * 60 * MINUTE_MS];
    return {
      ...head("sleep", day),
      type: "long_sleep",
      bedtime_start: new Date(start).toISOString(),
      bedtime_end: new Date(end).toISOString(),
      average_breath: 14.5,
      average_heart_rate: 56.5,
      average_hrv: 48,
      lowest_heart_rate: 49,
      sleep_phase_30_sec: "4422113322".repeat(96),
      heart_rate: row(start, 5 * MINUTE_MS, 96, (at) => rateAt(at) - 12),
      hrv: row(start, 5 * MINUTE_MS, 96, (at) => 40 + ((at / MINUTE_MS) % 20)),
    };
  },
  workout: (day) => ({
    ...head("workout", day),
    activity: "running",
    calories: 350.5,
    distance: 5_000,
    intensity: "moderate",
    source: "confirmed",
    start_datetime: new Date(day + 8 * 60 * MINUTE_MS).toISOString(),
    end_datetime: new Date(day + 8 * 60 * MINUTE_MS + 30 * MINUTE_MS).toISOString(),
  }),
};
