/** Who the simulated person is: everything that does not change from day to day, drawn once from seed and name. */
import { dayNumber } from "./civil.ts";
import { between, chance, hash, pick } from "./random.ts";

export interface Person {
  name: string;
  /** Root of every draw about this person. */
  key: number;
  healthUserId: string;
  legacyUserId: string;
  zone: string;
  sex: "female" | "male";
  ageYears: number;
  heightCm: number;
  weightKg: number;
  bodyFatPercent: number;
  restingHr: number;
  maxHr: number;
  vo2Max: number;
  /** Typical nightly RMSSD, ms. */
  rmssdMs: number;
  /** Usual bedtime on a working day, minutes from midnight of the wake-up day (negative = the evening before). */
  bedMinute: number;
  sleepMinutes: number;
  /** 1 = average; scales walking and workouts. */
  activity: number;
  /** Wears a continuous glucose sensor. */
  cgm: boolean;
  /** Menstrual cycle length in days, absent where it does not apply. */
  cycleDays?: number;
  watch: { displayName: string; manufacturer: string; formFactor: "WATCH" | "FITNESS_BAND" };
  /** First civil day with data. */
  memberSince: number;
}

type Cast = Partial<Omit<Person, "name" | "key" | "healthUserId" | "legacyUserId">>;

const PIXEL_WATCH = { displayName: "Pixel Watch 4", manufacturer: "Google", formFactor: "WATCH" } as const;
const CHARGE = { displayName: "Charge 6", manufacturer: "Fitbit", formFactor: "FITNESS_BAND" } as const;

/** Three people with fixed traits; any other name is drawn. */
const CAST: Record<string, Cast> = {
  ada: {
    zone: "Europe/Berlin",
    sex: "female",
    ageYears: 34,
    heightCm: 169,
    weightKg: 63.5,
    cycleDays: 28,
    cgm: false,
    activity: 1.15,
    watch: PIXEL_WATCH,
  },
  ben: { zone: "America/New_York", sex: "male", ageYears: 46, heightCm: 181, weightKg: 88, cgm: true, activity: 0.85, watch: CHARGE },
  chie: { zone: "Asia/Tokyo", sex: "female", ageYears: 58, heightCm: 157, weightKg: 54, cgm: false, activity: 1, watch: PIXEL_WATCH },
};

export const KNOWN_NAMES: readonly string[] = Object.keys(CAST);

/** Builds a person from seed and name; the same pair always gives the same person. */
export function makePerson(seed: number, name: string): Person {
  const key = hash(seed, "person", name);
  const cast = CAST[name] ?? {};
  const sex = cast.sex ?? (chance(0.5, key, "sex") ? "female" : "male");
  const ageYears = cast.ageYears ?? Math.round(between(22, 66, key, "age"));
  const heightCm = cast.heightCm ?? Math.round(sex === "female" ? between(155, 176, key, "height") : between(167, 192, key, "height"));
  const activity = cast.activity ?? between(0.7, 1.3, key, "activity");
  const bodyMassIndex = between(20.5, 27.5, key, "bmi");
  const restingHr = Math.round(70 - activity * 10 + between(-4, 4, key, "resting"));
  const cycles = sex === "female" && ageYears < 50;
  return {
    name,
    key,
    healthUserId: String(1_000_000_000_000 + hash(key, "health-user") * 100 + (hash(key, "tail") % 100)),
    legacyUserId: legacyId(key),
    zone:
      cast.zone ??
      pick(["Europe/Berlin", "Europe/London", "America/Chicago", "America/Los_Angeles", "Asia/Singapore", "Australia/Sydney"], key, "zone"),
    sex,
    ageYears,
    heightCm,
    weightKg: cast.weightKg ?? Math.round(bodyMassIndex * (heightCm / 100) ** 2 * 10) / 10,
    bodyFatPercent: sex === "female" ? between(22, 31, key, "fat") : between(13, 24, key, "fat"),
    restingHr,
    maxHr: Math.round(208 - 0.7 * ageYears + between(-4, 4, key, "max")),
    vo2Max: Math.round((52 - 0.28 * ageYears + (activity - 1) * 16 - (sex === "female" ? 5 : 0)) * 10) / 10,
    rmssdMs: Math.max(18, 72 - 0.75 * ageYears + (activity - 1) * 20 + between(-8, 8, key, "rmssd")),
    bedMinute: Math.round(between(-85, -10, key, "bed")),
    sleepMinutes: Math.round(between(425, 480, key, "sleep")),
    activity,
    cgm: cast.cgm ?? chance(0.2, key, "cgm"),
    ...(cycles ? { cycleDays: cast.cycleDays ?? Math.round(between(26, 31, key, "cycle")) } : {}),
    watch: cast.watch ?? pick([PIXEL_WATCH, CHARGE], key, "watch"),
    memberSince: dayNumber("2024-01-15"),
  };
}

/** Six characters from the alphabet the legacy Fitbit ids use. */
function legacyId(key: number): string {
  const alphabet = "23456789BCDFGHJKLMNPQRSTVWXYZ";
  let id = "";
  for (let i = 0; i < 6; i += 1) id += alphabet[hash(key, "legacy", i) % alphabet.length] ?? "2";
  return id;
}
