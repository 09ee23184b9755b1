/** The control plane under `/sim/`. */
import * as z from "zod";
import { expireAccess, revokeGrant } from "../oauth/tokens.ts";
import type { JsonObject } from "../person/wire.ts";
import { invalidArgument, jsonBody, notFound } from "../server/http.ts";
import type { Call, Reply } from "../server/http.ts";
import type { SimulatorOptions } from "../server/options.ts";
import { personOf, randomId, resetState } from "../server/state.ts";
import type { State } from "../server/state.ts";
import { settled } from "../webhooks/delivery.ts";
import { signingKey } from "../webhooks/signing.ts";
import { late, push } from "./changes.ts";
import {
  expireVendor,
  peopleAt,
  permitVendor,
  pushVendor,
  registerHook,
  revokeVendor,
  vendorHookInput,
  vendorPermitInput,
  vendorPersonInput,
  vendorPushInput,
} from "./vendors.ts";

const faultInput = z.strictObject({
  kind: z.enum(["status", "slow", "drop", "lost-reply", "malformed"]).default("status"),
  path: z.string().startsWith("/").default("/v4/"),
  method: z.string().toUpperCase().optional(),
  status: z.int().min(400).max(599).default(503),
  retryAfterSeconds: z.int().min(0).optional(),
  delayMs: z.number().min(0).max(120_000).default(1000),
  rate: z.number().gt(0).max(1).default(1),
  times: z.int().min(1).optional(),
  durationMs: z.number().positive().optional(),
});
const clockInput = z.strictObject({
  now: z.iso.datetime({ offset: true }).optional(),
  advanceSeconds: z.number().optional(),
  frozen: z.boolean().optional(),
});
const settingsInput = z.strictObject({
  tokenLifeSeconds: z.number().positive().optional(),
  quotaPerMinute: z.int().positive().optional(),
  retryBaseMs: z.number().positive().optional(),
  retryAttempts: z.int().positive().optional(),
});
const personInput = z.strictObject({ person: z.string().default("ada") });
const rotateInput = z.strictObject({ retireOld: z.boolean().default(false) });

function parse<T>(schema: z.ZodType<T>, call: Call): T {
  const result = schema.safeParse(jsonBody(call));
  if (!result.success) throw invalidArgument(z.prettifyError(result.error));
  return result.data;
}

const ok = (body: JsonObject): Reply => ({ status: 200, body });

function faults(state: State, call: Call): Reply {
  if (call.method === "DELETE") state.faults = [];
  if (call.method === "POST") {
    const { durationMs, ...input } = parse(faultInput, call);
    state.faults.push({
      id: randomId(6),
      seen: 0,
      hits: 0,
      ...input,
      ...(durationMs === undefined ? {} : { untilMs: Date.now() + durationMs }),
    });
  }
  return ok({ faults: state.faults.map((fault) => ({ ...fault })) });
}

function clock(state: State, call: Call): Reply {
  if (call.method === "POST") {
    const input = parse(clockInput, call);
    if (input.now) state.clock.set(Date.parse(input.now));
    if (input.advanceSeconds !== undefined) state.clock.advance(input.advanceSeconds * 1000);
    if (input.frozen === true) state.clock.freeze();
    if (input.frozen === false) state.clock.run();
  }
  return ok({ now: new Date(state.clock.now()).toISOString(), frozen: state.clock.frozen() });
}

function requests(state: State, call: Call): Reply {
  const path = call.query.get("path");
  const since = Number(call.query.get("since") ?? 0);
  const list = state.log.filter((entry) => entry.n > since && (!path || entry.path.startsWith(path)));
  return ok({ counters: Object.fromEntries(state.counters), requests: list.map((entry) => ({ ...entry })) });
}

function people(state: State): Reply {
  const list = [...state.people.values()].map(({ key: _key, ...person }) => ({ ...person }));
  return ok({ people: list });
}

function revokePerson(state: State, call: Call): Reply {
  const { person } = parse(personInput, call);
  const grants = [...state.grants.values()].filter((grant) => grant.person === person);
  for (const grant of grants) revokeGrant(state, grant.clientId, person, grant.id);
  return ok({ revoked: grants.length });
}

/** The settings without what belongs to others. */
function shownSettings({ settings: { workbench: _workbench, client, ...shown } }: State): JsonObject {
  return { ...shown, client: { id: client.id } };
}

const bringInput = z.strictObject({ vendor: z.string() });

/** Lets the devices of everybody who agreed at a vendor bring a workout, or what they have measured in the last hour. */
async function bring(state: State, call: Call): Promise<Reply> {
  const { vendor } = parse(bringInput, call);
  const isGoogle = vendor === "google-health";
  const people = isGoogle ? new Set([...state.grants.values()].map(({ person }) => person)) : new Set(peopleAt(state, vendor));
  if (people.size === 0) throw notFound("Nobody has agreed at this vendor.");
  for (const person of people) {
    if (isGoogle) await push(state, { ...call, body: JSON.stringify({ person, dataTypes: ["steps", "heart-rate", "distance"] }) });
    else await pushVendor(state, { vendor, person });
  }
  return ok({ people: [...people] });
}

function rotate(state: State, call: Call): Reply {
  const { retireOld } = parse(rotateInput, call);
  const next = signingKey(state.settings.seed, state.keys.length);
  if (retireOld) for (const key of state.keys) key.status = "DISABLED";
  state.keys.push(next);
  return ok({ primaryKeyId: next.keyId });
}

function subscribers(state: State): Reply {
  const list = [...state.subscribers.values()].map((subscriber) => ({
    name: subscriber.name,
    endpointUri: subscriber.endpointUri,
    state: subscriber.state,
    configs: subscriber.configs,
  }));
  return ok({ subscribers: list });
}

/** Routes `/sim/*`. These calls are neither logged nor faulted. */
export async function routeControl(state: State, options: SimulatorOptions, call: Call): Promise<Reply> {
  switch (`${call.method} ${call.path}`) {
    case "GET /sim/faults":
    case "POST /sim/faults":
    case "DELETE /sim/faults":
      return faults(state, call);
    case "POST /sim/push":
      return push(state, call);
    case "POST /sim/late":
      return late(state, call);
    case "POST /sim/workbench/bring":
      return bring(state, call);
    case "POST /sim/vendors/push":
      return ok(await pushVendor(state, parse(vendorPushInput, call)));
    case "DELETE /sim/deliveries":
      state.deliveries = [];
      return ok({});
    case "POST /sim/vendors/hook":
      return ok(registerHook(state, parse(vendorHookInput, call)));
    case "POST /sim/vendors/expire":
      return ok(expireVendor(state, parse(vendorPersonInput, call)));
    case "POST /sim/vendors/revoke":
      return ok(revokeVendor(state, parse(vendorPersonInput, call)));
    case "POST /sim/vendors/permit":
      return ok(await permitVendor(state, parse(vendorPermitInput, call)));
    case "GET /sim/requests":
      return requests(state, call);
    case "DELETE /sim/requests":
      state.log = [];
      state.counters.clear();
      return ok({});
    case "GET /sim/clock":
    case "POST /sim/clock":
      return clock(state, call);
    case "POST /sim/reset":
      resetState(state, options);
      return ok({});
    case "POST /sim/settings":
      Object.assign(state.settings, parse(settingsInput, call));
      return ok(shownSettings(state));
    case "GET /sim/people":
      return people(state);
    case "POST /sim/people":
      return ok({ healthUserId: personOf(state, parse(personInput, call).person).healthUserId });
    case "POST /sim/expire": {
      const { person } = parse(personInput, call);
      expireAccess(state, person);
      return ok({});
    }
    case "POST /sim/revoke":
      return revokePerson(state, call);
    case "POST /sim/keys/rotate":
      return rotate(state, call);
    case "GET /sim/subscribers":
      return subscribers(state);
    case "GET /sim/deliveries": {
      const done = await settled(state, Number(call.query.get("waitMs") ?? 0));
      return ok({ settled: done, deliveries: state.deliveries.map((delivery) => ({ ...delivery })) });
    }
    default:
      throw notFound("No such control.");
  }
}
