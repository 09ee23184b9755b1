import { expect, test } from "vitest";
import { ecgAttributes, readEcg } from "./ecg";

const samplesUv = Array.from({ length: 15_360 }, (_, i) => Math.round(Math.sin(i / 40) * 900_000) / 1_000);

test("a recording fits into a reading's attributes and comes back within 5 µV", () => {
  const attributes = ecgAttributes({ samplingHz: 512, samplesUv, lead: "Lead I", symptoms: [], averageHeartRate: 61 });
  expect(JSON.stringify(attributes).length).toBeLessThan(16_000);
  expect(attributes).not.toHaveProperty("symptoms");
  const back = readEcg(JSON.parse(JSON.stringify(attributes)) as Record<string, unknown>);
  expect(back).toMatchObject({ samplingHz: 512, lead: "I", averageHeartRate: 61 });
  expect(back?.samplesUv).toHaveLength(samplesUv.length);
  for (const [i, sample] of samplesUv.entries()) expect(Math.abs((back?.samplesUv[i] ?? Number.NaN) - sample)).toBeLessThanOrEqual(5);
});

test("a waveform that is too long even at its coarsest leaves its summary", () => {
  let state = 1;
  // Noise that no compression finds a pattern in.
  const noise = Array.from({ length: 60_000 }, () => ((state = Math.imul(state, 1_103_515_245) + 12_345) >> 19) % 2_500);
  const attributes = ecgAttributes({ samplingHz: 512, samplesUv: noise });
  expect(attributes).toMatchObject({ samples: { count: 60_000 } });
  expect(readEcg(attributes)).toBeUndefined();
});

test.each(["", "not base64 at all", "AAAA"])("data that is no waveform is none: %j", (data) => {
  const waveform = { encoding: "delta-varint-deflate-base64", count: 3, stepUv: 1, data };
  expect(readEcg({ samplingHz: 512, waveform })).toBeUndefined();
});
