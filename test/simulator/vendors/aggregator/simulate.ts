/** A network of laboratories and devices by the contract of docs/aggregators.md: a link, and signed messages with what it has of a person. */
import { createHmac } from "node:crypto";
import type { Person } from "../../person.ts";
import { dayOf } from "../../person/civil.ts";
import type { JsonObject } from "../../person/wire.ts";
import { randomId } from "../../server/state.ts";
import type { State } from "../../server/state.ts";
import { lifeOf, localIso } from "../life.ts";
import { authorize, caller, endGrantOf, token } from "../oauth.ts";
import type { OAuthRules } from "../oauth.ts";
import { sendHook } from "../send.ts";
import { Refusal, storeOf } from "../vendor.ts";
import type { HookTamper, SimulatedVendor } from "../vendor.ts";

const RULES: OAuthRules = {
  id: "aggregator",
  scopes: ["all"],
  clientAuth: "basic",
  refresh: "none",
  withoutScopes: true,
  challenge: "required",
  lifeSeconds: 315_360_000,
  more: (person) => ({ user: userOf(person) }),
};
/** What the operator has entered at the network and in Meridian: `whsec_` and this in base 64. */
const SECRET = "meridian-local-webhook-secret";
const userOf = (person: Person): string => `net-${person.healthUserId}`;

async function send(state: State, type: string, data: JsonObject, tamper: HookTamper | undefined): Promise<void> {
  const url = storeOf(state, RULES.id).dashboardUrl;
  if (url === undefined) return;
  const id = `msg_${randomId(12)}`;
  await sendHook(state, {
    vendor: RULES.id,
    url,
    body: JSON.stringify({ type, timestamp: new Date(state.clock.now()).toISOString(), data }),
    topic: type,
    tamper,
    sign: (body, nowMs) => {
      const timestamp = String(Math.floor(nowMs / 1000));
      const signature = createHmac("sha256", SECRET).update(`${id}.${timestamp}.${body}`).digest("base64");
      return { "webhook-id": id, "webhook-timestamp": timestamp, "webhook-signature": `v1,${signature}` };
    },
  });
}

/** A weight and a laboratory result of now, and what the watch has of the day. */
async function deliver(state: State, person: Person, atMs: number, tamper: HookTamper | undefined): Promise<void> {
  const at = localIso(person, atMs);
  const observation = (code: string, category: string, value: number, unit: string): JsonObject => ({
    resource: {
      resourceType: "Observation",
      id: `${code}-${atMs}`,
      status: "final",
      category: [{ coding: [{ system: "http://terminology.hl7.org/CodeSystem/observation-category", code: category }] }],
      code: { coding: [{ system: "http://loinc.org", code }] },
      subject: { reference: `Patient/${userOf(person)}` },
      effectiveDateTime: at,
      valueQuantity: { value, unit, system: "http://unitsofmeasure.org", code: unit },
    },
  });
  const bundle = {
    resourceType: "Bundle",
    type: "collection",
    entry: [observation("29463-7", "vital-signs", person.weightKg, "kg"), observation("2276-4", "laboratory", 88, "ng/mL")],
  };
  await send(state, "data.fhir", { user: userOf(person), payload: bundle }, tamper);
  const { minutes } = lifeOf(state, RULES.id, person, dayOf(person.zone, atMs) - 1);
  const points = minutes
    .filter((_, i) => i % 30 === 0)
    .map((minute) => ({
      header: { id: `hr-${minute.startMs}`, creation_date_time: at, schema_id: { namespace: "omh", name: "heart-rate", version: "2.0" } },
      body: {
        heart_rate: { value: Math.round(minute.heart), unit: "beats/min" },
        effective_time_frame: { date_time: localIso(person, minute.startMs) },
      },
    }));
  await send(state, "data.open-mhealth", { user: userOf(person), payload: points }, tamper);
}

export const AGGREGATOR: SimulatedVendor = {
  id: RULES.id,
  route(state, call) {
    const { method, path } = call;
    if (method === "GET" && path === "/link") return authorize(state, RULES, call);
    if (method === "POST" && path === "/link/token") return token(state, RULES, call);
    if (method !== "DELETE" || !path.startsWith("/link/users/")) throw new Refusal(404, {});
    const person = caller(state, RULES, call);
    if (path !== `/link/users/${userOf(person)}`) throw new Refusal(404, {});
    endGrantOf(state, RULES.id, (call.headers["authorization"] ?? "").replace(/^Bearer\s+/i, ""));
    return { status: 204 };
  },
  async notify(state, person, workout, tamper) {
    await deliver(state, person, workout.endMs, tamper);
  },
};
