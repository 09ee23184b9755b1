/** Subscribers and subscriptions of a project, with the two-step endpoint verification. */
import * as z from "zod";
import { authenticateProject } from "../oauth/authenticate.ts";
import type { JsonObject } from "../person/wire.ts";
import { instant } from "../person/wire.ts";
import { SUBSCRIBABLE } from "../points/catalogue.ts";
import { ApiError, invalidArgument, jsonBody, notFound } from "../server/http.ts";
import type { Call, Reply } from "../server/http.ts";
import { randomId } from "../server/state.ts";
import type { State } from "../server/state.ts";
import { postAsWebhooks } from "./delivery.ts";
import { routeSubscriptions } from "./subscriptions.ts";

const configs = z.array(z.object({ dataTypes: z.array(z.string()).min(1), subscriptionCreatePolicy: z.enum(["AUTOMATIC", "MANUAL"]) }));
const payload = z.object({
  endpointUri: z.url(),
  endpointAuthorization: z.object({ secret: z.string().min(1) }),
  subscriberConfigs: configs.default([]),
});
const patch = payload.partial();
const ID = /^[a-z]([a-z0-9-]{2,34}[a-z0-9])$/;

export interface Subscriber {
  name: string;
  endpointUri: string;
  secret: string;
  configs: z.infer<typeof configs>;
  state: "UNVERIFIED" | "ACTIVE" | "INACTIVE";
  createdMs: number;
  updatedMs: number;
  /** Manual and automatic subscriptions, by id. */
  subscriptions: Map<string, { id: string; healthUserId: string; dataTypes: string[]; automatic: boolean }>;
}

function parse<T>(schema: z.ZodType<T>, call: Call): T {
  const result = schema.safeParse(jsonBody(call));
  if (!result.success) throw invalidArgument(`Invalid value at '${result.error.issues[0]?.path.join(".") ?? "body"}'.`);
  return result.data;
}

/** Only HTTPS, as the vendor demands, with an exception for the same machine. */
function checkEndpoint(uri: string): void {
  const url = new URL(uri);
  const local = url.hostname === "127.0.0.1" || url.hostname === "localhost";
  if (url.protocol !== "https:" && !(url.protocol === "http:" && local)) throw invalidArgument("endpoint_uri must be a valid HTTPS URI.");
}

function checkTypes(list: Subscriber["configs"]): void {
  for (const type of list.flatMap((config) => config.dataTypes)) {
    if (!SUBSCRIBABLE.has(type)) throw invalidArgument(`Unsupported data type in subscriber_configs: ${type}.`);
  }
}

/** With `Authorization` the endpoint must answer 201, without it 401 or 403. */
async function verify(uri: string, secret: string): Promise<void> {
  const body = JSON.stringify({ type: "verification" });
  const failed = (what: string): ApiError => new ApiError(400, "FAILED_PRECONDITION", `Endpoint verification failed: ${what}.`);
  const known = await postAsWebhooks(uri, body, { authorization: secret });
  if (known.status !== 201) throw failed(`expected 201 for the authorized request, got ${known.status ?? known.error ?? "nothing"}`);
  const unknown = await postAsWebhooks(uri, body, {});
  if (unknown.status !== 401 && unknown.status !== 403) {
    throw failed(`expected 401 or 403 for the unauthorized request, got ${unknown.status ?? unknown.error ?? "nothing"}`);
  }
}

function wire(subscriber: Subscriber): JsonObject {
  return {
    name: subscriber.name,
    endpointUri: subscriber.endpointUri,
    endpointAuthorization: { secretSet: true },
    subscriberConfigs: subscriber.configs,
    state: subscriber.state,
    createTime: instant(subscriber.createdMs),
    updateTime: instant(subscriber.updatedMs),
  };
}

function operation(response: JsonObject, type: string): Reply {
  return {
    status: 200,
    body: { name: `operations/${randomId(12)}`, done: true, response: { "@type": `type.googleapis.com/${type}`, ...response } },
  };
}

const SUBSCRIBER_TYPE = "google.devicesandservices.health.v4.Subscriber";

async function create(state: State, project: string, call: Call): Promise<Reply> {
  const input = parse(payload, call);
  const id =
    call.query.get("subscriberId") ??
    `sub-${randomId(9)
      .toLowerCase()
      .replace(/[^a-z0-9]/g, "0")}`;
  if (!ID.test(id)) throw invalidArgument("subscriber_id must match /[a-z]([a-z0-9-]{2,34}[a-z0-9])/.");
  checkEndpoint(input.endpointUri);
  checkTypes(input.subscriberConfigs);
  const name = `projects/${project}/subscribers/${id}`;
  if (state.subscribers.has(name)) throw new ApiError(409, "ALREADY_EXISTS", `Subscriber ${name} already exists.`);
  await verify(input.endpointUri, input.endpointAuthorization.secret);
  const now = state.clock.now();
  const subscriber: Subscriber = {
    name,
    endpointUri: input.endpointUri,
    secret: input.endpointAuthorization.secret,
    configs: input.subscriberConfigs,
    state: "ACTIVE",
    createdMs: now,
    updatedMs: now,
    subscriptions: new Map(),
  };
  state.subscribers.set(name, subscriber);
  return operation(wire(subscriber), SUBSCRIBER_TYPE);
}

async function update(state: State, subscriber: Subscriber, call: Call): Promise<Reply> {
  const input = parse(patch, call);
  const mask = (call.query.get("updateMask") ?? "endpoint_uri,endpoint_authorization,subscriber_configs")
    .split(",")
    .map((field) => field.trim().replace(/_([a-z])/g, (_, c: string) => c.toUpperCase()));
  const uri = (mask.includes("endpointUri") ? input.endpointUri : undefined) ?? subscriber.endpointUri;
  const secret = (mask.includes("endpointAuthorization") ? input.endpointAuthorization?.secret : undefined) ?? subscriber.secret;
  const list =
    mask.includes("subscriberConfigs") && call.body.includes("subscriberConfigs")
      ? (input.subscriberConfigs ?? subscriber.configs)
      : subscriber.configs;
  checkEndpoint(uri);
  checkTypes(list);
  if (mask.includes("endpointUri") || mask.includes("endpointAuthorization")) await verify(uri, secret);
  Object.assign(subscriber, { endpointUri: uri, secret, configs: list, state: "ACTIVE", updatedMs: state.clock.now() });
  return operation(wire(subscriber), SUBSCRIBER_TYPE);
}

/** `/v4/projects/{project}/subscribers…`; needs a token with the cloud-platform scope. */
export async function routeSubscribers(state: State, call: Call): Promise<Reply> {
  authenticateProject(state, call);
  const [, , , project, , id, child, childId] = call.path.split("/");
  if (!project) throw notFound("Project not found.");
  if (!id) {
    if (call.method === "POST") return create(state, project, call);
    const mine = [...state.subscribers.values()].filter((subscriber) => subscriber.name.startsWith(`projects/${project}/`));
    return { status: 200, body: { subscribers: mine.map(wire), totalSize: mine.length } };
  }
  const subscriber = state.subscribers.get(`projects/${project}/subscribers/${id}`);
  if (!subscriber) throw notFound(`Subscriber projects/${project}/subscribers/${id} not found.`);
  if (child === "subscriptions") return routeSubscriptions(state, subscriber, childId, call);
  if (call.method === "PATCH") return update(state, subscriber, call);
  if (call.method === "DELETE") {
    const manual = [...subscriber.subscriptions.values()].some((subscription) => !subscription.automatic);
    if (manual && call.query.get("force") !== "true")
      throw new ApiError(400, "FAILED_PRECONDITION", "Subscriber has subscriptions; set force to delete them.");
    state.subscribers.delete(subscriber.name);
    return operation({}, "google.protobuf.Empty");
  }
  throw new ApiError(405, "UNIMPLEMENTED", "Method not allowed.");
}
