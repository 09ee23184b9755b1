/** A simulated person's days as Garmin's summaries, without the person's id, which the sender adds. */
import type { Person } from "../../person.ts";
import { dayOf, dayStart, HOUR, MINUTE, offsetMs } from "../../person/civil.ts";
import { bell } from "../../person/random.ts";
import { basalKcalPerDay } from "../../person/trace.ts";
import type { JsonObject } from "../../person/wire.ts";
import type { State } from "../../server/state.ts";
import { daysIn, lifeOf, sleepSeconds } from "../life.ts";
import type { LifeDay, Training } from "../life.ts";

const QUARTER = 15 * MINUTE;
const seconds = (ms: number): number => Math.floor(ms / 1000);
const round = (value: number, digits = 0): number => Number(value.toFixed(digits));

interface Head {
  readonly person: Person;
  readonly kind: string;
}

const head = ({ person, kind }: Head, startMs: number, durationMs: number): JsonObject => ({
  summaryId: `${person.key.toString(16)}-${seconds(startMs).toString(16)}-${kind}`,
  startTimeInSeconds: seconds(startMs),
  startTimeOffsetInSeconds: offsetMs(person.zone, startMs) / 1000,
  durationInSeconds: seconds(durationMs),
});

/** The part of the day that the watch has told. */
function dayHead(person: Person, kind: string, life: LifeDay): JsonObject {
  const startMs = dayStart(person.zone, life.day);
  const last = life.minutes.at(-1)?.startMs ?? startMs;
  return { ...head({ person, kind }, startMs, last + MINUTE - startMs), calendarDate: life.date };
}

/** Values by their seconds from a start. */
const row = (startMs: number, values: readonly (readonly [at: number, value: number])[]): JsonObject =>
  Object.fromEntries(values.map(([at, value]) => [String(seconds(at - startMs)), value]));

const everyMinutes = ({ minutes }: LifeDay, step: number) => minutes.filter(({ startMs }) => startMs % (step * MINUTE) === 0);

function activity(person: Person, { type, startMs, endMs, kcal, metres, meanHeart, maxHeart }: Training): JsonObject {
  const names: Record<string, string> = { OUTDOOR_BIKE: "CYCLING", SWIMMING_POOL: "LAP_SWIMMING", STRENGTH_TRAINING: "STRENGTH_TRAINING" };
  return {
    ...head({ person, kind: "activity" }, startMs, endMs - startMs),
    summaryId: String(seconds(startMs)),
    activityId: seconds(startMs),
    activityName: "Training",
    activityType: names[type] ?? type,
    deviceName: "Forerunner 965",
    manual: false,
    activeKilocalories: round(kcal),
    distanceInMeters: metres,
    averageHeartRateInBeatsPerMinute: meanHeart,
    maxHeartRateInBeatsPerMinute: maxHeart,
  };
}

type Maker = (person: Person, life: LifeDay) => JsonObject[];

/** Summaries of a day that has no minutes are not there. */
const worn =
  (make: Maker): Maker =>
  (person, life) =>
    life.minutes.length === 0 ? [] : make(person, life);

/** Key in pushes → what a day brings. What is not here has nothing to tell of these people. */
export const MAKERS: Readonly<Record<string, Maker>> = {
  dailies: worn((person, life) => {
    const start = dayStart(person.zone, life.day);
    const hearts = life.minutes.map(({ heart }) => heart);
    return [
      {
        ...dayHead(person, "daily", life),
        activityType: "WALKING",
        steps: life.steps,
        distanceInMeters: life.metres,
        floorsClimbed: round(life.minutes.reduce((sum, { floors }) => sum + floors, 0)),
        activeKilocalories: life.activeKcal,
        bmrKilocalories: round((basalKcalPerDay(person) * life.minutes.length) / 1440),
        moderateIntensityDurationInSeconds: life.minutes.filter(({ met }) => met >= 3 && met < 6).length * 60,
        vigorousIntensityDurationInSeconds: life.minutes.filter(({ met }) => met >= 6).length * 60,
        minHeartRateInBeatsPerMinute: round(Math.min(...hearts)),
        maxHeartRateInBeatsPerMinute: round(Math.max(...hearts)),
        averageHeartRateInBeatsPerMinute: round(hearts.reduce((sum, heart) => sum + heart, 0) / hearts.length),
        restingHeartRateInBeatsPerMinute: life.restingHeart,
        timeOffsetHeartRateSamples: row(
          start,
          everyMinutes(life, 5).map(({ startMs, heart }) => [startMs, round(heart)]),
        ),
        averageStressLevel: 100 - life.recovery,
        maxStressLevel: Math.min(100, 160 - life.recovery),
        bodyBatteryChargedValue: life.recovery,
        bodyBatteryDrainedValue: Math.min(100, life.recovery + 5),
      },
    ];
  }),
  epochs: worn((person, life) => {
    const quarters = Map.groupBy(life.minutes, ({ startMs }) => Math.floor(startMs / QUARTER) * QUARTER);
    return [...quarters].flatMap(([startMs, all]) =>
      (["WALKING", "SEDENTARY"] as const).flatMap((type) => {
        const own = all.filter(({ steps }) => steps > 0 === (type === "WALKING"));
        if (own.length === 0) return [];
        const mean = own.reduce((sum, { met }) => sum + met, 0) / own.length;
        return [
          {
            ...head({ person, kind: `epoch-${type}` }, startMs, all.length * MINUTE),
            activityType: type,
            activeTimeInSeconds: own.length * 60,
            steps: own.reduce((sum, { steps }) => sum + steps, 0),
            distanceInMeters: round(own.reduce((sum, { distanceMm }) => sum + distanceMm, 0) / 1000, 2),
            activeKilocalories: round((Math.max(0, mean - 1) * person.weightKg * own.length) / 60, 1),
            met: round(mean, 3),
            intensity: type === "WALKING" ? "ACTIVE" : "SEDENTARY",
          },
        ];
      }),
    );
  }),
  sleeps: (person, { night, date, breaths, oxygen, recovery }) => {
    if (!night) return [];
    const sums = sleepSeconds(night);
    const levels = { AWAKE: "awake", LIGHT: "light", DEEP: "deep", REM: "rem" } as const;
    const asleep = sums.LIGHT + sums.DEEP + sums.REM;
    return [
      {
        ...head({ person, kind: "sleep" }, night.startMs, asleep * 1000),
        calendarDate: date,
        deepSleepDurationInSeconds: sums.DEEP,
        lightSleepDurationInSeconds: sums.LIGHT,
        remSleepInSeconds: sums.REM,
        awakeDurationInSeconds: sums.AWAKE,
        unmeasurableSleepInSeconds: 0,
        sleepLevelsMap: Object.fromEntries(
          Object.entries(levels).map(([stage, name]) => [
            name,
            night.stages
              .filter((span) => span.stage === stage)
              .map((span) => ({ startTimeInSeconds: seconds(span.startMs), endTimeInSeconds: seconds(span.endMs) })),
          ]),
        ),
        validation: "ENHANCED_FINAL",
        timeOffsetSleepRespiration: { "3600": breaths, "7200": breaths },
        timeOffsetSleepSpo2: { "3600": round(oxygen), "7200": round(oxygen) },
        overallSleepScore: { value: Math.min(100, recovery + 10), qualifierKey: "GOOD" },
        sleepScores: { remPercentage: { qualifierKey: "FAIR" } },
      },
    ];
  },
  bodyComps: worn((person, { day, minutes }) => {
    const first = minutes[0]?.startMs ?? 0;
    const at = first + 7 * HOUR;
    if (day % 7 !== 0 || at > (minutes.at(-1)?.startMs ?? 0)) return [];
    return [
      {
        summaryId: `${person.key.toString(16)}-${seconds(at).toString(16)}-body`,
        measurementTimeInSeconds: seconds(at),
        measurementTimeOffsetInSeconds: offsetMs(person.zone, at) / 1000,
        weightInGrams: round(person.weightKg * 1000 + bell(person.key, "scale", day) * 400),
        bodyFatInPercent: person.bodyFatPercent,
      },
    ];
  }),
  stressDetails: worn((person, life) => {
    const start = dayStart(person.zone, life.day);
    const level = (met: number): number => (met > 2 ? -2 : Math.round(100 - life.recovery));
    return [
      {
        ...dayHead(person, "stress", life),
        timeOffsetStressLevelValues: row(
          start,
          everyMinutes(life, 15).map(({ startMs, met }) => [startMs, level(met)]),
        ),
        timeOffsetBodyBatteryValues: row(
          start,
          everyMinutes(life, 60).map(({ startMs }) => [startMs, life.recovery]),
        ),
      },
    ];
  }),
  userMetrics: worn((person, { date, day }) =>
    day % 7 === 0
      ? [
          {
            summaryId: `${person.key.toString(16)}-${date}`,
            calendarDate: date,
            vo2Max: round(person.vo2Max),
            fitnessAge: person.ageYears - 2,
          },
        ]
      : [],
  ),
  pulseox: (person, { night, date, oxygen }) =>
    night
      ? [
          {
            ...head({ person, kind: "spo2" }, night.startMs, night.endMs - night.startMs),
            calendarDate: date,
            timeOffsetSpo2Values: { "1800": round(oxygen), "5400": round(oxygen) },
            onDemand: false,
          },
        ]
      : [],
  allDayRespiration: worn((person, life) => [
    {
      ...dayHead(person, "breath", life),
      timeOffsetEpochToBreaths: row(
        dayStart(person.zone, life.day),
        everyMinutes(life, 60).map(({ startMs }) => [startMs, life.breaths]),
      ),
    },
  ]),
  hrv: (person, { night, date, rmssd }) =>
    night
      ? [
          {
            ...head({ person, kind: "hrv" }, night.startMs, night.endMs - night.startMs),
            calendarDate: date,
            lastNightAvg: rmssd,
            lastNight5MinHigh: rmssd + 20,
            hrvValues: { "300": rmssd - 2, "600": rmssd + 2 },
          },
        ]
      : [],
  skinTemp: (person, { night, date, skinDeviation }) =>
    night
      ? [
          {
            ...head({ person, kind: "skin" }, night.startMs, night.endMs - night.startMs),
            calendarDate: date,
            avgDeviationCelsius: skinDeviation,
          },
        ]
      : [],
  activities: (person, { trainings }) => trainings.map((training) => activity(person, training)),
  activityDetails: (person, { trainings }) =>
    trainings.map((training) => {
      const { summaryId, activityId, ...summary } = activity(person, training);
      const samples = Array.from({ length: Math.floor((training.endMs - training.startMs) / MINUTE) }, (_, i) => ({
        startTimeInSeconds: seconds(training.startMs) + i * 60,
        heartRate: training.meanHeart,
        speedMetersPerSecond: 2.5,
      }));
      return {
        summaryId: `${String(summaryId)}-detail`,
        activityId: activityId ?? 0,
        summary,
        samples,
        laps: [{ startTimeInSeconds: seconds(training.startMs) }],
      };
    }),
};

/** The summaries of a kind over the civil days that a range touches. */
export function summariesOf(state: State, person: Person, key: string, fromMs: number, toMs: number): JsonObject[] {
  const make = MAKERS[key];
  if (!make) return [];
  return daysIn(state, person, dayOf(person.zone, fromMs), dayOf(person.zone, toMs)).flatMap((day) =>
    make(person, lifeOf(state, "garmin", person, day)),
  );
}
