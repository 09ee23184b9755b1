import { Hono } from "hono";
import { capabilityStatement } from "../../shared/fhir/capability";
import { SEARCH_PARAMETERS, type SearchableType } from "../../shared/fhir/search";
import type { AppContext, AppEnv } from "../../shared/http/app-env";
import { route } from "../../shared/http/route";
import { problem } from "../../shared/problem";
import { baseOf, FHIR_JSON, prefersLenient, requireJson } from "./negotiate";
import { fhirPorts } from "./ports";
import { readResource } from "./read-resource";
import { searchResources } from "./search-resources";

/** Changes when what the statement says changes. */
const STATEMENT_DATE = "2026-11-21";
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
      description: `Parameters: ${SEARCH_PARAMETERS[type].map(({ name }) => `\`${name}\``).join(", ")}; and \`_count\`, \`_sort\`, \`_total\`. Unknown ones are refused unless \`Prefer: handling=lenient\`.`,
      tags: ["FHIR"],
      responses: { 200: resource("Bundle of type searchset") },
      problems: ["malformed", "invalid", "not_acceptable"],
    }),
    async (c) => search(c, type, new URL(c.req.url).searchParams),
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
      return search(c, type, new URLSearchParams([...new URL(c.req.url).searchParams, ...new URLSearchParams(body)]));
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
    async (c) => {
      requireJson(c);
      const { body, headers } = await readResource(fhirPorts(c), {
        type,
        id: c.req.param("id") ?? "",
        ifNoneMatch: c.req.header("if-none-match"),
      });
      return body === undefined ? c.body(null, 304, headers) : c.body(body, 200, { ...headers, "content-type": FHIR_JSON });
    },
  );
}

async function search(c: AppContext, type: SearchableType, params: URLSearchParams): Promise<Response> {
  requireJson(c);
  const bundle = await searchResources(fhirPorts(c), { type, params: [...params], lenient: prefersLenient(c), base: baseOf(c) });
  return c.body(bundle, 200, { "content-type": FHIR_JSON });
}
