import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { newId, type PersonId, regionOf } from "../id";
import { REGIONS } from "../region";
import { inRegion, movedIds } from "./moved-ids";

const NOW = 1_795_000_000_000;
const person = (region: "eu" | "us" | "ap" = "eu"): PersonId => newId("person", region, NOW);

describe("when a person moves", () => {
  it("their own ids name the new region and keep kind and ULID, wherever they stand in a text", () => {
    const [from, to] = [person("eu"), person("us")];
    const map = movedIds(from, to);
    const connection = newId("connection", "eu", NOW);
    expect(map(JSON.stringify({ connection, owner: from }))).toBe(JSON.stringify({ connection: inRegion(connection, "us"), owner: to }));
  });

  it("FHIR ids that begin with their ULID follow", () => {
    const [from, to] = [person("eu"), person("ap")];
    expect(movedIds(from, to)(`Patient/per-eu-${from.slice(7)}`)).toBe(`Patient/per-ap-${to.slice(7)}`);
    const result = newId("labResult", "eu", NOW).replaceAll("_", "-");
    expect(movedIds(from, to)(`Observation/${result}`)).toBe(`Observation/${result.replace("-eu-", "-ap-")}`);
    expect(movedIds(from, to)(`${from.slice(7)}.r8d.9.mwq0dlmo`)).toBe(`${to.slice(7)}.r8d.9.mwq0dlmo`);
  });

  it("ids of other persons, sessions, organisations, programs, programmes and regions stay", () => {
    const map = movedIds(person("eu"), person("us"));
    const others = (["session", "organisation", "client", "programme", "researchExport"] as const).map((kind) => newId(kind, "eu", NOW));
    for (const id of [person("eu"), person("us"), ...others, newId("connection", "ap", NOW)]) expect(map(id)).toBe(id);
  });

  it("texts without ids stay, and mapping there and back gives the same", () => {
    const regions = fc.constantFrom(...REGIONS);
    fc.assert(
      fc.property(fc.string(), regions, regions, (text, a, b) => {
        fc.pre(a !== b);
        const [from, to] = [person(a), person(b)];
        expect(movedIds(from, to)(text)).toBe(text);
        const own = `${text} ${newId("consent", a, NOW)} ${from}`;
        expect(movedIds(to, from)(movedIds(from, to)(own))).toBe(own);
      }),
    );
  });

  it("an id changes its region alone", () => {
    const id = newId("passkey", "eu", NOW);
    expect([regionOf(inRegion(id, "ap")), inRegion(inRegion(id, "ap"), "eu")]).toEqual(["ap", id]);
  });
});
