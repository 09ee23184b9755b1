import { env } from "cloudflare:workers";
import fc from "fast-check";
import { beforeAll, describe, expect, test } from "vitest";
import type { FhirAnswer } from "../../durable-objects/vault/fhir/stored/answers";
import type { EverythingMark } from "../../durable-objects/vault/fhir/stored/operations";
import type { FhirRequest, HistoryMark } from "../../durable-objects/vault/fhir/stored/requests";
import type { Mark } from "../../durable-objects/vault/fhir/stored/search";
import type { PersonActor } from "../../shared/context";
import type { Grant, Reach } from "../../shared/fhir/reach";
import { newId, type PersonId } from "../../shared/id";
import { isProblem } from "../../shared/problem";
import { vaultOf } from "../regional";

/** Whatever a reach hides is hidden on every path: compared with a model that knows nothing of queries. */
const CATEGORY = "http://terminology.hl7.org/CodeSystem/observation-category";
const CATEGORIES = ["vital-signs", "laboratory", "survey"];
const TYPES = ["Observation", "Condition", "Provenance"];

interface Kept {
  readonly type: string;
  readonly id: string;
  readonly category: string | undefined;
}

const person: PersonId = newId("person", "eu", Date.now());
const session = newId("session", "eu", Date.now());
const kept: Kept[] = [];

async function ask(request: FhirRequest, reach?: Reach): Promise<FhirAnswer | undefined> {
  const actor: PersonActor = { kind: "person", person, session, ...(reach !== undefined && { reach }) };
  try {
    return await vaultOf(env, person).fhir(actor, request);
  } catch (error) {
    if (isProblem(error) && ["forbidden", "not_found"].includes(error.code)) return undefined;
    throw error;
  }
}

beforeAll(async () => {
  const subject = { reference: `Patient/${person.replaceAll("_", "-")}` };
  const keep = async (type: string, category: string | undefined, resource: object) => {
    const { reference = "" } = (await ask({ kind: "create", type, resource: JSON.stringify({ resourceType: type, ...resource }) })) ?? {};
    kept.push({ type, id: reference.slice(type.length + 1), category });
    return reference;
  };
  for (const category of CATEGORIES) {
    const observation = await keep("Observation", category, {
      status: "final",
      category: [{ coding: [{ system: CATEGORY, code: category }] }],
      code: { text: "Something seen" },
      subject,
      effectiveDateTime: "2026-01-02T03:04:05Z",
      valueString: "seen",
    });
    await keep("Provenance", undefined, {
      target: [{ reference: observation }],
      recorded: "2026-01-02T03:04:05Z",
      agent: [{ who: { display: "somebody" } }],
    });
  }
  await keep("Condition", undefined, { subject, code: { text: "Something had" } });
});

const grant: fc.Arbitrary<Grant> = fc.record(
  {
    type: fc.constantFrom("*", ...TYPES),
    interactions: fc.constantFrom("r", "s", "rs", "cud", "cruds"),
    where: fc.option(
      fc.constantFrom(...CATEGORIES).map((code): Grant["where"] => [["category", `${CATEGORY}|${code}`]]),
      { nil: undefined, freq: 2 },
    ),
  },
  { requiredKeys: ["type", "interactions"] },
);
// What is narrowed by category speaks of Observations: other types have none of these categories, or no such parameter.
const reaches = fc.array(grant, { maxLength: 3 }).map((grants): Reach => ({
  grants: grants.map(({ where, ...one }) => (where === undefined ? one : { ...one, type: "Observation", where })),
}));

/** What the grants say, word for word. */
const allows = ({ grants }: Reach, { type, category }: Kept, letter: string): boolean =>
  grants.some(
    (one) =>
      (one.type === "*" || one.type === type) &&
      one.interactions.includes(letter) &&
      (one.where ?? []).every(([, value]) => value === `${CATEGORY}|${category}`),
  );

const known = (reference: string): Kept => {
  const found = kept.find(({ type, id }) => `${type}/${id}` === reference);
  if (found === undefined) throw new Error(`nobody has made ${reference}`);
  return found;
};
const referencesOf = (answer: FhirAnswer | undefined) => (answer?.page?.entries ?? []).map(({ reference }) => reference);
const search = async (type: string, params: readonly (readonly [string, string])[], reach: Reach) =>
  await ask({ kind: "search", type, params, lenient: false }, reach);

describe("whatever apps were given", () => {
  test("reading, reading versions and history show what they may read, and nothing else", async () => {
    await fc.assert(
      fc.asyncProperty(reaches, async (reach) => {
        for (const one of kept) {
          const { type, id } = one;
          const requests: FhirRequest[] = [
            { kind: "read", type, id },
            { kind: "vread", type, id, version: "1" },
            { kind: "history", type, id },
          ];
          for (const request of requests)
            expect((await ask(request, reach)) !== undefined, `${request.kind} ${type}`).toBe(allows(reach, one, "r"));
        }
      }),
      { numRuns: 25 },
    );
  });

  test("searching finds what they may search for, all of it, and includes nothing beyond", async () => {
    await fc.assert(
      fc.asyncProperty(reaches, async (reach) => {
        for (const type of TYPES) {
          const wanted = kept.filter((one) => one.type === type && allows(reach, one, "s")).map(({ id }) => `${type}/${id}`);
          expect(referencesOf(await search(type, [["_total", "accurate"]], reach)).toSorted()).toEqual(wanted.toSorted());
          expect((await search(type, [["_summary", "count"]], reach))?.page?.total ?? 0).toBe(wanted.length);
        }
        const including = [
          ...referencesOf(await search("Observation", [["_revinclude", "Provenance:target"]], reach)),
          ...referencesOf(await search("Provenance", [["_include", "Provenance:target"]], reach)),
        ];
        for (const reference of including)
          expect(allows(reach, known(reference), "s") || allows(reach, known(reference), "r"), `included ${reference}`).toBe(true);
      }),
      { numRuns: 25 },
    );
  });

  test("in any order, by pages of any size, each is found once", async () => {
    await fc.assert(
      fc.asyncProperty(
        reaches,
        fc.constantFrom("_id", "-status,_id", "-date", "date", "-_lastUpdated"),
        fc.integer({ min: 1, max: 3 }),
        async (reach, sort, size) => {
          const wanted = kept.filter((one) => one.type === "Observation" && allows(reach, one, "s")).map(({ id }) => `Observation/${id}`);
          const seen: string[] = [];
          let after: Mark | undefined;
          do {
            const params: [string, string][] = [
              ["_sort", sort],
              ["_count", String(size)],
            ];
            const answer = await ask({ kind: "search", type: "Observation", params, lenient: false, after }, reach);
            seen.push(...referencesOf(answer));
            after = answer?.page?.next;
          } while (after !== undefined);
          expect(seen.toSorted()).toEqual(wanted.toSorted());
        },
      ),
      { numRuns: 25 },
    );
  });

  test("histories of a type and of everything tell what they may search for, and nothing else", async () => {
    await fc.assert(
      fc.asyncProperty(reaches, fc.constantFrom("", ...TYPES), fc.integer({ min: 1, max: 3 }), async (reach, type, size) => {
        const wanted = kept.filter((one) => (type === "" || one.type === type) && allows(reach, one, "s"));
        const seen: string[] = [];
        let after: HistoryMark | undefined;
        do {
          const answer = await ask({ kind: "history", type, params: [["_count", String(size)]], after }, reach);
          seen.push(...(answer?.history ?? []).map(({ answer: one }) => one.reference ?? ""));
          after = answer?.following;
        } while (after !== undefined);
        expect([...new Set(seen)].toSorted()).toEqual(wanted.map((one) => `${one.type}/${one.id}`).toSorted());
      }),
      { numRuns: 25 },
    );
  });

  test("$everything shows what they may search for, each once", async () => {
    await fc.assert(
      fc.asyncProperty(reaches, fc.integer({ min: 1, max: 5 }), async (reach, size) => {
        const wanted = kept.filter((one) => allows(reach, one, "s")).map((one) => `${one.type}/${one.id}`);
        const seen: string[] = [];
        let after: EverythingMark | undefined;
        do {
          const params: [string, string][] = [
            ["_count", String(size)],
            ["_type", TYPES.join(",")],
          ];
          const actor: PersonActor = { kind: "person", person, session, reach };
          const answer = await vaultOf(env, person)
            .fhirOperation(actor, { kind: "everything", id: person.replaceAll("_", "-"), params, after })
            .catch((error: unknown) => {
              if (isProblem(error) && error.code === "forbidden") return undefined;
              throw error;
            });
          seen.push(...(answer?.entries ?? []).map(({ reference }) => reference));
          after = answer?.next;
        } while (after !== undefined);
        expect(seen.toSorted()).toEqual(wanted.toSorted());
      }),
      { numRuns: 25 },
    );
  });

  test("a condition on another resource is no way to learn of it", async () => {
    const provenances = kept.filter(({ type }) => type === "Provenance");
    const observations = kept.filter(({ type }) => type === "Observation");
    await fc.assert(
      fc.asyncProperty(reaches, async (reach) => {
        for (const [i, provenance] of provenances.entries()) {
          const has = await search("Observation", [["_has:Provenance:target:_id", provenance.id]], reach);
          if (!allows(reach, provenance, "s")) expect(referencesOf(has)).toEqual([]);
          const observation = observations[i]!;
          const chained = await search("Provenance", [["target:Observation.category", `${CATEGORY}|${observation.category}`]], reach);
          if (!allows(reach, observation, "s")) expect(referencesOf(chained)).toEqual([]);
        }
      }),
      { numRuns: 25 },
    );
  });

  test("entries of a batch are decided as if each came alone", async () => {
    await fc.assert(
      fc.asyncProperty(reaches, async (reach) => {
        const entry = kept.map(({ type, id }) => ({ request: { method: "GET", url: `${type}/${id}` } }));
        const answer = await ask({ kind: "bundle", bundle: JSON.stringify({ resourceType: "Bundle", type: "batch", entry }) }, reach);
        expect((answer?.bundle?.answers ?? []).map(({ json }) => json !== undefined)).toEqual(kept.map((one) => allows(reach, one, "r")));
      }),
      { numRuns: 25 },
    );
  });

  test("deleting and changing need their own letters", async () => {
    await fc.assert(
      fc.asyncProperty(reaches, async (reach) => {
        const [one] = kept;
        if (one === undefined) throw new Error("nothing is kept");
        const { type, id } = one;
        const before = await ask({ kind: "read", type, id });
        if (!allows(reach, one, "d")) expect(await ask({ kind: "delete", type, id }, reach)).toBeUndefined();
        if (!allows(reach, one, "u"))
          expect(
            await ask({ kind: "patch", type, id, patch: '[{"op":"replace","path":"/valueString","value":"changed"}]' }, reach),
          ).toBeUndefined();
        expect((await ask({ kind: "read", type, id }))?.json).toBe(before?.json);
      }),
      { numRuns: 25 },
    );
  });
});

test.each([
  ["c", "create", true],
  ["c", "update", false],
  ["u", "create", false],
  ["u", "update", true],
] as const)("with the letter %s alone, making something new by %s works: %s", async (interactions, kind, works) => {
  const reach: Reach = { grants: [{ type: "MedicationStatement", interactions }] };
  const id = crypto.randomUUID();
  const resource = JSON.stringify({
    resourceType: "MedicationStatement",
    ...(kind === "update" && { id }),
    status: "active",
    medicationCodeableConcept: { text: "Something taken" },
    subject: { reference: `Patient/${person.replaceAll("_", "-")}` },
  });
  const request: FhirRequest =
    kind === "create" ? { kind, type: "MedicationStatement", resource } : { kind, type: "MedicationStatement", id, resource };
  expect((await ask(request, reach))?.status).toBe(works ? 201 : undefined);
});
