import { env } from "cloudflare:workers";
import fc from "fast-check";
import { beforeAll, describe, expect, test } from "vitest";
import type { Mark } from "../../durable-objects/vault/fhir/stored/search";
import { registerPerson, type RegisteredPerson } from "../../test/people";
import type { PersonActor } from "../../shared/context";
import { newId } from "../../shared/id";
import { vaultOf } from "../regional";

/** Orders, modifiers and histories of what is stored. */
let ada: RegisteredPerson;
let actor: PersonActor;

interface Condition {
  readonly id: string;
  readonly code: string | undefined;
  readonly recorded: string | undefined;
}

const CONDITIONS: readonly Condition[] = ["b", "a", undefined, "c", "b", "a", undefined].map((code, i) => ({
  id: `condition-${i}`,
  code,
  recorded: i % 3 === 0 ? undefined : `2026-0${1 + (i % 4)}-01`,
}));

async function send(method: string, path: string, body?: object) {
  const response = await ada.fetch(`/fhir/r4${path}`, {
    method,
    ...(body !== undefined && { headers: { "content-type": "application/fhir+json" }, body: JSON.stringify(body) }),
  });
  const text = await response.text();
  return { status: response.status, body: (text === "" ? {} : JSON.parse(text)) as Body };
}
interface Body {
  readonly total?: number;
  readonly link?: readonly { readonly relation: string; readonly url: string }[];
  readonly entry?: readonly {
    readonly resource?: { readonly id: string; readonly resourceType: string; readonly meta: { readonly versionId: string } };
    readonly request?: { readonly method: string; readonly url: string };
    readonly response?: { readonly status: string; readonly lastModified: string };
  }[];
}
const idsOf = ({ entry = [] }: Body) => entry.map(({ resource }) => resource?.id);
const found = async (path: string) => {
  const { status, body } = await send("GET", path);
  expect(status, JSON.stringify(body)).toBe(200);
  return idsOf(body);
};

beforeAll(async () => {
  ada = await registerPerson("eu");
  actor = { kind: "person", person: ada.person.id, session: newId("session", "eu", Date.now()) };
  const subject = { reference: `Patient/${ada.person.id.replaceAll("_", "-")}` };
  for (const { id, code, recorded } of CONDITIONS) {
    const made = await send("PUT", `/Condition/${id}`, {
      resourceType: "Condition",
      id,
      subject,
      ...(code !== undefined && {
        code: { coding: [{ system: "https://a.example", code, display: `Kind ${code} of ache` }], text: "Überall" },
      }),
      ...(recorded !== undefined && { recordedDate: recorded }),
      identifier: [{ type: { coding: [{ system: "https://a.example/types", code: "MR" }] }, system: "https://a.example/ids", value: id }],
      clinicalStatus: { coding: [{ system: "http://terminology.hl7.org/CodeSystem/condition-clinical", code: "active" }] },
    });
    expect(made.status, JSON.stringify(made.body)).toBe(201);
  }
});

describe("_sort", () => {
  const KEYS = { code: (one: Condition) => one.code, "recorded-date": (one: Condition) => one.recorded, _id: (one: Condition) => one.id };
  type Name = keyof typeof KEYS;
  const sorts = fc.uniqueArray(fc.tuple(fc.constantFrom(...(Object.keys(KEYS) as Name[])), fc.boolean()), {
    minLength: 1,
    maxLength: 3,
    selector: ([name]) => name,
  });

  test("puts resources into the order of its keys, those without a value last, the same by pages of any size", async () => {
    await fc.assert(
      fc.asyncProperty(sorts, fc.integer({ min: 1, max: 4 }), async (keys, size) => {
        const model = [...CONDITIONS].toSorted((a, b) => {
          for (const [name, isDescending] of keys) {
            const [one, other] = [KEYS[name](a), KEYS[name](b)];
            if (one === other) continue;
            if (one === undefined || other === undefined) return one === undefined ? 1 : -1;
            return (one < other ? -1 : 1) * (isDescending ? -1 : 1);
          }
          return 0;
        });
        const text = keys.map(([name, isDescending]) => `${isDescending ? "-" : ""}${name}`).join(",");
        const seen: string[] = [];
        let after: Mark | undefined;
        do {
          const params: [string, string][] = [
            ["_sort", text],
            ["_count", String(size)],
          ];
          const { page } = await vaultOf(env, ada.person.id).fhir(actor, {
            kind: "search",
            type: "Condition",
            params,
            lenient: false,
            after,
          });
          seen.push(...(page?.entries ?? []).map(({ reference }) => reference.split("/")[1] ?? ""));
          after = page?.next;
        } while (after !== undefined);
        expect(seen).toEqual(model.map(({ id }) => id));
      }),
      { numRuns: 30 },
    );
  });

  test("orders what is stored and what is built together", async () => {
    const ids = await found("/Patient?_sort=-_lastUpdated,name");
    expect(ids).toEqual([ada.person.id.replaceAll("_", "-")]);
  });

  test("by what is no search parameter is refused", async () => {
    expect((await send("GET", "/Condition?_sort=code,taste")).status).toBe(400);
  });
});

describe("modifiers", () => {
  test.each([
    ["code:text=kind%20b", ["condition-0", "condition-4"]],
    ["code:text=ACHE&code=a", ["condition-1", "condition-5"]],
    ["code:text=uberall&code=c", ["condition-3"]],
    ["identifier:of-type=https://a.example/types|MR|condition-2", ["condition-2"]],
    ["identifier:of-type=https://a.example/other|MR|condition-2", []],
    ["clinical-status:in=http://hl7.org/fhir/ValueSet/condition-clinical&_id=condition-1", ["condition-1"]],
    ["clinical-status:not-in=http://hl7.org/fhir/ValueSet/condition-clinical", []],
  ])("%s finds what it says", async (query, wanted) => {
    expect((await found(`/Condition?${query}&_sort=_id`)).toSorted()).toEqual(wanted);
  });

  test.each(["code:below=1", "code:above=1", "code:in=https://a.example/ValueSet/1", "identifier:of-type=1"])(
    "%s is refused with a reason: there is no terminology server",
    async (query) => {
      expect((await send("GET", `/Condition?${query}`)).status).toBe(400);
    },
  );

  test("an address finds what is below and above it", async () => {
    const url = "https://a.example/questions/one";
    const item = [{ linkId: "1", type: "string" }];
    const made = await send("POST", "/Questionnaire", { resourceType: "Questionnaire", status: "active", url, item });
    const { id } = made.body as { id?: string };
    expect(made.status).toBe(201);
    expect(await found("/Questionnaire?url:below=https://a.example/questions")).toEqual([id]);
    expect(await found("/Questionnaire?url:above=https://a.example/questions/one/version/2")).toEqual([id]);
    expect(await found("/Questionnaire?url:above=https://a.example/questions")).toEqual([]);
  });
});

describe("a history", () => {
  const all = async (path: string): Promise<string[]> => {
    const seen: string[] = [];
    let next: string | undefined = `/fhir/r4${path}`;
    while (next !== undefined) {
      const response: Response = await ada.fetch(next);
      expect(response.status).toBe(200);
      const body: Body = await response.json();
      seen.push(
        ...(body.entry ?? []).map(
          ({ request, resource }) => `${request?.method} ${resource?.id ?? request?.url} ${resource?.meta.versionId ?? "-"}`,
        ),
      );
      const link: string | undefined = body.link?.find(({ relation }) => relation === "next")?.url;
      next = link === undefined ? undefined : new URL(link).pathname + new URL(link).search;
    }
    return seen;
  };

  test("of a type and of everything tells each version once, deletions too, by pages; and nothing that is built", async () => {
    const eat = { resourceType: "NutritionOrder" };
    expect((await send("POST", "/NutritionOrder", eat)).status).toBeGreaterThanOrEqual(400);
    const task = { resourceType: "Goal", id: "goal", lifecycleStatus: "active", description: { text: "Walk" }, subject: { display: "me" } };
    await send("PUT", "/Goal/goal", task);
    await send("PUT", "/Goal/goal", { ...task, lifecycleStatus: "completed" });
    await send("DELETE", "/Goal/goal");
    await send("PUT", "/Goal/goal", task);
    const wanted = ["PUT goal 4", "DELETE Goal/goal -", "PUT goal 2", "PUT goal 1"];
    expect(await all("/Goal/_history?_count=1")).toEqual(wanted);
    expect(await all("/Goal/goal/_history?_count=3")).toEqual(wanted);
    expect((await all("/_history?_count=2")).slice(0, 4)).toEqual(wanted);
    expect(await all("/_history")).toHaveLength(wanted.length + CONDITIONS.length + 1);
    expect(await all(`/Goal/_history?_since=${new Date(Date.now() + 60_000).toISOString()}`)).toEqual([]);
    expect(await all("/Goal/_history?_at=2020-01-01")).toEqual([]);
    expect((await all(`/Goal/_history?_at=${new Date(Date.now() + 60_000).toISOString()}`)).length).toBe(1);
    expect((await send("GET", "/Goal/_history?_sort=date")).status).toBe(400);
  });

  test("goes on with its own cursor alone", async () => {
    const { body } = await send("GET", "/Condition/_history?_count=1");
    const url = new URL(body.link?.find(({ relation }) => relation === "next")?.url ?? "");
    expect((await send("GET", `/Goal/_history${url.search}`)).status).toBe(422);
  });
});

test("combined parameters of Observation find what is in it and in its components, and an id can be left out", async () => {
  const subject = { reference: `Patient/${ada.person.id.replaceAll("_", "-")}` };
  const category = [{ coding: [{ system: "http://terminology.hl7.org/CodeSystem/observation-category", code: "vital-signs" }] }];
  const loinc = (code: string, text: string) => ({ coding: [{ system: "http://loinc.org", code }], text });
  const amount = (value: number, unit: string, code = unit) => ({ value, unit, system: "http://unitsofmeasure.org", code });
  const vital = { resourceType: "Observation", status: "final", category, subject, effectiveDateTime: "2026-11-20T07:00:00Z" };
  for (const observation of [
    { ...vital, id: "combo-weight", code: loinc("29463-7", "Body weight"), valueQuantity: amount(71, "kg") },
    {
      ...vital,
      id: "combo-pressure",
      code: loinc("85354-9", "Blood pressure panel"),
      component: [
        { code: loinc("8480-6", "Systolic"), valueQuantity: amount(121, "mmHg", "mm[Hg]") },
        { code: loinc("8462-4", "Diastolic"), valueQuantity: amount(79, "mmHg", "mm[Hg]") },
      ],
    },
  ])
    expect(await send("PUT", `/Observation/${observation.id}`, observation)).toMatchObject({ status: 201 });
  const both = ["combo-pressure", "combo-weight"];
  expect(await found("/Observation?combo-code=8480-6")).toEqual(["combo-pressure"]);
  expect(await found("/Observation?combo-code=http://loinc.org|29463-7")).toEqual(["combo-weight"]);
  expect((await found("/Observation?combo-code=8462-4,29463-7")).toSorted()).toEqual(both);
  expect(await found("/Observation?combo-code:text=systolic")).toEqual(["combo-pressure"]);
  expect(await found("/Observation?combo-code:not=8480-6")).toEqual(["combo-weight"]);
  expect(await found("/Observation?combo-value-quantity=gt100")).toEqual(["combo-pressure"]);
  expect(await found("/Observation?combo-code-value-quantity=29463-7$71||kg")).toEqual(["combo-weight"]);
  expect(await found("/Observation?combo-code-value-quantity=8462-4$gt100")).toEqual([]);
  expect((await found("/Observation?combo-data-absent-reason:missing=true")).toSorted()).toEqual(both);
  expect(await found("/Observation?_sort=combo-value-quantity,_id&_count=1")).toEqual(["combo-weight"]);
  expect(await found("/Observation?_id:not=combo-weight&_id:missing=false&_lastUpdated:missing=false")).toEqual(["combo-pressure"]);
  expect(await found("/Observation?_id:missing=true")).toEqual([]);
});
