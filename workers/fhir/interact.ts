import type { FhirAnswer } from "../../durable-objects/vault/fhir/stored/answers";
import type { FhirRequest, HistoryMark } from "../../durable-objects/vault/fhir/stored/requests";
import type { Mark } from "../../durable-objects/vault/fhir/stored/search";
import { idOf } from "../../shared/context";
import type { Said } from "../../shared/fhir/whose";
import { type AppContext, readerOf } from "../../shared/http/app-env";
import { openCursor, sealCursor } from "../../shared/http/cursor";
import { namesVersion } from "../../shared/http/etag";
import type { PersonId } from "../../shared/id";
import { problem } from "../../shared/problem";
import { historyBundle, type Links, responseBundle, searchset, versionHeaders } from "./answer";
import { baseOf, FHIR_JSON, prefersLenient, requireJson } from "./negotiate";
import type { FhirPorts } from "./ports";
import { inVaultOf } from "./whose";
import { requireStepUp } from "../sessions";

/** A request that is no Bundle, as it comes over the wire. */
type SingleRequest = Exclude<FhirRequest, { kind: "bundle" }>;
type Params = readonly (readonly [string, string])[];

const FORM = "application/x-www-form-urlencoded";
export const RESOURCE_TYPES = ["application/fhir+json", "application/json"];
/** The parameter of `next` links: Meridian's own. */
export const CURSOR = "_cursor";

/** The versions of one resource, of a type, or of everything within reach: a page of them. */
export async function history(c: AppContext, type: string, id?: string): Promise<Response> {
  requireJson(c);
  const query: Params = [...new URL(c.req.url).searchParams].filter(([name]) => name !== "_format" && name !== "_pretty");
  const params = query.filter(([name]) => name !== CURSOR);
  const cursor = query.find(([name]) => name === CURSOR)?.[1];
  const base = baseOf(c);
  const path = `${new URL(base).origin}${new URL(c.req.url).pathname}`;
  return await inVaultOf(c, { type, id }, async (ports) => {
    const scope = scopeOf(ports, `${type}/${id ?? ""}/_history`, params);
    const after = cursor === undefined ? undefined : await openCursor<HistoryMark>(ports.keys, idOf(ports.actor), scope, cursor);
    const answer = await ports.vault.fhir(ports.actor, { kind: "history", type, id, params, after });
    const { history: versions = [], following } = answer;
    const sealed = following === undefined ? undefined : await sealCursor(ports.keys, idOf(ports.actor), scope, following);
    const next = sealed === undefined ? undefined : urlOf(path, [...params, [CURSOR, sealed]]);
    return sent(c, 200, historyBundle(versions, base, { self: urlOf(path, query), next }, next !== undefined || after !== undefined));
  });
}

/** Answers a read or vread, honouring `If-None-Match` and `If-Modified-Since`. */
export async function look(c: AppContext, request: SingleRequest & { readonly id?: string | undefined }): Promise<Response> {
  requireJson(c);
  const answer = await inVaultOf(c, request, async ({ vault, actor }) => await vault.fhir(actor, request));
  const base = baseOf(c);
  const headers = versionHeaders(answer, base);
  return isCurrent(c, answer) ? c.body(null, 304, headers) : sent(c, 200, answer.json, headers);
}

/** Makes, changes or deletes a resource. */
export async function change(
  c: AppContext,
  make: (body: string) => SingleRequest,
  bodies: "resource" | "patch" | "none",
): Promise<Response> {
  requireJson(c);
  const body = bodies === "none" ? "" : await bodyOf(c, bodies === "patch" ? ["application/json-patch+json"] : RESOURCE_TYPES);
  return await changed(c, make(body));
}

/** Makes a resource whose body was read. */
export async function makeResource(c: AppContext, type: string, resource: string): Promise<Response> {
  requireJson(c);
  return await changed(c, { kind: "create", type, resource });
}

async function changed(c: AppContext, request: SingleRequest): Promise<Response> {
  const base = baseOf(c);
  if (request.type === "Subscription" && (request.kind === "create" || request.kind === "update")) {
    const reader = readerOf(c);
    // Who chooses where data goes has proven themselves lately.
    if (reader.kind === "person" && reader.reach === undefined) await requireStepUp(c);
  }
  const answer = await inVaultOf(c, saidBy(request), async ({ vault, actor }) => await vault.fhir(actor, request, base));
  const headers = versionHeaders(answer, base);
  if (answer.status === 204 || answer.json === undefined) return c.body(null, 204, headers);
  const wanted = returnPreference(c);
  const status = answer.status === 201 ? 201 : 200;
  if (wanted === "minimal") return c.body(null, status, headers);
  return sent(c, status, wanted === "operationoutcome" ? JSON.stringify(done(status)) : answer.json, headers);
}

/** What a write says of whom it is about. */
function saidBy(request: SingleRequest): Said {
  switch (request.kind) {
    case "create":
      return { type: request.type, body: request.resource, params: request.ifNoneExist };
    case "update":
      return { type: request.type, id: request.id, body: request.resource, params: request.query };
    case "patch":
    case "delete":
      return { type: request.type, id: request.id, params: request.query };
    default:
      return request;
  }
}

/** Runs a batch or a transaction: in one vault, since it is one person's. */
export async function runBundle(c: AppContext): Promise<Response> {
  requireJson(c);
  const body = await bodyOf(c, RESOURCE_TYPES);
  return await inVaultOf(c, { body }, async (ports) => {
    const { bundle } = await ports.vault.fhir(ports.actor, { kind: "bundle", bundle: body });
    if (bundle === undefined) throw problem("internal");
    const base = baseOf(c);
    const links = bundle.answers.map(async ({ asked, page }) =>
      asked === undefined
        ? undefined
        : await linksOf(
            ports,
            { path: `${base}/${asked.type}`, type: asked.type, query: [...new URLSearchParams(asked.query)] },
            page?.next,
          ),
    );
    return sent(c, 200, responseBundle(bundle, base, returnPreference(c) === "minimal", await Promise.all(links)));
  });
}

/** Searches a type, with the parameters of the query and, where there is a form, of the body; `within` is the compartment of `owner`. */
export async function search(c: AppContext, type: string, within: Params = [], owner?: PersonId): Promise<Response> {
  requireJson(c);
  const params: [string, string][] = [...new URL(c.req.url).searchParams];
  if (c.req.method === "POST") {
    const body = await bodyOf(c, [FORM], true);
    params.push(...new URLSearchParams(body));
  }
  const base = baseOf(c);
  const path = within.length === 0 ? `${base}/${type}` : `${new URL(base).origin}${new URL(c.req.url).pathname}`;
  const query = params.filter(([name]) => name !== CURSOR);
  const cursor = params.find(([name]) => name === CURSOR)?.[1];
  return await inVaultOf(c, { type, params: [...within, ...query] }, async (ports) => {
    // Who is not there, or lets nobody in, has no compartment.
    if (within.length > 0 && ports.owner !== owner) throw problem("not_found");
    const scope = scopeOf(ports, type, [...within, ...query]);
    const after = cursor === undefined ? undefined : await openCursor<Mark>(ports.keys, idOf(ports.actor), scope, cursor);
    const asked = { kind: "search", type, params: [...within, ...query], lenient: prefersLenient(c), after } as const;
    const { page } = await ports.vault.fhir(ports.actor, asked);
    if (page === undefined) throw problem("internal");
    const { next } = await linksOf(ports, { path, type, within, query }, page.next);
    return sent(c, 200, searchset(page, base, { self: urlOf(path, params), next }));
  });
}

/** What a page answers: the address, and what of the search stands in it. */
interface Place {
  readonly path: string;
  readonly type: string;
  /** What the path itself says of the search. */
  readonly within?: Params;
  readonly query: Params;
}

/** The links of a page: to itself from its beginning, and to what follows. */
async function linksOf(ports: FhirPorts, { path, type, within = [], query }: Place, next: Mark | undefined): Promise<Links> {
  if (next === undefined) return { self: urlOf(path, query), next: undefined };
  const sealed = await sealCursor(ports.keys, idOf(ports.actor), scopeOf(ports, type, [...within, ...query]), next);
  return { self: urlOf(path, query), next: urlOf(path, [...query, [CURSOR, sealed]]) };
}

export function urlOf(path: string, params: Params): string {
  const text = new URLSearchParams(params.map(([name, value]) => [name, value])).toString();
  return text === "" ? path : `${path}?${text}`;
}

/** A cursor goes on with the very search it came from, in the same reach. */
function scopeOf({ actor, owner }: FhirPorts, type: string, query: Params): string {
  return `fhir ${owner} ${type} ${JSON.stringify(query)} ${JSON.stringify(actor.kind === "person" ? (actor.reach ?? null) : (actor.names ?? null))}`;
}

export async function bodyOf(c: AppContext, accepted: readonly string[], mayBeEmpty = false): Promise<string> {
  // Decoded here: the runtime warns of every body that it is asked to read as text and that is not called text.
  const body = new TextDecoder().decode(await c.req.arrayBuffer());
  const mediaType = (c.req.header("content-type") ?? "").split(";")[0]?.trim().toLowerCase() ?? "";
  if (!accepted.includes(mediaType) && !(mayBeEmpty && body === ""))
    throw problem("unsupported_media_type", `Send ${accepted.join(" or ")}.`);
  return body;
}

export function sent(c: AppContext, status: 200 | 201, json: string | undefined, headers: Record<string, string> = {}): Response {
  return c.body(json ?? "", status, { ...headers, "content-type": FHIR_JSON });
}

/** `Prefer: return=…` (RFC 7240); words that are unknown count for nothing. */
function returnPreference(c: AppContext): string | undefined {
  const parts = (c.req.header("prefer") ?? "").split(/[,;]/).map((part) => part.trim().toLowerCase().replaceAll('"', ""));
  return parts.find((part) => part.startsWith("return="))?.slice("return=".length);
}

function done(status: 200 | 201) {
  const diagnostics = status === 201 ? "The resource was created." : "The resource is as you sent it.";
  return { resourceType: "OperationOutcome", issue: [{ severity: "information", code: "informational", diagnostics }] };
}

/** Weak comparison (RFC 9110 §13.1.2); dates count where no tag is given (§13.1.3). */
export function isCurrent(c: AppContext, { version, changedAt }: FhirAnswer): boolean {
  const tags = c.req.header("if-none-match");
  if (tags !== undefined) return version !== undefined && namesVersion(tags, version);
  const since = Date.parse(c.req.header("if-modified-since") ?? "");
  return changedAt !== undefined && !Number.isNaN(since) && Math.floor(changedAt / 1_000) * 1_000 <= since;
}
