import { describe, expect, it } from "vitest";
import { mergeWorkouts, type WorkoutAccount } from "./merge-workouts";

const HOUR = 3_600_000;
const fit: WorkoutAccount = {
  source: 1,
  start: 0,
  end: HOUR,
  type: "cycling",
  body: { durationS: 3_400, totals: { distance_cycling: 30_000, heart_rate_mean: 140 }, laps: [{ n: 1 }], points: 3_600 },
};
const tcx: WorkoutAccount = {
  source: 2,
  start: 10_000,
  end: HOUR,
  type: "cycling",
  body: { durationS: 3_590, totals: { distance_cycling: 29_990, energy_active: 700 }, laps: [{ n: 1 }, { n: 2 }], points: 900 },
};
const strava: WorkoutAccount = {
  source: 3,
  start: 0,
  end: HOUR + 60_000,
  type: "cycling",
  body: { totals: { elevation_gain: 300, energy_active: 650 }, attributes: { name: "Morning ride" } },
};

describe("accounts of one activity", () => {
  it("make one, each field from the best account that tells it", () => {
    expect(mergeWorkouts([fit, tcx, strava])).toEqual({
      type: "cycling",
      body: {
        durationS: 3_400,
        totals: { distance_cycling: 30_000, heart_rate_mean: 140, energy_active: 700, elevation_gain: 300 },
        laps: [{ n: 1 }],
        points: 3_600,
        attributes: { name: "Morning ride" },
      },
      origins: {
        type: 1,
        durationS: 1,
        "totals.distance_cycling": 1,
        "totals.heart_rate_mean": 1,
        "totals.energy_active": 2,
        "totals.elevation_gain": 3,
        laps: 1,
        route: 1,
        attributes: 3,
      },
    });
  });

  it("give nothing to a better one of which they saw a part", () => {
    const half = { ...tcx, end: HOUR / 2 };
    expect(mergeWorkouts([fit, half]).body.totals).toEqual(fit.body.totals);
  });

  it("name what the best one could not", () => {
    const other: WorkoutAccount = { ...strava, type: "other", body: { totals: {}, vendorType: "Gravel" } };
    const merged = mergeWorkouts([other, fit]);
    expect(merged).toMatchObject({ type: "cycling", origins: { type: 1 } });
    expect(merged.body).not.toHaveProperty("vendorType");
  });
});
