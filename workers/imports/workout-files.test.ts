import { gzipSync } from "node:zlib";
import { env } from "cloudflare:workers";
import { runDurableObjectAlarm } from "cloudflare:test";
import { expect, test } from "vitest";
import * as z from "zod";
import { fitRide } from "../../test/fixtures/fit-file";
import { gpxRide, tcxRide } from "../../test/fixtures/tracks";
import { zip } from "../../test/fixtures/zip";
import { registerPerson, type RegisteredPerson } from "../../test/people";
import { importSchema, startedImportSchema } from "./schemas";

const itemsShape = z.object({ items: z.array(z.looseObject({ id: z.string() })) });
const workoutShape = z.object({ route: z.array(z.object({ lat: z.number(), lon: z.number() })) });

async function importOnce(person: RegisteredPerson, kind: string, body: Uint8Array): Promise<z.infer<typeof importSchema>> {
  const headers = { "content-type": "application/octet-stream", "x-file-name": "file" };
  const response = await person.fetch(`/v1/imports?kind=${kind}`, { method: "POST", body, headers });
  const { id } = startedImportSchema.parse(await response.json());
  for (let turn = 0; turn < 50; turn++) {
    const found = importSchema.parse(await (await person.fetch(`/v1/imports/${id}`)).json());
    if (found.state !== "waiting" && found.state !== "running") return found;
    await runDurableObjectAlarm(env.IMPORTERS.getByName(id));
  }
  throw new Error("the import does not end");
}

async function itemsOf(person: RegisteredPerson, path: string): Promise<readonly { readonly id: string }[]> {
  return itemsShape.parse(await (await person.fetch(path)).json()).items;
}

const RANGE = "from=2026-01-01T00:00:00Z&to=2026-12-31T00:00:00Z";

test.each<[kind: string, what: string, content: () => Uint8Array, workouts: number]>([
  ["fit", "a FIT file", () => fitRide(120), 1],
  ["tcx", "a TCX file", () => new TextEncoder().encode(tcxRide(120)), 1],
  ["gpx", "a GPX file", () => new TextEncoder().encode(gpxRide(120)), 1],
  [
    "workout-files",
    "an archive of several",
    () =>
      zip([
        { name: "activities/1.fit", content: fitRide(40) },
        { name: "activities/2.tcx.gz", content: new Uint8Array(gzipSync(tcxRide(40, "2026-03-02T08:00:00Z"))) },
        { name: "activities/3.gpx", content: gpxRide(40, "2026-03-03T08:00:00Z") },
        { name: "profile.csv", content: "a,b" },
      ]),
    3,
  ],
])("%s: %s is imported, can be read, and changes nothing when it is imported again", async (kind, _what, content, workouts) => {
  const person = await registerPerson("eu");
  const first = await importOnce(person, kind, content());
  expect(first).toMatchObject({ state: "done", kind });
  const found = await itemsOf(person, `/v1/me/workouts?${RANGE}`);
  expect(found).toHaveLength(workouts);
  const one = workoutShape.parse(await (await person.fetch(`/v1/me/workouts/${found[0]?.id}`)).json());
  expect(one.route).toHaveLength(120 / workouts);
  expect(await itemsOf(person, `/v1/me/metrics/heart_rate?${RANGE}&resolution=raw`)).toHaveLength(120);
  const again = await importOnce(person, kind, content());
  expect(Object.entries(again.report?.byType ?? {}).filter(([, count]) => count.accepted > 0 || count.duplicate !== count.read)).toEqual(
    [],
  );
  expect(await itemsOf(person, `/v1/me/workouts?${RANGE}`)).toEqual(found);
});

test("a file of another kind is refused at once", async () => {
  const person = await registerPerson("eu");
  const headers = { "content-type": "application/octet-stream" };
  const response = await person.fetch("/v1/imports?kind=fit", { method: "POST", body: "<gpx/>", headers });
  expect(response.status).toBe(422);
  expect(await response.json()).toMatchObject({ code: "file_unreadable", detail: "The file is no FIT file." });
});
