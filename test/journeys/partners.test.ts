import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { text } from "node:stream/consumers";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import * as z from "zod";
import { Clinic } from "../simulator/clinic/clinic.ts";
import { Meridian } from "./harness.ts";
import { Client } from "./person.ts";
import { healthConnectPush } from "./pushes.ts";
import { addSecondFactor } from "./second-factor.ts";

const PATIENCE = { timeout: 90_000, interval: 200 };
const withId = z.looseObject({ id: z.string() });
const listSchema = z.looseObject({ items: z.array(z.looseObject({ id: z.string().optional(), kind: z.string().optional() })) });

let meridian: Meridian;
let clinic: Clinic;
let owner: Client;
let ada: Client;
let secrets: Record<string, string> = {};
/** What the lines of the document stand for. */
const names: Record<string, string> = {};

/** The lines of docs/partners.md, each begun by `curl`, in their order. */
const lines = [...readFileSync("docs/partners.md", "utf8").matchAll(/^```sh\n(.*?)^```/gms)].flatMap(([, block = ""]) =>
  block.split(/^(?=curl )/m),
);

/** Types the next line of the document and reads what it prints. */
async function type<T>(begins: string, schema: z.ZodType<T>): Promise<T> {
  const line = lines.shift() ?? "";
  expect(line).toContain(begins);
  const shell = spawn("bash", ["-eu", "-c", line], { stdio: ["ignore", "pipe", "inherit"], env: { ...process.env, ...names } });
  const [printed] = await Promise.all([text(shell.stdout), once(shell, "close")]);
  const found = schema.safeParse(JSON.parse(printed));
  if (!found.success) throw new Error(`${begins} answered ${printed}`);
  return found.data;
}

beforeAll(async () => {
  meridian = await Meridian.start();
  clinic = await Clinic.start();
  owner = await Client.register(meridian);
  ada = await Client.register(meridian);
  secrets = await addSecondFactor(owner);
  Object.assign(names, {
    MERIDIAN: meridian.origin,
    OWNER: owner.accessToken,
    PERSON: ada.accessToken,
    PATIENT: ada.id.replaceAll("_", "-"),
    CLINIC: clinic.url,
    SHARED: clinic.shared,
    JWK: clinic.jwk,
  });
});
afterAll(async () => {
  await meridian.dispose({ ...secrets, "header of a Subscription": clinic.shared });
  await clinic.close();
});

test("a clinic signs in, is let in, and is told of vital signs as they come, through a power cut, under numbers without gaps", async () => {
  names["ORGANISATION"] = (await type("/v1/organisations", withId)).id;
  const { id: client } = await type("/clients", withId);
  names["ASSERTION"] = clinic.assertion(client, `${meridian.origin}/eu`);
  names["TOKEN"] = (await type("/oauth/token", z.looseObject({ access_token: z.string() }))).access_token;
  await type("/v1/me/consents", withId);
  await type("/fhir/r4/Subscription", withId);
  await vi.waitFor(() => expect(clinic.notifications.map(({ type: kind }) => kind)).toEqual(["handshake"]), PATIENCE);
  expect((await ada.call("POST", "/v1/ingest/health-connect", healthConnectPush(0))).status).toBe(200);
  await vi.waitFor(() => expect(clinic.notifications.flatMap(({ resources }) => resources)).toContain("Observation"), PATIENCE);
  const before = clinic.numbers.length;
  expect((await ada.call("POST", "/v1/ingest/health-connect", healthConnectPush(1))).status).toBe(200);
  await meridian.cutPower();
  await vi.waitFor(() => expect(clinic.numbers.length).toBeGreaterThan(before), PATIENCE);
  expect(clinic.numbers).toEqual(clinic.numbers.map((_, i) => i + 1));
  expect(clinic.refused).toEqual([]);
});

test("it sees its patient, warns and advises, and hears what they answer", async () => {
  clinic.secret = (await type("/webhooks", z.looseObject({ secret: z.string() }))).secret;
  secrets["secret of the clinic's webhook"] = clinic.secret.slice(6);
  const { items } = await type("/patients", z.looseObject({ items: z.array(z.looseObject({ lastDataAt: z.string() })) }));
  expect(items).toHaveLength(1);
  await type("/fhir/r4/Communication", withId);
  await type("/fhir/r4/CarePlan", withId);
  const inbox = await type("/v1/me/inbox?state=unread", listSchema);
  expect(inbox.items.map(({ kind }) => kind)).toEqual(["plan", "message"]);
  names["ENTRY"] = inbox.items[0]?.id ?? "";
  expect(await type("/answer", z.looseObject({ status: z.string() }))).toMatchObject({ status: "active" });
  expect(lines).toEqual([]);
  const seen = await fetch(`${meridian.origin}/fhir/r4/CarePlan?subject=Patient/${names["PATIENT"]}`, {
    headers: { authorization: `Bearer ${names["TOKEN"]}` },
  });
  expect(await seen.text()).toContain('"status":"active"');
});
