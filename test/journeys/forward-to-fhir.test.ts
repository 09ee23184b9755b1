import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { z } from "zod";
import { type FhirListener, listenFhir } from "../fixtures/fhir-listener.ts";
import { Meridian } from "./harness.ts";
import { Client } from "./person.ts";
import { healthConnectPush } from "./pushes.ts";

let meridian: Meridian;
let clinic: FhirListener;
let ada: Client;

const target = z.object({ id: z.string(), sent: z.number(), open: z.number(), dead: z.number() });
const PATIENCE = { timeout: 90_000, interval: 250 };

beforeAll(async () => {
  clinic = await listenFhir();
  meridian = await Meridian.start();
  ada = await Client.register(meridian);
});
afterAll(async () => {
  await meridian.dispose();
  await clinic.close();
});

test("what a phone pushed reaches the clinic once, through a failing server and a power cut", async () => {
  let refusals = 2;
  clinic.server.breaks(({ path }) => (path === "" && refusals-- > 0 ? 503 : undefined));
  const made = await ada.call("POST", "/v1/me/fhir-targets", { name: "Clinic", baseUrl: clinic.server.base });
  expect(made.status, JSON.stringify(made.body)).toBe(201);

  for (const hour of [0, 1, 2]) expect((await ada.call("POST", "/v1/ingest/health-connect", healthConnectPush(hour))).status).toBe(200);
  await meridian.cutPower();

  await vi.waitFor(() => expect(clinic.server.all("Observation")).toHaveLength(3), PATIENCE);
  expect(clinic.server.all("Patient")).toHaveLength(1);

  expect((await ada.call("POST", "/v1/ingest/health-connect", healthConnectPush(2))).status).toBe(200);
  expect((await ada.call("POST", `/v1/me/fhir-targets/${target.parse(made.body).id}/replay`, { scope: "all" })).status).toBe(202);
  await vi.waitFor(async () => {
    const [state] = z.object({ items: z.array(target) }).parse((await ada.call("GET", "/v1/me/fhir-targets")).body).items;
    expect(state).toMatchObject({ sent: 6, open: 0, dead: 0 });
  }, PATIENCE);
  expect(clinic.server.all("Observation")).toHaveLength(3);
});
