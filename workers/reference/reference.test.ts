import { env } from "cloudflare:workers";
import { runDurableObjectAlarm } from "cloudflare:test";
import { expect, test } from "vitest";
import type { ImportId } from "../../shared/id";
import { registerPerson } from "../../test/people";
import { somebody, type Somebody } from "../../test/staff";
import { importerOf } from "../regional";

type Asker = Pick<Somebody, "fetch">;

async function ask(person: Asker, method: string, path: string, body?: unknown) {
  const init = body === undefined ? {} : { body: JSON.stringify(body), headers: { "content-type": "application/json" } };
  const response = await person.fetch(`/v1/reference/${path}`, { method, ...init });
  return {
    status: response.status,
    body: (await response.json()) as { key: string; items: { key: string }[]; next: string | null } & Record<string, unknown>,
  };
}

const keys = ({ body }: { body: { items: { key: string }[] } }) => body.items.map(({ key }) => key);

test("laboratory tests and types of activities are found by name, code and group, in pages", async () => {
  const person = await registerPerson("eu");
  expect(keys(await ask(person, "GET", "lab-tests?q=bun"))).toEqual(["urea_nitrogen"]);
  expect(keys(await ask(person, "GET", "lab-tests?q=4548-4"))).toEqual(["hba1c"]);
  expect(keys(await ask(person, "GET", "lab-tests?group=lipids&q=hdl"))).toEqual(["cholesterol_hdl", "cholesterol_non_hdl"]);
  expect((await ask(person, "GET", "lab-tests/glucose")).body).toMatchObject({
    unit: "mg/dL",
    otherUnits: [{ unit: "mmol/L" }],
    isAdded: false,
  });
  const first = await ask(person, "GET", "lab-tests?limit=2");
  const second = await ask(person, "GET", `lab-tests?limit=2&cursor=${first.body.next}`);
  expect([...keys(first), ...keys(second)]).toEqual(["albumin", "albumin_creatinine_urine", "alp", "alt"]);
  expect(keys(await ask(person, "GET", "activity-types?q=zumba"))).toEqual(["cardio_dance"]);
});

test("administrators of a region add to them, for their region alone, and results are read by what they added", async () => {
  const admin = await somebody("us", { roles: ["user", "admin"], acr: "aal2" });
  const [here, elsewhere] = [await registerPerson("us"), await registerPerson("eu")];
  const copper = {
    key: `copper_${crypto.randomUUID().slice(0, 8)}`,
    title: "Copper",
    group: "micronutrients",
    unit: "ug/dL",
    bounds: [1, 1_000],
  };
  expect((await ask(here, "POST", "lab-tests", copper)).status).toBe(403);
  expect((await ask(await somebody("us", { roles: ["admin"], acr: "aal1" }), "POST", "lab-tests", copper)).status).toBe(403);
  expect(await ask(admin, "POST", "lab-tests", copper)).toMatchObject({ status: 201, body: { isAdded: true, edition: 1, ranges: [] } });
  expect((await ask(admin, "POST", "lab-tests", copper)).status).toBe(409);
  expect((await ask(admin, "POST", "lab-tests", { ...copper, key: "glucose" })).status).toBe(409);
  expect((await ask(admin, "POST", "lab-tests", { ...copper, key: "other", loinc: ["2345-7"] })).status).toBe(409);
  expect((await ask(admin, "POST", "lab-tests", { ...copper, key: "other", unit: "furlong" })).status).toBe(422);
  expect((await ask(admin, "PATCH", "lab-tests/glucose", { title: "Sugar" })).status).toBe(403);
  expect((await ask(admin, "PATCH", `lab-tests/${copper.key}`, { title: "Copper, serum" })).body).toMatchObject({
    edition: 2,
    unit: "ug/dL",
  });
  expect((await ask(here, "GET", `lab-tests/${copper.key}`)).body).toMatchObject({ title: "Copper, serum" });
  expect((await ask(elsewhere, "GET", `lab-tests/${copper.key}`)).status).toBe(404);

  const result = { test: copper.key, collectedAt: "2026-11-20", value: 0.9, unit: "ug/mL" };
  const enter = async (person: Asker, value: number) =>
    await person.fetch("/v1/me/lab-results", {
      method: "POST",
      body: JSON.stringify({ ...result, value }),
      headers: { "content-type": "application/json" },
    });
  expect(await (await enter(here, 0.9)).json()).toMatchObject({
    test: copper.key,
    title: "Copper, serum",
    canonical: { number: 90, unit: "ug/dL" },
  });
  expect([(await enter(here, 0.9e3)).status, (await enter(elsewhere, 0.9)).status]).toEqual([422, 422]);
});

test("results of an import are read by a test that administrators added, whether it is told by code or by name", async () => {
  const admin = await somebody("us", { roles: ["user", "admin"], acr: "aal2" });
  const person = await registerPerson("us");
  const word = crypto.randomUUID().slice(0, 8);
  const code = `9${String(Math.floor(Math.random() * 9_000) + 1_000)}-0`;
  const zinc = { key: `zinc_${word}`, title: `Zinc ${word}`, group: "micronutrients", unit: "ug/dL", loinc: [code], bounds: [1, 1_000] };
  expect((await ask(admin, "POST", "lab-tests", zinc)).status).toBe(201);
  const text = `analyte,loinc,value,unit,date\nSomething,${code},0.9,ug/mL,2026-11-20\nzinc ${word},,95,ug/dL,2026-11-21\n`;
  const made = await person.fetch("/v1/imports?kind=labs-csv", { method: "POST", body: text, headers: { "content-type": "text/csv" } });
  const { id } = (await made.json()) as { id: string };
  for (let turn = 0; turn < 20; turn++) {
    const { state } = (await (await person.fetch(`/v1/imports/${id}`)).json()) as { state: string };
    if (state === "done") break;
    await runDurableObjectAlarm(importerOf(env, id as ImportId));
  }
  const { items } = (await (await person.fetch(`/v1/me/lab-results?test=${zinc.key}`)).json()) as { items: unknown[] };
  expect(items).toMatchObject([
    { title: zinc.title, canonical: { number: 95, unit: "ug/dL" } },
    { title: zinc.title, canonical: { number: 90, unit: "ug/dL" } },
  ]);
});

test("a type of activity is added once", async () => {
  const admin = await somebody("ap", { roles: ["user", "admin"], acr: "aal2" });
  const key = `boule_${crypto.randomUUID().slice(0, 8)}`;
  expect((await ask(admin, "POST", "activity-types", { key, title: "Boule" })).status).toBe(201);
  expect((await ask(admin, "POST", "activity-types", { key, title: "Boule" })).status).toBe(409);
  expect((await ask(admin, "PATCH", `activity-types/${key}`, { synonyms: ["bocce"] })).body).toMatchObject({
    title: "Boule",
    synonyms: ["bocce"],
  });
  expect(keys(await ask(admin, "GET", "activity-types?q=bocce&limit=200"))).toContain(key);
});
