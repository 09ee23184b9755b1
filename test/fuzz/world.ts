import fc from "fast-check";
import * as z from "zod";
import { newId } from "../../shared/id";
import { isRegion } from "../../shared/region";
import { type Document, jsonBodyOf, type Operation } from "../refusals/document";
import { collectionOf, kindOfParameter, pathOf } from "../refusals/request";
import { filled, Known } from "./known";
import { bytesOf, type Plan, validPlans } from "./plan";
import type { Answer, Send, Sent } from "./wire";

const ID = /^([a-z]{2,4})_(?:eu|us|ap)_[0-9a-z]{26}$/;
const REGIONS = ["eu", "us", "ap"] as const;
const tokensSchema = z.looseObject({ accessToken: z.string(), refreshToken: z.string() });
const signedIn = z.looseObject({ person: z.looseObject({ id: z.string(), region: z.string() }), tokens: tokensSchema });

/** Somebody who calls the API, and what is theirs. */
export interface Person {
  id: string;
  region: string;
  email: string;
  readonly password: string;
  accessToken: string;
  refreshToken: string;
  /** Ids of what exists, by kind or by the part of the path before them. */
  readonly ids: Map<string, string[]>;
  readonly cursors: Map<string, string[]>;
  /** Brings somebody who holds a role back into their session. */
  renew?: () => Promise<void>;
}

/** The people of a run and everything that their answers name, so that later requests find things that exist. */
export class World {
  readonly document: Document;
  readonly operations: readonly Operation[];
  readonly send: Send;
  /** What the product takes for its own origin. */
  readonly origin: string;
  readonly secrets: Readonly<Record<string, string>>;
  /** Agrees at a vendor, and returns where it sends the browser back to. */
  readonly consent: (authorizeUrl: string) => Promise<string>;
  /** Signs a notification as the vendor does. */
  readonly signHook: (body: string) => string;
  /** Changes the records of a region, as an operator can. */
  readonly change: (region: string, sql: string, ...values: string[]) => Promise<void>;
  readonly people: Person[] = [];
  #addresses = 0;

  constructor(parts: Pick<World, "document" | "operations" | "send" | "origin" | "secrets" | "consent" | "signHook" | "change">) {
    this.document = parts.document;
    this.operations = parts.operations;
    this.send = parts.send;
    this.origin = parts.origin;
    this.secrets = parts.secrets;
    this.consent = parts.consent;
    this.signHook = parts.signHook;
    this.change = parts.change;
  }

  /** Registers people, with some readings each. */
  async settle(count: number): Promise<void> {
    for (let i = 0; i < count; i++) {
      const person = await this.register(REGIONS[i % REGIONS.length] ?? "eu");
      this.people.push(person);
      await this.seed(person);
    }
  }

  async register(region: string): Promise<Person> {
    const email = this.freshEmail();
    const password = `vq-${crypto.randomUUID()}-zw`;
    const answer = await this.json("POST", "/v1/accounts", { email, password, name: "Ada Probe", region });
    const { person, tokens } = signedIn.parse(JSON.parse(answer.text));
    return { id: person.id, region, email, password, ...pick(tokens), ids: new Map(), cursors: new Map() };
  }

  /** A person whose session has ended signs in again; one who cannot is replaced by somebody new. */
  async revive(person: Person): Promise<void> {
    if (person.renew !== undefined) return await person.renew();
    const { email, password } = person;
    const answer = await this.json("POST", "/v1/sessions", { email, password });
    const again = signedIn.safeParse(parsed(answer.text)).data;
    if (answer.status === 201 && again !== undefined) Object.assign(person, pick(again.tokens));
    else {
      const fresh = await this.register(person.region);
      Object.assign(person, { ...fresh, password: fresh.password });
      await this.seed(person);
    }
  }

  async seed(person: Person): Promise<void> {
    const day = "2026-11-20";
    const source = { deviceName: "Watch", bundleIdentifier: "com.apple.health" };
    const record = (type: string, unit: string, value: number, n: number) => {
      const at = `${day}T07:${String(10 + n)}:00Z`;
      return { id: crypto.randomUUID(), type, unit, value, startDate: at, endDate: at, source };
    };
    const records = [0, 1, 2].flatMap((n) => [
      record("HKQuantityTypeIdentifierBodyMass", "kg", 71 + n, n),
      record("HKQuantityTypeIdentifierHeartRate", "count/min", 60 + n, n),
      record("HKQuantityTypeIdentifierHeartRate", "count/min", 5_000, n),
    ]);
    const span = { startDate: `${day}T08:00:00Z`, endDate: `${day}T09:00:00Z` };
    const workouts = ["running", "cycling", "yoga"].map((type) => ({ id: crypto.randomUUID(), type, ...span, source }));
    await this.json("POST", "/v1/ingest/healthkit", { data: { records, sleep: [], workouts } }, person);
    const lists = [
      `/v1/me/metrics/body_weight?resolution=raw&from=${day}T00:00:00Z&to=${day}T23:00:00Z`,
      `/v1/me/workouts?from=${day}T00:00:00Z&to=${day}T23:00:00Z`,
      "/v1/me/sources",
      "/v1/sessions",
      "/fhir/r4/Observation",
      "/fhir/r4/Device",
      "/fhir/r4/Patient",
    ];
    for (const target of lists) {
      const answer = await this.send({ method: "GET", target, headers: bearer(person) });
      this.harvest(person, collectionIn(target), answer);
    }
  }

  async json(method: string, target: string, body: unknown, person?: Person): Promise<Answer> {
    const signed = person === undefined ? [] : bearer(person);
    if (body === undefined) return await this.send({ method, target, headers: signed });
    const headers: [string, string][] = [["content-type", "application/json"], ...signed];
    return await this.send({ method, target, headers, body: new TextEncoder().encode(JSON.stringify(body)) });
  }

  freshEmail(): string {
    return `fuzz-${Date.now().toString(36)}-${this.#addresses++}-${Math.random().toString(36).slice(2, 8)}@people.test`;
  }

  personOf(who: number): Person {
    const person = this.people[who % this.people.length];
    if (person === undefined) throw new TypeError("nobody lives here");
    return person;
  }

  /** Who calls; somebody of the run too where nobody is named. */
  callerOf({ as, who }: Plan): Person {
    return as ?? this.personOf(Math.max(0, who));
  }

  /** The request of a plan, with everything filled in that only the run knows. */
  requestOf(plan: Plan): Sent {
    const person = this.callerOf(plan);
    const { operation } = plan;
    const tell = (known: Known) => this.#tell(known, person, operation);
    const given: Record<string, string> = {};
    for (const parameter of operation.parameters.filter((one) => one.in === "path")) {
      const value = plan.path[parameter.name];
      const told = value instanceof Known ? this.#pathValue(value, person, operation, parameter.name) : String(value);
      if (told !== undefined) given[parameter.name] = told.toWellFormed();
    }
    const region = isRegion(person.region) ? person.region : "eu";
    const path = pathOf({ ...operation, parameters: operation.parameters.filter((one) => one.in === "path") }, given, region);
    const query = plan.query.flatMap(([name, value]) => {
      const told = filled(value, tell);
      return told === undefined ? [] : [`${encode(name)}=${encode(textOf(told))}`];
    });
    const headers: [string, string][] = plan.headers.map(([name, value]): [string, string] => [name, value]);
    if (plan.who >= 0 && !headers.some(([name]) => name === "authorization") && signs(operation)) headers.push(...bearer(person));
    if (plan.who === -2) headers.push(["authorization", `Bearer ${person.accessToken.slice(0, -4)}AAAA`]);
    if (Object.hasOwn(operation.responses, "101") && plan.method === "GET") {
      headers.push(
        ["upgrade", "websocket"],
        ["connection", "upgrade"],
        ["sec-websocket-version", "13"],
        ["sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ=="],
      );
    }
    const { body } = plan;
    if (body !== undefined && body.mediaType !== undefined) headers.push(["content-type", body.mediaType]);
    const carries = body !== undefined && plan.method !== "GET" && plan.method !== "HEAD";
    return {
      method: plan.method,
      target: query.length === 0 ? path : `${path}?${query.join("&")}`,
      headers,
      body: carries ? bytesOf(body, tell) : undefined,
    };
  }

  /** What must not come back: the caller's own secrets. */
  secretsOf(plan: Plan): string[] {
    const person = this.callerOf(plan);
    return [person.accessToken, person.password];
  }

  #tell({ what, pick: n }: Known, person: Person, operation: Operation): unknown {
    switch (what) {
      case "email":
        return person.email;
      case "fresh email":
        return this.freshEmail();
      case "password":
        return person.password;
      case "refresh token":
        return person.refreshToken;
      case "cursor":
        return one(person.cursors.get(operation.template), n);
      default: {
        const kind = what.split(" ")[1] ?? "";
        // Somebody else where a person is meant: nobody gives themselves a consent.
        if (kind === "per") return this.personOf(this.people.indexOf(person) + 1 + (n % Math.max(1, this.people.length - 1))).id;
        return one(person.ids.get(kind), n) ?? `${kind}_${person.region}_01kad7wjcm0000000000000000`;
      }
    }
  }

  #pathValue({ what, pick: n }: Known, person: Person, operation: Operation, name: string): string | undefined {
    const kind = kindOfParameter(operation, name);
    if (what === "nobody") return kind === undefined ? undefined : newId(kind, "eu", Date.now());
    const whose = what === "foreign" ? this.personOf(this.people.indexOf(person) + 1 + n) : person;
    if (kind === "person") return whose.id;
    return one(this.pool(whose, operation, name), n);
  }

  /** Ids that a path parameter may take. */
  pool(person: Person, operation: Operation, name: string): string[] | undefined {
    const collection = collectionOf(operation, name);
    const found = person.ids.get(collection);
    if (found !== undefined && found.length > 0) return found;
    const kind = kindOfParameter(operation, name);
    return kind === undefined ? undefined : person.ids.get(newId(kind, "eu", 0).split("_")[0] ?? "");
  }

  /** Makes a thing of the kind that the path names, where a documented call makes one and the person has none. */
  async provide(plan: Plan): Promise<void> {
    const person = this.callerOf(plan);
    for (const { name } of plan.operation.parameters.filter((parameter) => parameter.in === "path")) {
      if ((this.pool(person, plan.operation, name)?.length ?? 0) > 0) continue;
      const collection = plan.operation.template.slice(0, plan.operation.template.indexOf(`/{${name}}`));
      const maker =
        this.operations.find(({ method, template }) => method === "POST" && template === collection) ??
        this.operations.find(
          ({ method, template }) => method === "POST" && template.startsWith(`${collection}/`) && !template.includes("{"),
        );
      if (maker === undefined || (maker.requestBody !== undefined && jsonBodyOf(maker) === undefined)) continue;
      for (const made of fc.sample(validPlans(this.document, maker), 4)) {
        const answer = await this.send(this.requestOf({ ...made, who: plan.who }));
        this.harvest(person, collectionIn(maker.template), answer);
        if (answer.status < 300) break;
      }
    }
  }

  /** Keeps what an answer names. */
  harvest(person: Person, collection: string, answer: Answer, template?: string): void {
    if (answer.status >= 300) return;
    const value = parsed(answer.text);
    const visit = (inner: unknown, depth: number): void => {
      if (Array.isArray(inner)) for (const item of inner.slice(0, 20)) visit(item, depth + 1);
      else if (typeof inner === "object" && inner !== null) {
        const fields = inner as Record<string, unknown>;
        if (typeof fields["id"] === "string") {
          const { id, resourceType } = fields;
          const kind = ID.exec(id)?.[1];
          if (kind === undefined) add(person.ids, typeof resourceType === "string" ? resourceType : collection, id);
          else if (kind !== "per") add(person.ids, kind, id);
        }
        if (typeof fields["next"] === "string" && template !== undefined) add(person.cursors, template, fields["next"]);
        const tokens = tokensSchema.safeParse(inner).data;
        if (tokens !== undefined && collection === "refresh") Object.assign(person, pick(tokens));
        for (const item of Object.values(fields)) visit(item, depth + 1);
      }
    };
    visit(value, 0);
  }

  /** Forgets what has been deleted. */
  forget(person: Person, target: string): void {
    const gone = decodeURIComponent(new URL(target, "http://x").pathname.split("/").pop() ?? "");
    for (const [kind, list] of person.ids)
      person.ids.set(
        kind,
        list.filter((id) => id !== gone),
      );
  }
}

/** The part of a path that its things are named after. */
export function collectionIn(target: string): string {
  const parts = (target.split("?")[0] ?? "").split("/").filter((part) => part !== "" && !part.startsWith("{"));
  return parts[2] === "metrics" && parts.length > 3 ? "readings" : (parts.at(-1) ?? "");
}

export function bearer(person: Person): [string, string][] {
  return [["authorization", `Bearer ${person.accessToken}`]];
}

function signs(operation: Operation): boolean {
  return ["person", "reader", "machine", "ticket"].includes(operation["x-policy"]);
}

function pick({ accessToken, refreshToken }: { readonly accessToken: string; readonly refreshToken: string }) {
  return { accessToken, refreshToken };
}

function one(list: readonly string[] | undefined, n: number): string | undefined {
  return list === undefined || list.length === 0 ? undefined : list[n % list.length];
}

function add(map: Map<string, string[]>, key: string, value: string): void {
  const list = map.get(key) ?? [];
  if (list.includes(value)) return;
  // The newest few: the oldest may be gone.
  map.set(key, [...list, value].slice(-12));
}

/** The runtime itself refuses addresses beyond 16 kB, before the product sees them. */
function encode(text: string): string {
  return encodeURIComponent(text.slice(0, 3_000).toWellFormed());
}

function textOf(value: unknown): string {
  if (typeof value === "string") return value;
  if (typeof value === "object" && value !== null && "text" in value) return String(value.text);
  return Array.isArray(value) ? value.map(textOf).join(",") : typeof value === "object" ? JSON.stringify(value) : String(value);
}

export function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
