import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { MINUTE_MS } from "../clock";
import { SLEEP_STAGES } from "./reading";
import { assembleSleep, summariseSleep, type Stretch } from "./sleep";

const stretch = (stage: Stretch["stage"], from: number, to: number): Stretch => ({ stage, start: from * MINUTE_MS, end: to * MINUTE_MS });

describe("assembling sleep", () => {
  it("starts a new session after an hour without any stretch", () => {
    const sessions = assembleSleep([stretch("deep", 0, 60), stretch("rem", 120, 150), stretch("light", 211, 240)]);
    expect(sessions.map((s) => [s.start / MINUTE_MS, s.end / MINUTE_MS])).toEqual([
      [0, 150],
      [211, 240],
    ]);
  });

  it("keeps every stretch in exactly one session, whatever their order", () => {
    const any = fc
      .tuple(fc.constantFrom(...SLEEP_STAGES), fc.nat(2_000), fc.integer({ min: 1, max: 120 }))
      .map(([stage, from, length]) => stretch(stage, from, from + length));
    fc.assert(
      fc.property(fc.array(any, { maxLength: 40 }), (stretches) => {
        const sessions = assembleSleep(stretches);
        expect(sessions.reduce((n, s) => n + s.stages.length, 0)).toBe(stretches.length);
        expect(assembleSleep(stretches.toReversed()).map((s) => [s.start, s.end])).toEqual(sessions.map((s) => [s.start, s.end]));
      }),
    );
  });
});

describe("summing up sleep", () => {
  it("counts overlapping stretches once", () => {
    const summary = summariseSleep({
      start: 0,
      end: 480 * MINUTE_MS,
      stages: [stretch("asleep_unspecified", 10, 400), stretch("deep", 60, 120), stretch("rem", 120, 180)],
    });
    expect(summary).toMatchObject({ asleepMin: 390, deepMin: 60, remMin: 60, latencyMin: 10, awakenings: 0 });
  });

  it("counts waking only between falling asleep and getting up", () => {
    const summary = summariseSleep({
      start: 0,
      end: 100 * MINUTE_MS,
      stages: [
        stretch("awake", 0, 10),
        stretch("light", 10, 40),
        stretch("awake", 40, 45),
        stretch("light", 45, 90),
        stretch("awake", 90, 100),
      ],
    });
    expect(summary).toMatchObject({ awakeMin: 5, awakenings: 1, latencyMin: 10, efficiencyPct: 75 });
  });

  it("says nothing of sleep where there is only time in bed", () => {
    expect(summariseSleep({ start: 0, end: 60 * MINUTE_MS, stages: [stretch("in_bed", 0, 60)] })).toMatchObject({
      asleepMin: 0,
      latencyMin: undefined,
      efficiencyPct: undefined,
      inBedMin: 60,
    });
  });
});
