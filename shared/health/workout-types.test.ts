import fc from "fast-check";
import { describe, expect, it } from "vitest";

import { WORKOUT_NAMES } from "./workout-names";
import { HEALTH_CONNECT_NUMBERS, HEALTH_KIT_NUMBERS, SAMSUNG_NUMBERS } from "./workout-numbers";
import { WORKOUT_TYPES, workoutType } from "./workout-types";

/** HealthKit's activity types as its constants spell them. */
const HEALTH_KIT = `
  AmericanFootball Archery AustralianFootball Badminton Barre Baseball Basketball Bowling Boxing CardioDance Climbing
  Cooldown CoreTraining Cricket CrossCountrySkiing CrossTraining Curling Cycling Dance DanceInspiredTraining DiscSports
  DownhillSkiing Elliptical EquestrianSports Fencing Fishing FitnessGaming Flexibility FunctionalStrengthTraining Golf
  Gymnastics Handball HandCycling HighIntensityIntervalTraining Hiking Hockey Hunting JumpRope Kickboxing Lacrosse
  MartialArts MindAndBody MixedCardio MixedMetabolicCardioTraining PaddleSports Pickleball Pilates Play
  PreparationAndRecovery Racquetball Rowing Rugby Running Sailing SkatingSports Snowboarding SnowSports Soccer
  SocialDance Softball Squash StairClimbing Stairs StepTraining SurfingSports SwimBikeRun Swimming TableTennis TaiChi
  Tennis TrackAndField TraditionalStrengthTraining Transition UnderwaterDiving Volleyball Walking WaterFitness WaterPolo
  WaterSports WheelchairRunPace WheelchairWalkPace Wrestling Yoga Other
`
  .trim()
  .split(/\s+/);

const snake = (name: string) => name.replace(/(?<=.)([A-Z])/g, "_$1").toLowerCase();

describe("workoutType", () => {
  it.each(HEALTH_KIT)("knows HealthKit's %s as itself", (name) => {
    const expected = { type: snake(name) };
    expect(workoutType("healthkit", `HKWorkoutActivityType${name}`)).toEqual(expected);
    expect(workoutType("healthkit", name.charAt(0).toLowerCase() + name.slice(1))).toEqual(expected);
  });

  it("numbers every HealthKit type once", () => {
    const types = Object.values(HEALTH_KIT_NUMBERS);
    expect(types.toSorted()).toEqual(HEALTH_KIT.map(snake).toSorted());
  });

  it.each([
    ["healthkit", 37, "running"],
    ["healthkit", "13", "cycling"],
    ["apple_health_export", 3000, "other"],
    ["health_connect", 79, "walking"],
    ["health_connect", 8, "cycling"],
    ["health_connect", "EXERCISE_TYPE_RUNNING_TREADMILL", "treadmill_running"],
    ["google_health", "PICKELBALL", "pickleball"],
    ["google_health", "SWIMMING_OPEN_WATER", "open_water_swimming"],
    ["google_health", "FOOTBALL_AMERICAN", "american_football"],
    ["google_health", "HIIT", "high_intensity_interval_training"],
    ["samsung", 1002, "running"],
    ["samsung_health", 11007, "cycling"],
    ["samsung", "FOOTBALL", "soccer"],
    ["strava", "VirtualRide", "virtual_activity"],
    ["strava", "EBikeRide", "e_biking"],
    ["strava", "StandUpPaddling", "stand_up_paddling"],
    ["generic", "Traditional Strength Training", "traditional_strength_training"],
    ["generic", "trail-run", "trail_running"],
  ])("%s %s is %s", (platform, name, type) => {
    expect(workoutType(platform, name)).toEqual({ type });
  });

  it.each([
    ["generic", "Underwater basket weaving"],
    ["health_connect", 9999],
    ["oura", 37],
    ["generic", "football"],
    ["generic", "constructor"],
    ["__proto__", "toString"],
  ])("keeps the vendor's name of an unknown one: %s %s", (platform, name) => {
    expect(workoutType(platform, name)).toEqual({ type: "other", vendorName: String(name) });
  });

  it("gives each name one meaning", () => {
    const names = WORKOUT_TYPES.flatMap((type) => [type, ...WORKOUT_NAMES[type]]);
    const twice = names.filter((name, index) => names.indexOf(name) !== index);
    expect(twice).toEqual([]);
  });

  it("finds every listed name again, in any case and spacing", () => {
    for (const type of WORKOUT_TYPES) {
      for (const name of [type, ...WORKOUT_NAMES[type]]) {
        expect(workoutType("generic", name)).toEqual({ type });
        expect(workoutType("generic", name.toUpperCase())).toEqual({ type });
        expect(workoutType("generic", name.replaceAll("_", " "))).toEqual({ type });
      }
    }
  });

  it("maps every number of a platform, and only to canonical types", () => {
    for (const [platform, numbers] of [
      ["health_connect", HEALTH_CONNECT_NUMBERS],
      ["healthkit", HEALTH_KIT_NUMBERS],
      ["samsung", SAMSUNG_NUMBERS],
    ] as const) {
      for (const [number, type] of Object.entries(numbers)) {
        expect(workoutType(platform, Number(number))).toEqual({ type });
        expect(WORKOUT_TYPES).toContain(type);
      }
    }
  });

  it("always answers a canonical type", () => {
    fc.assert(
      fc.property(fc.string(), fc.oneof(fc.string(), fc.integer()), (platform, name) => {
        expect(WORKOUT_TYPES).toContain(workoutType(platform, name).type);
      }),
    );
  });
});
