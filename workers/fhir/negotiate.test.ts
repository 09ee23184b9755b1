import { Hono } from "hono";
import { expect, test } from "vitest";
import type { AppEnv } from "../../shared/http/app-env";
import { baseOf, routePath } from "./negotiate";

const app = new Hono<AppEnv>({ getPath: routePath }).get("/fhir/r4/:type", (c) => c.text(baseOf(c)));
const ours = { ORIGIN: "https://meridian.test", REGIONAL_HOSTS: '{"eu":"eu.meridian.test"}', RESIDENCY: "on" };

test("links stay within the base that was asked, and the name that a caller made up is none of ours", async () => {
  const base = async (url: string) => await (await app.request(url, {}, ours)).text();
  // Each twice: what was said of one origin is not said of another.
  for (let round = 0; round < 2; round++) {
    expect(await base("https://meridian.test/fhir/r4/Observation?a=/fhir/R4")).toBe("https://meridian.test/fhir/r4");
    expect(await base("https://meridian.test/fhir/R4/Observation")).toBe("https://meridian.test/fhir/R4");
    expect(await base("https://eu.meridian.test/fhir/r4/Observation")).toBe("https://eu.meridian.test/fhir/r4");
    expect(await base("https://meridian.test.evil.example/fhir/R4/Observation")).toBe("https://meridian.test/fhir/R4");
  }
});

test("another deployment's origin is asked for anew", async () => {
  const url = "https://eu.meridian.test/fhir/r4/Observation";
  expect(await (await app.request(url, {}, ours)).text()).toBe("https://eu.meridian.test/fhir/r4");
  expect(await (await app.request(url, {}, { ...ours, REGIONAL_HOSTS: "{}" })).text()).toBe("https://meridian.test/fhir/r4");
});
