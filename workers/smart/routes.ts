import { Hono } from "hono";
import { peekAssertion } from "../../shared/crypto/client-assertion";
import { sha256Hex } from "../../shared/crypto/sha256";
import { type AppContext, type AppEnv, personOf } from "../../shared/http/app-env";
import { namesVersion } from "../../shared/http/etag";
import { pageOf, pageQuery } from "../../shared/http/page";
import { regionalHosts, regionOfHost } from "../../shared/http/regional-hosts";
import { route } from "../../shared/http/route";
import { validate } from "../../shared/http/validate";
import { parseId, regionOf } from "../../shared/id";
import { REGIONS } from "../../shared/region";
import { limitRegistrations } from "../accounts";
import {
  authenticateClient,
  FORM_LIMIT,
  formOf,
  introspectToken,
  issueToken,
  partnerPorts,
  required,
  revokeToken,
  tokenSchema,
} from "../partners";
import { requireSession, sessionGuard } from "../sessions";
import * as z from "zod";
import {
  appListSchema,
  appParam,
  appSchema,
  changeAppBody,
  grantedAppListSchema,
  launchSchema,
  newAppBody,
  organisationAppParam,
  organisationAppsParam,
  registrationBody,
  registrationChangeBody,
  registrationSchema,
} from "./app-schemas";
import { changeOurs, listApps, readOurs, registerOurs, removeOurs } from "./apps";
import { authenticateApp, type Form } from "./authenticate-app";
import { newLaunch } from "./authorize";
import {
  brandBundle,
  BRANDS,
  openidConfiguration,
  openidConfigurationSchema,
  smartConfiguration,
  smartConfigurationSchema,
} from "./discovery";
import { listGranted, removeGranted } from "./granted-apps";
import { redeemCode, refreshApp } from "./issue-app-token";
import { pageRoutes } from "./page-routes";
import { FHIR, smartPorts, type SmartPorts } from "./ports";
import { changeRegistration, readRegistration, register, removeRegistration } from "./registrations";
import { introspectOwn, revokeOwn } from "./tokens-of-apps";
import { appTokensSchema } from "./token-schemas";

const TAGS = ["Apps"] as const;
const NEVER_KEPT = { "cache-control": "no-store", pragma: "no-cache" } as const;
const form = (parameters: string) => ({
  mediaType: "application/x-www-form-urlencoded",
  description: `${parameters}; and how the client proves itself: \`client_assertion_type\` and \`client_assertion\` (RFC 7523), \`client_secret\` or HTTP Basic, or \`client_id\` alone`,
});

const endpoints = new Hono<AppEnv>()
  .get(
    `${FHIR}/.well-known/smart-configuration`,
    route({
      policy: "public",
      summary: "What SMART apps find out by themselves",
      tags: TAGS,
      responses: { 200: smartConfigurationSchema },
    }),
    (c) => c.json(smartConfiguration(c.env.ORIGIN, smartPorts(c).identifies)),
  )
  .get(
    BRANDS,
    route({
      policy: "public",
      summary: "Under which name people know this server",
      description: "The user access brand of SMART App Launch 2.2: a Bundle with an Organization and its Endpoint.",
      tags: TAGS,
      responses: { 200: { mediaType: "application/fhir+json", description: "A Bundle of type `collection`" }, 304: null },
    }),
    async (c) => {
      const json = JSON.stringify(brandBundle(c.env.ORIGIN));
      const etag = `"${(await sha256Hex(json)).slice(0, 32)}"`;
      const headers = { etag, "cache-control": "public, max-age=3600", "content-type": "application/fhir+json; charset=utf-8" };
      return namesVersion(c.req.header("if-none-match") ?? "", etag.slice(1, -1))
        ? c.body(null, 304, { etag })
        : c.body(json, 200, headers);
    },
  )
  .get(
    "/.well-known/openid-configuration",
    route({
      policy: "public",
      summary: "What OpenID clients find out by themselves",
      tags: TAGS,
      responses: { 200: openidConfigurationSchema },
    }),
    (c) => c.json(openidConfiguration(c.env.ORIGIN, smartPorts(c).identifies)),
  )
  .post(
    "/oauth/token",
    route({
      policy: "assertion",
      summary: "Tokens for an app or a machine client",
      description:
        "`authorization_code` with PKCE, `refresh_token` with rotation (one that comes again ends the session), and `client_credentials` for machine clients.",
      tags: TAGS,
      responses: { 200: z.union([appTokensSchema, tokenSchema]) },
      problems: ["malformed", "too_large", "invalid_client", "invalid_grant", "invalid_scope", "unsupported_grant_type", "wrong_region"],
      bodyLimit: FORM_LIMIT,
      rawBody: form("`grant_type`, `code`, `redirect_uri`, `code_verifier`, `refresh_token`, `scope`"),
      idempotency: "off",
    }),
    async (c) => c.json(await tokensFor(smartPorts(c), await formOf(c), c.req.header("authorization")), 200, NEVER_KEPT),
  )
  .post(
    "/oauth/introspect",
    route({
      policy: "assertion",
      summary: "Whether a token counts, and for what",
      description: "An app learns of its own tokens, a machine client of those of machine clients.",
      tags: TAGS,
      responses: { 200: z.looseObject({ active: z.boolean() }).meta({ id: "IntrospectionOfApps" }) },
      problems: ["malformed", "too_large", "invalid_client", "wrong_region"],
      bodyLimit: FORM_LIMIT,
      rawBody: form("`token`"),
      idempotency: "off",
    }),
    async (c) => {
      const [ports, parameters, authorization] = [smartPorts(c), await formOf(c), c.req.header("authorization")];
      const token = required(parameters, "token");
      if (!isMachine(parameters)) {
        return c.json(await introspectOwn(ports, await authenticateApp(ports, parameters, authorization), token), 200, NEVER_KEPT);
      }
      await authenticateClient(ports.oauth, parameters, authorization);
      return c.json({ ...(await introspectToken(ports.oauth, token)) }, 200, NEVER_KEPT);
    },
  )
  .post(
    "/oauth/revoke",
    route({
      policy: "assertion",
      summary: "Revoke a token of one's own",
      description: "Of an app: with all that came of the same decision, from the next request on. Answers alike for a token that is none.",
      tags: TAGS,
      responses: { 200: null },
      problems: ["malformed", "too_large", "invalid_client", "wrong_region"],
      bodyLimit: FORM_LIMIT,
      rawBody: form("`token`"),
      idempotency: "off",
    }),
    async (c) => {
      const [ports, parameters, authorization] = [smartPorts(c), await formOf(c), c.req.header("authorization")];
      const token = required(parameters, "token");
      if (isMachine(parameters)) await revokeToken(ports.oauth, await authenticateClient(ports.oauth, parameters, authorization), token);
      else await revokeOwn(ports, await authenticateApp(ports, parameters, authorization), token);
      return c.body(null, 200, NEVER_KEPT);
    },
  )
  .post(
    "/oauth/register",
    route({
      policy: "app",
      summary: "Register an app of patients (RFC 7591)",
      description:
        "Anybody may: an app gets nothing before a person lets it in. `system/` scopes are for machine clients of organisations.",
      tags: TAGS,
      responses: { 201: registrationSchema },
      problems: ["malformed", "invalid", "too_large"],
      ofRegistration: true,
      idempotency: "off",
    }),
    validate("json", registrationBody),
    async (c) => {
      const [ports, body] = [smartPorts(c), c.req.valid("json")];
      const region = regionHere(c);
      await limitRegistrations(ports, region);
      return c.json(await register(ports, region, body), 201, NEVER_KEPT);
    },
  )
  .get(
    "/oauth/register/:appId",
    route({
      policy: "app",
      summary: "Read a registration (RFC 7592)",
      description: "With the `registration_access_token` as bearer token.",
      tags: TAGS,
      responses: { 200: registrationSchema },
      problems: ["unauthenticated"],
    }),
    validate("param", appParam),
    async (c) => {
      const { appId } = c.req.valid("param");
      return c.json(await readRegistration(smartPorts(c), appId, c.req.header("authorization")), 200, NEVER_KEPT);
    },
  )
  .put(
    "/oauth/register/:appId",
    route({
      policy: "app",
      summary: "Replace a registration (RFC 7592)",
      description:
        "Whole: what is left out is nothing. The answer has another `registration_access_token`; the old one is good for nothing. Apps that ask for less than before get no more when they refresh.",
      tags: TAGS,
      responses: { 200: registrationSchema },
      problems: ["unauthenticated", "malformed", "invalid", "too_large"],
      ofRegistration: true,
      idempotency: "off",
    }),
    validate("param", appParam),
    validate("json", registrationChangeBody),
    async (c) => {
      const { appId } = c.req.valid("param");
      const changed = await changeRegistration(smartPorts(c), appId, c.req.header("authorization"), c.req.valid("json"));
      return c.json(changed, 200, NEVER_KEPT);
    },
  )
  .delete(
    "/oauth/register/:appId",
    route({
      policy: "app",
      summary: "Remove a registration (RFC 7592)",
      description: "With all that people gave to the app: it gets no further token, and those it has are refused.",
      tags: TAGS,
      responses: { 204: null },
      problems: ["unauthenticated"],
    }),
    validate("param", appParam),
    async (c) => {
      await removeRegistration(smartPorts(c), c.req.valid("param").appId, c.req.header("authorization"));
      return c.body(null, 204, NEVER_KEPT);
    },
  );

/** The region in which an app of nobody in particular is registered: that of the host, or the first. It holds nothing of any person. */
function regionHere(c: AppContext) {
  return regionOfHost(regionalHosts(c.env.REGIONAL_HOSTS), new URL(c.req.url).host) ?? REGIONS[0];
}

async function tokensFor(ports: SmartPorts, parameters: Form, authorization: string | undefined) {
  const type = required(parameters, "grant_type");
  if (isMachine(parameters)) return await issueToken(ports.oauth, parameters, authorization);
  switch (type) {
    case "authorization_code":
      return await redeemCode(ports, parameters, authorization);
    case "refresh_token":
      return await refreshApp(ports, parameters, authorization);
    default:
      return await issueToken(ports.oauth, parameters, authorization);
  }
}

/** Whether a machine client asks, and not an app: by the id that it says, which is proven afterwards. */
function isMachine(parameters: Form): boolean {
  const assertion = parameters.get("client_assertion");
  return assertion !== undefined && peekAssertion(assertion, "app") === undefined;
}

const organisationRoutes = new Hono<AppEnv>()
  .post(
    "/v1/organisations/:organisationId/apps",
    route({
      policy: "person",
      summary: "Register an app of an organisation",
      description: "A secret is in the answer, and nowhere else. Needs a fresh proof by two factors.",
      tags: TAGS,
      responses: { 201: appSchema },
      problems: ["malformed", "not_found", "invalid", "conflict", "step_up_required"],
      idempotency: "off",
    }),
    validate("param", organisationAppsParam),
    validate("json", newAppBody),
    async (c) => {
      const { organisationId } = c.req.valid("param");
      const app = await registerOurs(partnerPorts(c), organisationId, c.req.valid("json"));
      return c.json(app, 201, { location: `/v1/organisations/${organisationId}/apps/${app.id}`, ...NEVER_KEPT });
    },
  )
  .get(
    "/v1/organisations/:organisationId/apps",
    route({
      policy: "person",
      summary: "The apps of an organisation",
      tags: TAGS,
      responses: { 200: appListSchema },
      problems: ["not_found", "invalid"],
    }),
    validate("param", organisationAppsParam),
    validate("query", pageQuery),
    async (c) => {
      const ports = partnerPorts(c);
      const { organisationId } = c.req.valid("param");
      const items = await listApps(ports, organisationId);
      const list = { name: `apps ${organisationId}`, items, place: ({ id }: { readonly id: string }) => id };
      return c.json(await pageOf(ports.keys, ports.actor.person, list, c.req.valid("query")));
    },
  )
  .get(
    "/v1/organisations/:organisationId/apps/:appId",
    route({ policy: "person", summary: "One app of an organisation", tags: TAGS, responses: { 200: appSchema }, problems: ["not_found"] }),
    validate("param", organisationAppParam),
    async (c) => {
      const { organisationId, appId } = c.req.valid("param");
      return c.json(await readOurs(partnerPorts(c), organisationId, appId));
    },
  )
  .patch(
    "/v1/organisations/:organisationId/apps/:appId",
    route({
      policy: "person",
      summary: "Change an app of an organisation, or give it a new secret",
      tags: TAGS,
      responses: { 200: appSchema },
      problems: ["malformed", "not_found", "invalid", "step_up_required"],
      idempotency: "off",
    }),
    validate("param", organisationAppParam),
    validate("json", changeAppBody),
    async (c) => {
      const { organisationId, appId } = c.req.valid("param");
      return c.json(await changeOurs(partnerPorts(c), organisationId, appId, c.req.valid("json")), 200, NEVER_KEPT);
    },
  )
  .delete(
    "/v1/organisations/:organisationId/apps/:appId",
    route({
      policy: "person",
      summary: "Remove an app of an organisation, for good",
      description: "Nobody can let it in any more, and it gets no further token; those it has end within five minutes.",
      tags: TAGS,
      responses: { 204: null },
      problems: ["not_found", "step_up_required"],
    }),
    validate("param", organisationAppParam),
    async (c) => {
      const { organisationId, appId } = c.req.valid("param");
      await removeOurs(partnerPorts(c), organisationId, appId);
      return c.body(null, 204);
    },
  );

const ownRoutes = new Hono<AppEnv>()
  .get(
    "/v1/me/apps",
    route({
      policy: "person",
      summary: "The apps that you have let in",
      tags: TAGS,
      responses: { 200: grantedAppListSchema },
      problems: ["invalid"],
    }),
    validate("query", pageQuery),
    async (c) => {
      const ports = await ownPorts(c);
      const { person } = personOf(c);
      const list = { name: "own apps", items: await listGranted(ports, person), place: ({ id }: { readonly id: string }) => id };
      return c.json(await pageOf(ports.stores(regionOf(person)).keys, person, list, c.req.valid("query")));
    },
  )
  .delete(
    "/v1/me/apps/:appId",
    route({
      policy: "person",
      summary: "Send an app away",
      description: "Its tokens are refused from the next request on.",
      tags: TAGS,
      responses: { 204: null },
      problems: ["not_found"],
    }),
    validate("param", appParam),
    async (c) => {
      await removeGranted(await ownPorts(c), personOf(c).person, parseId("app", c.req.valid("param").appId));
      return c.body(null, 204);
    },
  )
  .post(
    "/v1/me/apps/:appId/launches",
    route({
      policy: "person",
      summary: "Launch an app with your record",
      description: "The address of the app, with a handle that is good once and for five minutes.",
      tags: TAGS,
      responses: { 201: launchSchema },
      problems: ["not_found"],
      idempotency: "off",
    }),
    validate("param", appParam),
    async (c) => c.json(await newLaunch(await ownPorts(c), personOf(c).person, c.req.valid("param").appId), 201, NEVER_KEPT),
  );

/** The ports of a signed-in person; problem `session_ended`. */
async function ownPorts(c: AppContext): Promise<SmartPorts> {
  const [ports, actor] = [smartPorts(c), personOf(c)];
  const { records } = ports.stores(regionOf(actor.person));
  requireSession(await sessionGuard(records, actor, ports.now()).all());
  return ports;
}

/** The authorization server: SMART App Launch 2.2, and OAuth for machine clients. */
export const smartRoutes = new Hono<AppEnv>()
  .route("/", endpoints)
  .route("/", pageRoutes)
  .route("/", organisationRoutes)
  .route("/", ownRoutes);
