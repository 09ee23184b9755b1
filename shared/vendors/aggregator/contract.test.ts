import { Webhook } from "standardwebhooks";
import { describe, expect, it } from "vitest";
import { BatchBuilder } from "../../health/batch";
import { newWebhookSecret } from "../../webhooks/signing";
import { accessTo, type VendorConfiguration } from "../access";
import type { HookCall, HookSecrets } from "../vendor";
import { networkModule } from "./contract";

const NETWORK = networkModule({ id: "blood-net", title: "Blood Net", origin: "https://api.blood-net.test" });
const NOW = Date.parse("2026-11-20T12:00:00Z");
const SECRET = newWebhookSecret();
const DELIVERY = { connection: "con_eu_1", syncedAt: NOW, timeZone: "Europe/Berlin" };
const secrets = (webhookSecret: string): HookSecrets => ({
  credentials: { clientId: "c", clientSecret: "s", more: { webhookSecret } },
  pathSecret: "p",
  subscriptionSecrets: [],
  subscriptionIds: [],
  verifyTink: async () => false,
});

function call(body: string, headers: Record<string, string> = {}): HookCall {
  const bytes = Uint8Array.from(new TextEncoder().encode(body));
  return { method: "POST", headers: new Headers(headers), query: new URLSearchParams(), body: bytes, now: NOW };
}

function signed(body: string, at = NOW, secret = SECRET): Record<string, string> {
  const signature = new Webhook(secret).sign("msg_1", new Date(at), body);
  return { "webhook-id": "msg_1", "webhook-timestamp": String(Math.floor(at / 1000)), "webhook-signature": signature };
}

const read = (body: unknown) => NETWORK.hook?.read(call(JSON.stringify(body)), secrets(SECRET));
const verdict = async (body: string, headers: Record<string, string>, secret = SECRET) =>
  await NETWORK.hook?.verify(call(body, headers), secrets(secret));

describe("messages of a network", () => {
  it("are believed where the other maker's library has signed them, now and over these bytes", async () => {
    expect(await verdict("{}", signed("{}"))).toBe("genuine");
    const { "webhook-signature": good = "", ...rest } = signed("{}");
    expect(await verdict("{}", { ...rest, "webhook-signature": `v1,AAAA v2,x ${good}` })).toBe("genuine");
    expect(await verdict("{ }", signed("{}"))).toBe("forged");
    expect(await verdict("{}", { ...signed("{}"), "webhook-id": "msg_2" })).toBe("forged");
    expect(await verdict("{}", signed("{}", NOW, newWebhookSecret()))).toBe("forged");
    expect(await verdict("{}", rest)).toBe("forged");
    expect(await verdict("{}", signed("{}"), "")).toBe("forged");
    expect(await verdict("{}", signed("{}", NOW - 6 * 60_000))).toBe("stale");
  });

  it("bring data, end a link, or are of a type that is not known yet", () => {
    const data = { user: "u-1", payload: { resourceType: "Bundle" } };
    expect(read({ type: "data.fhir", data })?.inline?.map(({ userId, resource }) => [userId, resource])).toEqual([
      ["u-1", "fhir"],
      ["u-1", "fhir-labs"],
    ]);
    expect(read({ type: "data.open-mhealth", data })?.inline).toMatchObject([{ userId: "u-1", resource: "open-mhealth" }]);
    expect(read({ type: "user.revoked", data: { user: "u-1" } })).toMatchObject({ ended: ["u-1"] });
    expect(read({ type: "order.shipped", data })).toEqual({ changes: [] });
    for (const body of [{}, { type: "data.fhir" }, { type: "data.fhir", data: {} }, { type: "data.fhir", data: { user: "" } }, [], null])
      expect(() => read(body)).toThrow(expect.objectContaining({ code: "malformed" }));
    expect(() => NETWORK.hook?.read(call(`"${"x".repeat(8_000_001)}"`), secrets(SECRET))).toThrow(
      expect.objectContaining({ code: "too_large" }),
    );
  });
});

describe("payloads of a network", () => {
  const observation = (id: string, loinc: string, value: number, unit: string, category: string) => ({
    resourceType: "Observation",
    id,
    status: "final",
    category: [{ coding: [{ system: "http://terminology.hl7.org/CodeSystem/observation-category", code: category }] }],
    code: { coding: [{ system: "http://loinc.org", code: loinc }], text: id },
    subject: { reference: "Patient/1" },
    effectiveDateTime: "2026-11-20T08:00:00+01:00",
    valueQuantity: { value, unit, system: "http://unitsofmeasure.org", code: unit },
  });
  const BUNDLE = {
    resourceType: "Bundle",
    type: "collection",
    entry: [
      { resource: observation("weight-1", "29463-7", 71.5, "kg", "vital-signs") },
      { resource: observation("ferritin-1", "2276-4", 88, "ng/mL", "laboratory") },
    ],
  };
  const page = (resource: string, reply: unknown) => {
    const into = new BatchBuilder();
    return { outcome: NETWORK.readPage(resource, reply, into, DELIVERY), batch: into.take() };
  };

  it("as FHIR are read as readings, and as laboratory results for whoever chose these", () => {
    const vitals = page("fhir", BUNDLE);
    expect(vitals.batch.sources).toMatchObject([{ vendor: "blood_net", connection: "con_eu_1" }]);
    expect(vitals.batch.readings.map(({ metric, value }) => [metric, value])).toEqual([["body_weight", 71.5]]);
    expect(vitals.outcome).toMatchObject({ newestAt: Date.parse("2026-11-20T07:00:00Z") });
    expect(vitals.outcome.labs).toBeUndefined();
    const labs = page("fhir-labs", BUNDLE);
    expect(labs.batch.readings).toEqual([]);
    expect(labs.outcome.labs?.results).toHaveLength(1);
    expect(() =>
      page("fhir", {
        resourceType: "Bundle",
        entry: [{ resource: { ...BUNDLE.entry[0]?.resource, subject: { reference: "Patient/2" } } }, BUNDLE.entry[1]],
      }),
    ).toThrow(expect.objectContaining({ code: "file_unreadable" }));
  });

  it("as data points of Open mHealth are read, and replaced by what was created later", () => {
    const point = (created: string, value: number) => ({
      header: { id: "p-1", creation_date_time: created, schema_id: { namespace: "omh", name: "heart-rate", version: "2.0" } },
      body: { heart_rate: { value, unit: "beats/min" }, effective_time_frame: { date_time: "2026-11-20T07:30:00Z" } },
    });
    const { batch, outcome } = page("open-mhealth", [
      point("2026-11-20T08:00:00Z", 61),
      point("2026-11-20T09:00:00Z", 62),
      { body: { heart_rate: 1 } },
      7,
    ]);
    expect(batch.series.flatMap(({ version }) => [...version])).toEqual([
      Date.parse("2026-11-20T08:00:00Z"),
      Date.parse("2026-11-20T09:00:00Z"),
    ]);
    expect(batch.sources).toMatchObject([{ vendor: "blood_net", connection: "con_eu_1" }]);
    expect(outcome).toMatchObject({ read: 4, rejected: { invalid: 1, unreadable: 1 } });
  });
});

describe("a network's origin", () => {
  const environment = (origin?: string) =>
    ({
      RESIDENCY: "on",
      VENDOR_CREDENTIALS: JSON.stringify({
        aggregator: {
          clientId: "c",
          clientSecret: "s",
          hookSecret: "h".repeat(16),
          webhookSecret: SECRET,
          ...(origin === undefined ? {} : { origin }),
        },
      }),
    }) as VendorConfiguration;
  const { vendor } = networkModule({ id: "aggregator", title: "Network" });

  it("is the configuration's alone, and there is no network without one", () => {
    expect(accessTo(environment("https://net.test"), vendor)?.hosts.token).toBe("https://net.test");
    for (const origin of [undefined, "http://net.test", "https://net.test/path", "net"])
      expect(accessTo(environment(origin), vendor)).toBeUndefined();
    const own = {
      credential: "vcr",
      organisation: "org",
      revision: 1,
      clientId: "o",
      clientSecret: "s",
      pathSecret: "p",
      more: { origin: "https://evil.test" },
    };
    expect(accessTo(environment("https://net.test"), vendor, own)).toMatchObject({
      hosts: { api: "https://net.test" },
      credentials: { clientId: "o" },
    });
  });
});
