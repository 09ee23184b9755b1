import { Hono } from "hono";
import { capabilityStatement } from "../../shared/fhir/capability";
import { SEARCH_PARAMETERS, type SearchableType } from "../../shared/fhir/search";
import type { AppContext, AppEnv } from "../../shared/http/app-env";
import { route } from "../../shared/http/route";
import { problem } from "../../shared/problem";
import { baseOf, FHIR_JSON, peopleBaseOf, prefersLenient, requireJson } from "./negotiate";
import { fhirPorts, type FhirPorts, personFhirPorts } from "./ports";
import { readResource } from "./read-resource";
import { searchResources } from "./search-resources";

/** Changes when what the statement says changes. */
const STATEMENT_DATE = "2026-11-26";
const FORM = "application/x-www-form-urlencoded";

const resource = (description: string) => ({ mediaType: "application/fhir+json", description });

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
  (c) =>
    c.body(JSON.stringify(capabilityStatement(baseOf(c), STATEMENT_DATE)), 200, {
      "content-type": FHIR_JSON,
      "cache-control": "public, max-age=3600",
    }),
);

for (const type of Object.keys(SEARCH_PARAMETERS) as SearchableType[]) {
  fhirRoutes.get(
    `/fhir/r4/${type}`,
    route({
      policy: "person",
      summary: `Search your own ${type} resources`,
      description: parametersOf(type),
      tags: ["FHIR"],
      responses: { 200: resource("Bundle of type searchset") },
      problems: ["malformed", "invalid", "not_acceptable"],
    }),
    async (c) => await search(c, fhirPorts(c), type, new URL(c.req.url).searchParams, baseOf(c)),
  );

  fhirRoutes.post(
    `/fhir/r4/${type}/_search`,
    route({
      policy: "person",
      summary: `Search your own ${type} resources, with the parameters in the body`,
      tags: ["FHIR"],
      responses: { 200: resource("Bundle of type searchset") },
      problems: ["malformed", "invalid", "not_acceptable", "unsupported_media_type", "too_large"],
      idempotency: "off",
      rawBody: { mediaType: FORM, description: "Search parameters; those of the query count as well" },
    }),
    async (c) => {
      // Decoded here: the runtime warns of every body that it is asked to read as text and that is not called text.
      const body = new TextDecoder().decode(await c.req.arrayBuffer());
      const mediaType = (c.req.header("content-type") ?? "").split(";")[0]?.trim().toLowerCase();
      if (body !== "" && mediaType !== FORM) throw problem("unsupported_media_type", `Send the parameters as ${FORM}.`);
      const params = new URLSearchParams([...new URL(c.req.url).searchParams, ...new URLSearchParams(body)]);
      return await search(c, fhirPorts(c), type, params, baseOf(c));
    },
  );

  fhirRoutes.get(
    `/fhir/r4/${type}/:id`,
    route({
      policy: "person",
      summary: `Read one of your own ${type} resources`,
      tags: ["FHIR"],
      responses: { 200: resource(type), 304: null },
      problems: ["not_found", "not_acceptable"],
    }),
    async (c) => await read(c, fhirPorts(c), type, c.req.param("id") ?? ""),
  );
}

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
      return await search(c, ports, type, new URL(c.req.url).searchParams, peopleBaseOf(c, ports.owner));
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
    async (c) => await read(c, await personFhirPorts(c, c.req.param("personId") ?? ""), type, c.req.param("id") ?? ""),
  );
}

function parametersOf(type: SearchableType): string {
  return `Parameters: ${SEARCH_PARAMETERS[type].map(({ name }) => `\`${name}\``).join(", ")}; and \`_count\`, \`_sort\`, \`_total\`. Unknown ones are refused unless \`Prefer: handling=lenient\`.`;
}

async function read(c: AppContext, ports: FhirPorts, type: SearchableType, id: string): Promise<Response> {
  requireJson(c);
  const { body, headers } = await readResource(ports, { type, id, ifNoneMatch: c.req.header("if-none-match") });
  return body === undefined ? c.body(null, 304, headers) : c.body(body, 200, { ...headers, "content-type": FHIR_JSON });
}

async function search(c: AppContext, ports: FhirPorts, type: SearchableType, params: URLSearchParams, base: string): Promise<Response> {
  requireJson(c);
  const bundle = await searchResources(ports, { type, params: [...params], lenient: prefersLenient(c), base });
  return c.body(bundle, 200, { "content-type": FHIR_JSON });
}
