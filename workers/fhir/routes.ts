import { Hono } from "hono";
import { capabilityStatement } from "../../shared/fhir/r4/capability";
import { LARGEST_BINARY } from "../../shared/fhir/binary";
import { SERVED } from "../../shared/fhir/store/served";
import { SEARCH_PARAMETERS, type SearchableType } from "../../shared/fhir/search";
import type { AppContext, AppEnv } from "../../shared/http/app-env";
import { route } from "../../shared/http/route";
import { problem } from "../../shared/problem";
import { paramsOf } from "../../shared/fhir/store/params";
import { isResourceType, type ResourceType } from "../../shared/fhir/r4/structures";
import { searchParameters } from "../../shared/fhir/r4/search-parameters";
import { personOfPatientId } from "../../shared/fhir/ids";
import { readBinary, storeBinary } from "./binaries";
import { change, history, look, runBundle, search } from "./interact";
import { baseOf, FHIR_JSON, peopleBaseOf, prefersLenient, requireJson } from "./negotiate";
import { openSocket, SOCKET_PATH, socketQuery } from "./bind-socket";
import { validate } from "../../shared/http/validate";
import { fhirPorts, type FhirPorts, personFhirPorts } from "./ports";
import { regional } from "../regional";
import { BULK, bulkStatus, cancelBulk, kickOff } from "./bulk";
import { createGroup, deleteGroup, isOfOrganisation, readGroup, searchGroups, updateGroup } from "./groups";
import { ownGroups, ownGroupsSchema } from "./own-groups";
import { operate } from "./operate";
import { readResource } from "./read-resource";
import { searchResources } from "./search-resources";

/** Changes when what the statement says changes. */
const STATEMENT_DATE = "2026-11-26";
const FORM = "application/x-www-form-urlencoded";

const resource = (description: string) => ({ mediaType: "application/fhir+json", description });

/** Statements by the base they are for: large, and the same until the next deployment. */
const statements = new Map<string, string>();
const MOST_STATEMENTS = 8;

function oauthOf(c: AppContext) {
  const at = `${new URL(baseOf(c)).origin}/oauth`;
  return { authorize: `${at}/authorize`, token: `${at}/token`, revoke: `${at}/revoke`, introspect: `${at}/introspect` };
}

export const fhirRoutes = new Hono<AppEnv>();

fhirRoutes.get(
  "/fhir/r4/metadata",
  route({
    policy: "public",
    summary: "Read the capability statement",
    tags: ["FHIR"],
    responses: { 200: resource("CapabilityStatement") },
  }),
  // Clients ask for the statement before they know what the server speaks: it is JSON whatever they accept.
  (c) => {
    const base = baseOf(c);
    const known = statements.get(base) ?? JSON.stringify(capabilityStatement({ base, date: STATEMENT_DATE, oauth: oauthOf(c) }, SERVED));
    // A deployment has few addresses; a caller could name others without end.
    if (statements.size < MOST_STATEMENTS) statements.set(base, known);
    return c.body(known, 200, { "content-type": FHIR_JSON, "cache-control": "public, max-age=3600" });
  },
);

const RESOURCE = { mediaType: "application/fhir+json", description: "A resource" };
const READ_PROBLEMS = ["malformed", "invalid", "not_found", "forbidden", "gone", "not_acceptable", "method_not_allowed"] as const;
const WRITE_PROBLEMS = [
  ...READ_PROBLEMS,
  "step_up_required",
  "precondition_failed",
  "conflict",
  "unsupported_media_type",
  "too_large",
] as const;

const looks = (summary: string, mediaType = "A resource") =>
  route({
    policy: "reader",
    summary,
    tags: ["FHIR"],
    responses: { 200: resource(mediaType), 202: null, 304: null },
    problems: READ_PROBLEMS,
  });
const changes = (summary: string, rawBody?: { mediaType: string; description: string }, description?: string) =>
  route({
    policy: "reader",
    summary,
    ...(description !== undefined && { description }),
    tags: ["FHIR"],
    responses: rawBody === undefined ? { 202: null, 204: null } : { 200: RESOURCE, 201: RESOURCE, 204: null },
    problems: WRITE_PROBLEMS,
    rawBody,
  });
const PATCH_BODY = { mediaType: "application/json-patch+json", description: "JSON Patch (RFC 6902)" };
const BUNDLE_LIMIT = 5_000_000;
/** A file of the largest size, as base64 in a resource. */
const FILE_LIMIT = Math.ceil((LARGEST_BINARY * 4) / 3) + 10_000;

/** Where histories stand in a path. */
const HISTORY = "_history";

/** The text of a body that is read again afterwards. */
const textOf = async (c: AppContext) => new TextDecoder().decode(await c.req.arrayBuffer());
const EXPORT = "$export";
const typeOf = (c: AppContext) => c.req.param("type") ?? "";
const idOf = (c: AppContext) => c.req.param("id") ?? "";
const queryOf = (c: AppContext) => [...new URL(c.req.url).searchParams].filter(([name]) => name !== "_format" && name !== "_pretty");
const ifMatchOf = (c: AppContext) => c.req.header("if-match");

fhirRoutes.post(
  "/fhir/r4/",
  route({
    policy: "reader",
    summary: "Run a batch or a transaction",
    description: "Each entry is decided for itself; a transaction happens as a whole or not at all.",
    tags: ["FHIR"],
    responses: { 200: resource("Bundle with an answer to each entry") },
    problems: WRITE_PROBLEMS,
    bodyLimit: BUNDLE_LIMIT,
    rawBody: { mediaType: "application/fhir+json", description: "Bundle of type batch or transaction" },
  }),
  async (c) => await runBundle(c),
);

fhirRoutes.get(
  "/fhir/r4/:type",
  route({
    policy: "reader",
    summary: "Search resources of a type",
    description:
      "Parameters are listed in the capability statement. Unknown ones are refused unless `Prefer: handling=lenient`. The type `_history` stands for the versions of all types, as `:type/_history` for those of one, with `_count`, `_since` and `_at`.",
    tags: ["FHIR"],
    responses: { 200: resource("Bundle of type searchset or history") },
    problems: READ_PROBLEMS,
  }),
  async (c) => {
    if (typeOf(c) === HISTORY) return await history(c, "");
    if (typeOf(c) === EXPORT) return await kickOff(c, { kind: "patients" });
    return typeOf(c) === "Group" && isOfOrganisation(c, {}) ? await searchGroups(c) : await search(c, typeOf(c));
  },
);

fhirRoutes.post(
  "/fhir/r4/:type/_search",
  route({
    policy: "reader",
    summary: "Search resources of a type, with the parameters in the body",
    tags: ["FHIR"],
    responses: { 200: resource("Bundle of type searchset") },
    problems: [...READ_PROBLEMS, "unsupported_media_type", "too_large"],
    idempotency: "off",
    rawBody: { mediaType: FORM, description: "Search parameters; those of the query count as well" },
  }),
  async (c) => await search(c, typeOf(c)),
);

const operates = (summary: string, description: string) =>
  route({
    policy: "reader",
    summary,
    description,
    tags: ["FHIR"],
    responses: { 200: RESOURCE },
    problems: [...WRITE_PROBLEMS, "step_up_required"],
    idempotency: "off",
    rawBody: { mediaType: "application/fhir+json", description: "Parameters, or for $validate the resource" },
  });
const operationIn = (c: AppContext) => c.req.param("operation") ?? c.req.param("member") ?? "";

fhirRoutes.post(
  "/fhir/r4/:type/:operation",
  operates("Run an operation on a type", "`$validate` on every type, and `$lastn` and `$stats` on Observation, also by GET."),
  async (c) =>
    typeOf(c) === "Patient" && operationIn(c) === EXPORT
      ? await kickOff(c, { kind: "patients" })
      : await operate(c, { type: typeOf(c), name: operationIn(c) }),
);

fhirRoutes.post(
  "/fhir/r4/:type/:id/:operation",
  operates(
    "Run an operation on a resource",
    "`$validate` on every type; on a Patient `$everything` and `$summary`, also by GET, and `$purge`, which asks for a fresh proof of who is there.",
  ),
  async (c) => await operateOn(c),
);

async function operateOn(c: AppContext): Promise<Response> {
  // Whoever may not look at the resource learns nothing of what there is below it.
  if (!operationIn(c).startsWith("$")) {
    await look(c, { kind: "read", type: typeOf(c), id: idOf(c) });
    throw problem("not_found");
  }
  if (typeOf(c) === "Group" && operationIn(c) === EXPORT) return await kickOff(c, { kind: "group", id: idOf(c) });
  return await operate(c, { type: typeOf(c), id: idOf(c), name: operationIn(c) });
}

fhirRoutes.post(
  "/fhir/r4/Binary",
  route({
    policy: "person",
    summary: "Keep a file",
    description:
      "Raw, by its media type, or as a Binary with data. `X-Security-Context` names the resource as which it is to be treated. Up to 20 MiB; documents, pictures, sound and text.",
    tags: ["FHIR"],
    responses: { 201: RESOURCE },
    problems: WRITE_PROBLEMS,
    bodyLimit: FILE_LIMIT,
    rawBody: { mediaType: "*/*", description: "The file, or a Binary" },
  }),
  async (c) => await storeBinary(c),
);

fhirRoutes.post(
  "/fhir/r4/:type",
  changes(
    "Create a resource",
    RESOURCE,
    "With `If-None-Exist` only where nothing fits the condition: 0 fits create, 1 is answered, more are refused.",
  ),
  async (c) => {
    if (typeOf(c) === EXPORT) return await kickOff(c, { kind: "patients" });
    if (typeOf(c) === "Group" && isOfOrganisation(c, { body: await textOf(c) })) return await createGroup(c);
    const condition = c.req.header("if-none-exist");
    const ifNoneExist = condition === undefined ? undefined : paramsOf(condition);
    return await change(c, (body) => ({ kind: "create", type: typeOf(c), resource: body, ifNoneExist }), "resource");
  },
);

fhirRoutes.put("/fhir/r4/:type", changes("Update the resource that a query names, or create it", RESOURCE), async (c) => {
  return await change(
    c,
    (body) => ({ kind: "update", type: typeOf(c), query: queryOf(c), resource: body, ifMatch: ifMatchOf(c) }),
    "resource",
  );
});

fhirRoutes.patch("/fhir/r4/:type", changes("Patch the resource that a query names", PATCH_BODY), async (c) => {
  return await change(c, (body) => ({ kind: "patch", type: typeOf(c), query: queryOf(c), patch: body, ifMatch: ifMatchOf(c) }), "patch");
});

fhirRoutes.delete("/fhir/r4/:type", changes("Delete the resource that a query names"), async (c) => {
  return await change(c, () => ({ kind: "delete", type: typeOf(c), query: queryOf(c), ifMatch: ifMatchOf(c) }), "none");
});

fhirRoutes.get("/fhir/r4/:type/:id", looks("Read a resource"), async (c) => {
  if (typeOf(c) === BULK) return await bulkStatus(c, idOf(c));
  if (typeOf(c) === "Patient" && idOf(c) === EXPORT) return await kickOff(c, { kind: "patients" });
  if (idOf(c) === HISTORY) return await history(c, typeOf(c));
  if (idOf(c).startsWith("$")) return await operate(c, { type: typeOf(c), name: idOf(c) });
  if (typeOf(c) === "Binary") return await readBinary(c, idOf(c));
  if (typeOf(c) === "Group" && isOfOrganisation(c, { id: idOf(c) })) return await readGroup(c, idOf(c));
  return await look(c, { kind: "read", type: typeOf(c), id: idOf(c) });
});

fhirRoutes.put("/fhir/r4/:type/:id", changes("Update a resource, or create it under this id", RESOURCE), async (c) => {
  if (typeOf(c) === "Group" && isOfOrganisation(c, { id: idOf(c) })) return await updateGroup(c, idOf(c));
  return await change(c, (body) => ({ kind: "update", type: typeOf(c), id: idOf(c), resource: body, ifMatch: ifMatchOf(c) }), "resource");
});

fhirRoutes.patch("/fhir/r4/:type/:id", changes("Patch a resource", PATCH_BODY), async (c) => {
  return await change(c, (body) => ({ kind: "patch", type: typeOf(c), id: idOf(c), patch: body, ifMatch: ifMatchOf(c) }), "patch");
});

fhirRoutes.delete("/fhir/r4/:type/:id", changes("Delete a resource, or cancel an export"), async (c) => {
  if (typeOf(c) === BULK) return await cancelBulk(c, idOf(c));
  if (typeOf(c) === "Group" && isOfOrganisation(c, { id: idOf(c) })) return await deleteGroup(c, idOf(c));
  return await change(c, () => ({ kind: "delete", type: typeOf(c), id: idOf(c), ifMatch: ifMatchOf(c) }), "none");
});

fhirRoutes.get("/fhir/r4/:type/:id/_history", looks("Read the versions of a resource", "Bundle of type history"), async (c) => {
  return await history(c, typeOf(c), idOf(c));
});

fhirRoutes.get("/fhir/r4/:type/:id/_history/:version", looks("Read one version of a resource"), async (c) => {
  if (typeOf(c) === "Group" && isOfOrganisation(c, { id: idOf(c) })) return await readGroup(c, idOf(c), c.req.param("version"));
  return await look(c, { kind: "vread", type: typeOf(c), id: idOf(c), version: c.req.param("version") });
});

fhirRoutes.get(
  "/fhir/r4/Patient/:id/:member",
  looks("Search a type within a person's compartment", "Bundle of type searchset"),
  async (c) => {
    const member = c.req.param("member");
    if (member.startsWith("$")) return await operate(c, { type: "Patient", id: idOf(c), name: member });
    const parameter = isResourceType(member) ? compartmentParameter(member) : undefined;
    if (parameter === undefined) throw problem("not_found");
    return await search(c, member, [[parameter, `Patient/${idOf(c)}`]], personOfPatientId(idOf(c)));
  },
);

fhirRoutes.get(
  "/fhir/r4/Subscription/:id/:report",
  looks("How a Subscription stands, its events by their numbers, or a token for a WebSocket", "Bundle or Parameters"),
  async (c) => await operate(c, { type: "Subscription", id: idOf(c), name: c.req.param("report") }),
);

fhirRoutes.get(
  SOCKET_PATH,
  route({
    policy: "ticket",
    summary: "Hear of Subscriptions over a WebSocket",
    description:
      "Opened with the `websocket-url` of `$get-ws-binding-token`; send `bind-with-token: <token>` as the first message. Each notification is a Bundle.",
    tags: ["FHIR"],
    responses: { 101: null },
    problems: ["malformed", "invalid"],
  }),
  validate("query", socketQuery),
  async (c) => await openSocket(c, c.req.valid("query").ticket),
);

// Behind the two above, which it fits as well.
fhirRoutes.get(
  "/fhir/r4/:type/:id/:member",
  looks("Run an operation that changes nothing on a resource", "What the operation answers; 202 where an export begins"),
  async (c) => await operateOn(c),
);

/** The parameter by which resources of a type belong to a person. */
function compartmentParameter(type: ResourceType): string | undefined {
  const known = searchParameters(type);
  return ["patient", "subject", "individual", "member"].find((name) => known.get(name)?.kind === "reference");
}

fhirRoutes.get(
  "/v1/me/groups",
  route({
    policy: "person",
    summary: "The groups of organisations in which you are",
    description: "Only whoever shares something with an organisation is in its groups, and leaves them with the last consent.",
    tags: ["Consents"],
    responses: { 200: ownGroupsSchema },
  }),
  async (c) => {
    const { vault, actor } = fhirPorts(c);
    await vault.admit(actor, { action: "read", resource: "consent" });
    return c.json(await ownGroups((region) => regional(c.env, region).records, actor.person));
  },
);

/** Another person's laboratory resources, by their consent: every call is decided and logged in that person's vault. */
for (const type of ["Observation", "DiagnosticReport"] as const) {
  const what = type === "Observation" ? "Laboratory results" : "Laboratory reports";
  fhirRoutes.get(
    `/v1/people/:personId/fhir/${type}`,
    route({
      policy: "reader",
      summary: `${what} of another person as FHIR: search ${type} resources`,
      description: `Category \`labs\`. By the consent of the person: whatever you may not see looks as if it did not exist. ${parametersOf(type)}`,
      tags: ["People"],
      responses: { 200: resource("Bundle of type searchset") },
      problems: ["malformed", "invalid", "not_found", "not_acceptable", "step_up_required"],
    }),
    async (c) => {
      const ports = await personFhirPorts(c, c.req.param("personId") ?? "");
      return await searchShared(c, ports, type, new URL(c.req.url).searchParams, peopleBaseOf(c, ports.owner));
    },
  );

  fhirRoutes.get(
    `/v1/people/:personId/fhir/${type}/:id`,
    route({
      policy: "reader",
      summary: `${what} of another person as FHIR: read one ${type}`,
      description: "By the consent of the person: whatever you may not see looks as if it did not exist.",
      tags: ["People"],
      responses: { 200: resource(type), 304: null },
      problems: ["not_found", "not_acceptable", "step_up_required"],
    }),
    async (c) => await readShared(c, await personFhirPorts(c, c.req.param("personId") ?? ""), type, c.req.param("id") ?? ""),
  );
}

function parametersOf(type: SearchableType): string {
  return `Parameters: ${SEARCH_PARAMETERS[type].map(({ name }) => `\`${name}\``).join(", ")}; and \`_count\`, \`_sort\`, \`_total\`. Unknown ones are refused unless \`Prefer: handling=lenient\`.`;
}

async function readShared(c: AppContext, ports: FhirPorts, type: SearchableType, id: string): Promise<Response> {
  requireJson(c);
  const { body, headers } = await readResource(ports, { type, id, ifNoneMatch: c.req.header("if-none-match") });
  return body === undefined ? c.body(null, 304, headers) : c.body(body, 200, { ...headers, "content-type": FHIR_JSON });
}

async function searchShared(
  c: AppContext,
  ports: FhirPorts,
  type: SearchableType,
  params: URLSearchParams,
  base: string,
): Promise<Response> {
  requireJson(c);
  const bundle = await searchResources(ports, { type, params: [...params], lenient: prefersLenient(c), base });
  return c.body(bundle, 200, { "content-type": FHIR_JSON });
}
