import { newPointPair } from "../../shared/crypto/web-push";
import { env } from "cloudflare:workers";
import { expect } from "vitest";
import * as z from "zod";
import { DAY_MS, MINUTE_MS } from "../../shared/clock";
import { WHOLE_REACH } from "../../shared/fhir/reach";
import { newId, systemRandom } from "../../shared/id";
import { vaultOf } from "../../workers/regional";
import { Authenticator } from "../authenticator";
import { newKey, withTwoFactors } from "../partners";
import { ORIGIN, type RegisteredPerson, registerPerson } from "../people";
import { somebody } from "../staff";
import type { Operation } from "./document";
import { collectionOf, isWord } from "./request";

const withId = z.looseObject({ id: z.string() });
const listSchema = z.looseObject({ items: z.array(withId).min(1) });
const bundleSchema = z.looseObject({ entry: z.array(z.looseObject({ resource: withId })).min(1) });
const creationSchema = z.looseObject({ challenge: z.string(), user: z.looseObject({ id: z.string() }) });

const AT = "2026-11-20T07:30:00Z";
const SPAN = "from=2026-11-20T00:00:00Z&to=2026-11-21T00:00:00Z";

/** What the owner of an account sees of it: read again after an attack, it must be the same. */
const VIEWS = [
  "/v1/me",
  "/v1/me/metrics",
  `/v1/me/metrics/body_weight?resolution=raw&${SPAN}`,
  `/v1/me/workouts?${SPAN}`,
  "/v1/me/sources",
  "/v1/me/source-priorities",
  "/v1/me/gaps",
  "/v1/me/quarantine",
  "/v1/me/metrics/body_weight/sources?from=2026-11-20&to=2026-11-20",
  "/v1/imports",
  "/v1/integrations/vendors",
  "/v1/me/fhir-targets",
  "/v1/sessions",
  "/v1/me/api-keys",
  "/v1/me/passkeys",
  "/v1/me/consents",
  "/v1/organisations",
  "/v1/me/exports",
  "/v1/me/emergency-accesses",
  "/v1/me/lab-results",
  "/v1/me/lab-reports",
  "/v1/me/conditions",
  "/v1/me/medications",
  "/v1/me/allergies",
  "/v1/me/immunizations",
  "/v1/me/procedures",
  "/v1/me/webhooks",
  "/v1/me/apps",
  "/v1/me/inbox",
  "/v1/me/rooms",
  "/v1/me/friends",
  "/v1/me/friend-requests",
  "/v1/me/blocks",
  "/v1/me/follows",
  "/v1/me/followers",
  "/v1/groups",
  "/v1/me/achievements",
  "/v1/me/achievement-settings",
  "/v1/me/wallet",
  "/v1/me/wallet/transactions",
  "/v1/me/wallet/vouchers",
  "/v1/me/challenges",
  "/v1/challenges?scope=own",
  "/v1/me/feed",
  "/v1/me/social-profile",
  "/v1/me/invitations",
  "/v1/me/buddies",
  "/v1/me/notification-preferences",
  "/v1/me/push-subscriptions",
  "/v1/me/devices",
] as const;

/**
 * Path parts whose ids count within what is the caller's own: everybody may have a first source in their vault, and in their lists of people
 * anybody may stand.
 */
const WITHIN_THE_VAULT: ReadonlySet<string> = new Set([
  "readings",
  "sources",
  "workouts",
  "gaps",
  "quarantine",
  "friends",
  "friend-requests",
  "blocks",
  "follows",
  "followers",
  "buddies",
]);

/** A person who owns one of everything that a path can name. */
export interface Owner {
  readonly person: RegisteredPerson;
  /** The name of their device, which nobody else may read. */
  readonly device: string;
  /** Their ids, by the part of the path before the id. */
  readonly ids: Readonly<Record<string, string>>;
  /** Everything they own as they see it, as text. */
  readonly view: () => Promise<string>;
}

/** Registers a person and makes one of everything through the API. `friend` is given a consent. */
export async function ownerOfEverything(person: RegisteredPerson, friend: RegisteredPerson, session: string): Promise<Owner> {
  const device = `Watch ${crypto.randomUUID()}`;
  // Adding a passkey ends all other sessions, so it comes first.
  const passkey = await addPasskey(person);
  await pushData(person, device);
  await missAWalk(person, device);
  const [readings, workouts, sources, observations, devices, patients] = await Promise.all([
    firstOf(person, `/v1/me/metrics/body_weight?resolution=raw&${SPAN}`),
    firstOf(person, `/v1/me/workouts?${SPAN}`),
    firstOf(person, "/v1/me/sources"),
    firstResourceOf(person, "Observation"),
    firstResourceOf(person, "Device"),
    firstResourceOf(person, "Patient"),
  ]);
  const research = await closedProgramme(person);
  const clinician = await somebody("us", { roles: ["clinician"], acr: "aal2" });
  const consent = {
    grantee: { kind: "person", id: friend.person.id },
    role: "user",
    categories: ["vitals"],
    actions: ["read"],
    purpose: "personal",
  };
  const founder = await withTwoFactors(person);
  const organisation = await make(founder, "/v1/organisations", { name: device });
  const { jwk } = await newKey("ES256");
  const reward = await make(founder, `/v1/organisations/${organisation}/rewards`, {
    kind: "free_session",
    title: device,
    description: "On the house.",
    terms: { sessions: 1 },
    price: { unit: "points", amount: 0 },
  });
  const webhook = await testedWebhook(person, device);
  const vendor = await make(person, "/v1/integrations/vendors/select", { vendor: "google-health" });
  const report = await uploadReport(person);
  // Nobody listens there.
  const target = await make(person, "/v1/me/fhir-targets", { name: device, baseUrl: "http://127.0.0.1:1/fhir", auth: { kind: "none" } });
  const post = await make(person, "/v1/me/posts", { text: device });
  const ids = {
    people: person.person.id,
    organisations: organisation,
    members: person.person.id,
    friends: person.person.id,
    "friend-requests": person.person.id,
    requests: person.person.id,
    blocks: person.person.id,
    follows: person.person.id,
    followers: person.person.id,
    bans: person.person.id,
    buddies: person.person.id,
    posts: post,
    comments: await make(person, `/v1/posts/${post}/comments`, { text: device }),
    invitations: await make(person, "/v1/me/invitations", {}),
    reports: newId("report", person.person.region, Date.now(), systemRandom),
    groups: await make(person, "/v1/groups", { name: device, joining: "invitation" }),
    "vendor-credentials": await registered(founder, organisation),
    clients: await make(founder, `/v1/organisations/${organisation}/clients`, { name: device, scopes: ["read:*"], jwks: { keys: [jwk] } }),
    apps: await make(founder, `/v1/organisations/${organisation}/apps`, {
      name: device,
      method: "none",
      redirectUris: ["https://app.example/callback"],
    }),
    sessions: session,
    passkeys: passkey,
    readings,
    workouts,
    sources,
    gaps: await firstOf(person, "/v1/me/gaps"),
    quarantine: await firstOf(person, "/v1/me/quarantine"),
    Observation: observations,
    "{type}": observations,
    Device: devices,
    Patient: patients,
    imports: await make(person, "/v1/imports", { kind: "apple-health-export", fileName: "export.zip", size: 1_000 }),
    vendors: vendor,
    connections: vendor,
    "fhir-targets": target,
    "fhir-sources": target,
    webhooks: webhook.id,
    challenges: await joinedChallenge(person, device),
    deliveries: webhook.event,
    "api-keys": await make(person, "/v1/me/api-keys", { name: device, scopes: ["data:read"] }),
    consents: await make(person, "/v1/me/consents", consent),
    exports: await make(person, "/v1/me/exports", {}),
    "emergency-accesses": await make(clinician, `/v1/people/${person.person.id}/emergency-access`, {
      reason: "Found unconscious, no relatives present.",
    }),
    sync: await make(person, "/v1/health/sync", {}),
    "lab-results": await make(person, "/v1/me/lab-results", { test: "glucose", collectedAt: AT, value: 92, unit: "mg/dL", note: device }),
    "lab-reports": report,
    conditions: await make(person, "/v1/me/conditions", { name: device }),
    medications: await make(person, "/v1/me/medications", { name: device }),
    allergies: await make(person, "/v1/me/allergies", { name: device }),
    immunizations: await make(person, "/v1/me/immunizations", { name: device, date: "2024-03" }),
    procedures: await make(person, "/v1/me/procedures", { name: device }),
    Subscription: await make(person, "/fhir/r4/Subscription", {
      resourceType: "Subscription",
      status: "requested",
      reason: device,
      criteria: "Task",
      channel: { type: "websocket" },
    }),
    inbox: await advised(person, device),
    "stream-targets": await make(person, "/v1/me/stream-targets", {
      platform: "other",
      url: "rtmp://live.example/app",
      key: "a-key-of-theirs",
    }),
    vouchers: await make(person, `/v1/rewards/${reward}/redemptions`, {}),
    notifications: await firstOf(person, "/v1/me/notifications"),
    "push-subscriptions": await make(person, "/v1/me/push-subscriptions", await subscription()),
    devices: await make(person, "/v1/me/devices", { kind: "fcm", token: crypto.randomUUID(), label: device }),
    "notification-suppressions": await suppressed(person),
    ...(await conversation(person, device)),
    DiagnosticReport: report.replaceAll("_", "-"),
    programmes: research.programme,
    "research-exports": research.export,
  };
  // An export that ran on would look different every time.
  await person.fetch(`/v1/me/exports/${ids.exports}`, { method: "DELETE" });
  const own = [
    `/v1/me/exports/${ids.exports}`,
    `/v1/imports/${ids.imports}`,
    `/v1/organisations/${ids.organisations}/members`,
    `/v1/groups/${ids.groups}/members`,
    `/v1/posts/${ids.posts}/comments`,
    `/v1/organisations/${ids.organisations}/clients`,
    `/v1/organisations/${ids.organisations}/apps`,
    `/v1/organisations/${ids.organisations}/vendor-credentials`,
    `/v1/me/consents/${ids.consents}/history`,
    `/v1/me/fhir-targets/${ids["fhir-targets"]}/deliveries`,
    `/v1/me/webhooks/${ids.webhooks}/deliveries`,
    `/v1/health/sync/${ids.sync}`,
    `/v1/me/connections/${ids.connections}`,
    `/v1/me/workouts/${encodeURIComponent(ids.workouts)}`,
    `/v1/rooms/${ids.rooms}`,
    `/v1/rooms/${ids.rooms}/messages`,
    `/v1/me/lab-results/${ids["lab-results"]}`,
    `/v1/me/lab-reports/${ids["lab-reports"]}`,
    `/fhir/r4/Observation/${ids.Observation}`,
    `/fhir/r4/DiagnosticReport/${ids.DiagnosticReport}`,
    `/fhir/r4/Device/${ids.Device}`,
    `/fhir/r4/Patient/${ids.Patient}`,
  ];
  const view = async () => (await Promise.all([...VIEWS, ...own].map(async (path) => `${path}\n${await read(person, path)}`))).join("\n\n");
  return { person, device, ids, view };
}

/** Somebody with data of their own, so that an id within the vault names something of theirs. */
export async function neighbour(): Promise<RegisteredPerson> {
  const person = await registerPerson("eu");
  await pushData(person, "Neighbour");
  return person;
}

/** The owner's ids for every parameter of the path that takes one; throws where the owner has nothing of the kind. */
export function idsOf(operation: Operation, owner: Owner): Record<string, string> {
  const names = operation.parameters.filter((parameter) => parameter.in === "path" && !isWord(parameter.name)).map(({ name }) => name);
  return Object.fromEntries(
    names.map((name) => {
      const collection = collectionOf(operation, name);
      const id = owner.ids[collection];
      if (id === undefined)
        throw new TypeError(`${operation.template}: make the owner one of ${collection}, or say that {${name}} is no id`);
      return [name, id];
    }),
  );
}

/** Whether the ids in the path count within the caller's own vault. */
export function isWithinVault(operation: Operation): boolean {
  return operation.parameters.some((parameter) => parameter.in === "path" && WITHIN_THE_VAULT.has(collectionOf(operation, parameter.name)));
}

/** A programme that is open to nobody any more, and an export of it. */
async function closedProgramme({ person }: RegisteredPerson): Promise<{ programme: string; export: string }> {
  const researcher = await somebody(person.region, { roles: ["partner"], acr: "aal2" });
  const programme = await make(researcher, "/v1/programmes", {
    title: "Steps of a week",
    purpose: "How the steps of a week differ between people.",
    categories: ["activity"],
    metrics: ["steps"],
    period: { from: "2025-03-01", to: "2025-03-08" },
    epsilon: 1,
  });
  const headers = { "content-type": "application/json" };
  const move = async (state: string) => {
    const response = await researcher.fetch(`/v1/programmes/${programme}`, { method: "PATCH", headers, body: JSON.stringify({ state }) });
    expect(response.status).toBe(200);
  };
  await move("open");
  const begun = await make(researcher, `/v1/programmes/${programme}/exports`, {});
  await move("closed");
  return { programme, export: begun };
}

/** An account of the organisation at a vendor; its place in paths is the vendor's name. */
async function registered(founder: RegisteredPerson, organisation: string): Promise<string> {
  const response = await founder.fetch(`/v1/organisations/${organisation}/vendor-credentials`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ vendor: "google-health", clientId: "clinic", clientSecret: "a secret of the clinic" }),
  });
  expect(response.status).toBe(201);
  return "google-health";
}

async function uploadReport(person: RegisteredPerson): Promise<string> {
  const response = await person.fetch("/v1/me/lab-reports", {
    method: "POST",
    headers: { "content-type": "application/pdf" },
    body: "%PDF-1.4\n%%EOF\n",
  });
  expect(response.status).toBe(201);
  return withId.parse(await response.json()).id;
}

/** A webhook that was tested, at an address where nobody listens. */
/** What a browser would subscribe with; nobody listens there. */
async function subscription() {
  const { publicKey } = await newPointPair();
  return { endpoint: "https://push.example.com/victim", keys: { p256dh: publicKey, auth: "BTBZMqHH6r4Tts7J_aSIgg" } };
}

/** An address of theirs that bounced. */
async function suppressed({ person, fetch: ask }: RegisteredPerson): Promise<string> {
  await vaultOf(env, person.id).hearOfSend("none", { kind: "suppressed", reason: "bounce", address: "old@people.test" });
  return listSchema.parse(await (await ask("/v1/me/notification-suppressions")).json()).items[0]?.id ?? "";
}

/** What an app of theirs wrote to them. */
async function advised({ person, fetch: ask }: RegisteredPerson, text: string): Promise<string> {
  const actor = {
    kind: "person",
    person: person.id,
    session: newId("session", person.region, Date.now(), systemRandom),
    reach: WHOLE_REACH,
  } as const;
  const resource = JSON.stringify({ resourceType: "Communication", status: "completed", payload: [{ contentString: text }] });
  await vaultOf(env, person.id).fhir(actor, { kind: "create", type: "Communication", resource });
  return listSchema.parse(await (await ask("/v1/me/inbox")).json()).items[0]?.id ?? "";
}

async function testedWebhook(person: RegisteredPerson, description: string): Promise<{ id: string; event: string }> {
  // It hears of nothing that happens while the others try: what the owner sees stays the same.
  const id = await make(person, "/v1/me/webhooks", { url: "http://127.0.0.1:1/", description, events: ["connection.revoked"] });
  const response = await person.fetch(`/v1/me/webhooks/${id}/test`, { method: "POST" });
  expect(response.status).toBe(200);
  return { id, event: z.object({ event: z.string() }).parse(await response.json()).event };
}

/** A conversation of their own with a message and a file. */
async function conversation(person: RegisteredPerson, name: string): Promise<{ rooms: string; attachments: string }> {
  const rooms = await make(person, "/v1/rooms", { kind: "group", name });
  const upload = await person.fetch(`/v1/rooms/${rooms}/attachments`, {
    method: "POST",
    headers: { "content-type": "application/octet-stream" },
    body: name,
  });
  expect(upload.status).toBe(201);
  const attachments = withId.parse(await upload.json()).id;
  await post(person, `/v1/rooms/${rooms}/messages`, { clientId: "1", text: name, attachments: [attachments] });
  return { rooms, attachments };
}

async function addPasskey(person: RegisteredPerson): Promise<string> {
  const options = await person.fetch("/v1/me/passkeys/challenges", { method: "POST" });
  const authenticator = await Authenticator.make(ORIGIN);
  return await make(person, "/v1/me/passkeys", {
    name: "Telephone",
    response: await authenticator.create(creationSchema.parse(await options.json())),
  });
}

async function pushData(person: RegisteredPerson, deviceName: string): Promise<void> {
  const source = { deviceName, bundleIdentifier: "com.apple.health" };
  const id = crypto.randomUUID();
  await post(person, "/v1/ingest/healthkit", {
    data: {
      records: [
        { id, type: "HKQuantityTypeIdentifierBodyMass", startDate: AT, endDate: AT, value: 71.25, unit: "kg", source },
        {
          id: crypto.randomUUID(),
          type: "HKQuantityTypeIdentifierHeartRate",
          startDate: AT,
          endDate: AT,
          value: 900,
          unit: "count/min",
          source,
        },
      ],
      sleep: [],
      workouts: [{ id: crypto.randomUUID(), type: "running", startDate: AT, endDate: "2026-11-20T08:00:00Z", source }],
    },
  });
}

/** Walks every day but yesterday, and has the vault notice. */
async function missAWalk(person: RegisteredPerson, deviceName: string): Promise<void> {
  const source = { deviceName, bundleIdentifier: "com.apple.health" };
  const now = Date.now();
  const today = Math.floor(now / DAY_MS) * DAY_MS;
  const records = [0, ...Array.from({ length: 11 }, (_, i) => i + 2)].map((daysAgo) => {
    // Soon after midnight today is short.
    const from = Math.max(today, now - 10 * MINUTE_MS) - daysAgo * DAY_MS;
    const [start, end] = [from, Math.min(from + 5 * MINUTE_MS, now)].map((at) => new Date(at).toISOString());
    return {
      id: crypto.randomUUID(),
      type: "HKQuantityTypeIdentifierStepCount",
      startDate: start,
      endDate: end,
      value: 400,
      unit: "count",
      source,
    };
  });
  await post(person, "/v1/ingest/healthkit", { data: { records, sleep: [], workouts: [] } });
  await post(person, "/v1/me/gaps/check", {});
}

async function post(person: Pick<RegisteredPerson, "fetch">, path: string, body: unknown): Promise<unknown> {
  const headers = { "content-type": "application/json" };
  const response = await person.fetch(path, { method: "POST", headers, body: JSON.stringify(body) });
  const text = await response.text();
  expect(response.ok, `${path} answered ${response.status}: ${text.slice(0, 300)}`).toBe(true);
  return JSON.parse(text);
}

/** A challenge of theirs alone, in which they take part. */
async function joinedChallenge(person: RegisteredPerson, title: string): Promise<string> {
  const schedule = {
    timeZone: "UTC",
    startsAt: new Date(Date.now() - DAY_MS).toISOString(),
    endsAt: new Date(Date.now() + DAY_MS).toISOString(),
  };
  const id = await make(person, "/v1/challenges", { title, measure: { kind: "metric", metric: "steps" }, schedule, state: "open" });
  await post(person, `/v1/challenges/${id}/participation`, {});
  return id;
}

async function make(person: Pick<RegisteredPerson, "fetch">, path: string, body: unknown): Promise<string> {
  return withId.parse(await post(person, path, body)).id;
}

async function firstOf(person: RegisteredPerson, path: string): Promise<string> {
  return listSchema.parse(JSON.parse(await read(person, path))).items[0]?.id ?? "";
}

async function firstResourceOf(person: RegisteredPerson, type: string): Promise<string> {
  return bundleSchema.parse(JSON.parse(await read(person, `/fhir/r4/${type}`))).entry[0]?.resource.id ?? "";
}

async function read(person: RegisteredPerson, path: string): Promise<string> {
  const response = await person.fetch(path);
  const text = await response.text();
  expect(response.status, `${path} answered ${text.slice(0, 300)}`).toBe(200);
  return text;
}
