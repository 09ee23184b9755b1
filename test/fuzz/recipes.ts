import * as z from "zod";
import { fromBase32, stepAt, totpCode } from "../../shared/crypto/totp";
import { Authenticator } from "../authenticator";
import { withEarlierCode } from "../totp";
import type { Plan } from "./plan";
import type { Answer } from "./wire";
import { clientToken, emergency, holder, proofOf, strengthen } from "./stages";
import { bearer, type Person, parsed, type World } from "./world";

/**
 * Calls that need what no schema can say: a proof made with a key, a code out of a letter, a vendor's consent. Each makes a valid plan
 * into one that can succeed; an operation that is not here gets along without.
 */
export const RECIPES: Readonly<Record<string, (world: World, person: Person, plan: Plan) => Promise<Plan>>> = {
  postV1IngestByPlatform: async (_world, _person, plan) => withBody(plan, push(), { platform: "healthkit" }),
  postV1Imports: async (_world, _person, plan) => ({
    ...withBody(plan, { kind: "apple-health-export", fileName: "export.zip", size: 1_000 }),
    query: [],
  }),
  postHooksGoogleHealthBySecret: async (world, _person, plan) => {
    const bytes = new TextEncoder().encode(JSON.stringify(notification()));
    const headers: [string, string][] = [
      ["authorization", `Bearer ${world.secrets["GOOGLE_WEBHOOK_SECRET"] ?? ""}`],
      ["google-health-api-signature", world.signHook(new TextDecoder().decode(bytes))],
    ];
    return {
      ...plan,
      headers,
      path: { secret: world.secrets["GOOGLE_WEBHOOK_SECRET"] ?? "" },
      body: { mediaType: "application/json", bytes },
    };
  },
  getV1IntegrationsByVendorAuthorize: async (_world, _person, plan) => ({ ...plan, path: { vendor: "google-health" }, query: [] }),
  getV1IntegrationsByVendorStatus: async (_world, _person, plan) => ({ ...plan, path: { vendor: "google-health" } }),
  getV1IntegrationsByVendorCallback: async (world, person, plan) => {
    const begun = await world.send({
      method: "GET",
      target: "/v1/integrations/google-health/authorize?areas=sleep",
      headers: bearer(person),
    });
    const { authorizeUrl } = z.looseObject({ authorizeUrl: z.string().default("http://x/") }).parse(parsed(begun.text) ?? {});
    const back = await world.consent(authorizeUrl);
    return { ...plan, path: { vendor: "google-health" }, query: [...new URL(back, "http://x").searchParams] };
  },
  postV1MePasskeys: async (world, person, plan) => {
    const found = await creation(world, person);
    return found === undefined
      ? plan
      : withBody(plan, { name: "Key", response: await (await Authenticator.make(world.origin)).create(found) });
  },
  patchV1MePasskeysById: async (world, person, plan) => {
    await keyOf(world, person);
    return plan;
  },
  deleteV1MePasskeysById: async (world, person, plan) => {
    keys.delete(person);
    await keyOf(world, person);
    return plan;
  },
  postV1SessionsPasskeys: async (world, person, plan) => {
    const key = await keyOf(world, person);
    const asked = await world.json("POST", "/v1/sessions/passkeys/challenges", {});
    const found = z.looseObject({ challenge: z.string() }).safeParse(parsed(asked.text)).data;
    return found === undefined ? plan : withBody(plan, { response: await key.get(found) });
  },
  postV1MeTotpConfirmation: async (world, person, plan) => withBody(plan, { code: await codeOf(await enrol(world, person)) }),
  deleteV1MeTotp: async (world, person, plan) => {
    await confirm(world, person);
    return plan;
  },
  postV1MeRecoveryCodes: async (world, person, plan) => {
    await confirm(world, person);
    return plan;
  },
  postV1SessionsChallenges: async (world, _person, plan) => {
    const fresh = await world.register("eu");
    const secret = await confirm(world, fresh);
    const half = await world.json("POST", "/v1/sessions", { email: fresh.email, password: fresh.password });
    const { challenge } = z.looseObject({ challenge: z.string().default("x") }).parse(parsed(half.text) ?? {});
    return withBody(plan, { challenge, code: await codeOf(secret) });
  },
  postV1PasswordResetsCompletions: async (world, person, plan) => {
    await world.json("POST", "/v1/password-resets", { email: person.email });
    return withBody(plan, { token: await letter(world, person.email, "rst"), password: person.password });
  },
  postV1MeEmailConfirmation: async (world, _person, plan) => {
    const fresh = await world.register("us");
    world.people.push(fresh);
    const email = world.freshEmail();
    await world.json("POST", "/v1/me/email", { email }, fresh);
    return { ...withBody(plan, { token: await letter(world, email, "eml") }), who: world.people.length - 1 };
  },
  postOauthToken: async (world, _person, plan) => form(plan, await proofOf(world, { grant_type: "client_credentials" })),
  postOauthIntrospect: async (world, _person, plan) => form(plan, await proofOf(world, { token: await clientToken(world) })),
  postOauthRevoke: async (world, _person, plan) => form(plan, await proofOf(world, { token: await clientToken(world) })),
  postV1OrganisationsByOrganisationIdMembers: async (world, _person, plan) => {
    const [owner, invited] = await Promise.all([holder(world, []), world.register("eu")]);
    return { ...withBody(plan, { person: invited.id, role: "admin" }, { organisationId: await organisationOf(world, owner) }), as: owner };
  },
  postV1OrganisationsByOrganisationIdClients: async (world, _person, plan) => {
    const as = await holder(world, []);
    const body = { name: "Report", scopes: ["read:vitals"], jwksUri: "https://keys.clinic.org/set" };
    return { ...withBody(plan, body, { organisationId: await organisationOf(world, as) }), as };
  },
  patchV1OrganisationsByOrganisationIdClientsByClientId: async (world, _person, plan) => {
    const as = await holder(world, []);
    const organisationId = await organisationOf(world, as);
    const body = { name: "Report", scopes: ["read:vitals"], jwksUri: "https://keys.clinic.org/set" };
    const clientId = idIn(await world.json("POST", `/v1/organisations/${organisationId}/clients`, body, as));
    return { ...withBody(plan, { name: "Reports" }, { organisationId, clientId }), as };
  },
  postV1PeopleByPersonIdEmergencyAccess: async (world, person, plan) => ({
    ...withBody(plan, { reason: "Found unconscious, nobody else there." }, { personId: person.id }),
    as: await holder(world, ["clinician"]),
  }),
  postV1ReviewsEmergencyAccessesByIdDecision: async (world, _person, plan) => {
    const { id, reviewer } = await emergency(world);
    return { ...withBody(plan, { outcome: "justified", note: "Confirmed with the ward." }, { id }), as: reviewer };
  },
  deleteV1MeEmergencyAccessesById: async (world, _person, plan) => {
    const { id, victim } = await emergency(world);
    return { ...plan, path: { id }, as: victim };
  },
  postV1MeExports: async (world, _person, plan) => ({ ...plan, as: await world.register("us") }),
  deleteV1MeExportsById: async (world, _person, plan) => {
    const as = await world.register("us");
    return { ...plan, path: { id: idIn(await world.json("POST", "/v1/me/exports", undefined, as)) }, as };
  },
  deleteV1Me: async (world, _person, plan) => ({ ...plan, as: await world.register("eu") }),
  deleteV1MeErasure: async (world, _person, plan) => {
    const as = await world.register("eu");
    await world.send({ method: "DELETE", target: "/v1/me", headers: bearer(as) });
    return { ...plan, as };
  },
  putV1MeRetention: async (_world, _person, plan) => withBody(plan, { keep: {}, keepSummaries: true }),
  postV1SessionsProvidersByProvider: async (_world, _person, plan) => withBody(plan, flow(), { provider: "google" }),
  postV1MeIdentitiesByProvider: async (world, _person, plan) => ({
    ...withBody(plan, flow(), { provider: "google" }),
    as: await strengthen(world, await world.register("eu")),
  }),
  getV1SignInProvidersByProviderCallback: async (world, _person, plan) => ({
    ...plan,
    path: { provider: "google" },
    query: [...(await refusal(world, "google"))],
  }),
  postV1SignInProvidersByProviderCallback: async (world, _person, plan) =>
    form({ ...plan, path: { provider: "apple" } }, await refusal(world, "apple")),
};

const NO_PROVIDER = "nobody signs in at a provider here; workers/identities/sign-in.test.ts and linking.test.ts show it";

/** Operations that cannot succeed in this run, and why. */
export const WITHOUT_SUCCESS: Readonly<Record<string, string>> = {
  postV1AccountsVerifications: "a registration waits for its letter only where VERIFY_EMAIL is on; workers/accounts/email.test.ts shows it",
  postV1AccountsProviders: NO_PROVIDER,
  postV1MeIdentities: NO_PROVIDER,
  postV1ImportsByIdStart: "the file of a signed upload would have to be there; test/journeys/import-file.test.ts shows it",
  deleteV1MeRegionMove: "a move can be cancelled for moments only; workers/moving/moving.test.ts shows it",
  patchV1OrganisationsByOrganisationIdMembersByPersonId:
    "it takes a second member who has accepted; workers/partners/organisations.test.ts shows it",
  getV1SharedWithUs: "it takes a fresh token of a machine client; workers/partners/access.test.ts shows it",
  deleteV1MeIdentitiesByProvider: NO_PROVIDER,
  postV1SessionsProviders: NO_PROVIDER,
  postV1SessionsStepUpProviders: NO_PROVIDER,
  postV1SessionsStepUpProvidersByProvider: NO_PROVIDER,
  getV1ProgrammesByIdExportsByExportIdFile:
    "a release takes eleven people with data of half a year; workers/research/research.test.ts shows it",
};

/** The beginning of a sign-in at a provider. */
const flow = () => ({ challenge: "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM", returnTo: "https://app.meridian.test/signed-in" });

/** What a browser brings back from a provider where somebody has refused. */
async function refusal(world: World, provider: string): Promise<URLSearchParams> {
  const begun = await world.json("POST", `/v1/sessions/providers/${provider}`, flow());
  const { authorizeUrl } = z.looseObject({ authorizeUrl: z.string().default("http://x/") }).parse(parsed(begun.text) ?? {});
  return new URLSearchParams({ state: new URL(authorizeUrl).searchParams.get("state") ?? "", error: "access_denied" });
}

function form(plan: Plan, fields: URLSearchParams): Plan {
  return { ...plan, body: { mediaType: "application/x-www-form-urlencoded", bytes: new TextEncoder().encode(fields.toString()) } };
}

const organisationOf = async (world: World, owner: Person) =>
  idIn(await world.json("POST", "/v1/organisations", { name: "Clinic" }, owner));

function idIn({ text }: Answer): string {
  return z.looseObject({ id: z.string().default("none") }).parse(parsed(text) ?? {}).id;
}

const keys = new WeakMap<Person, Authenticator>();
const creationSchema = z.looseObject({ challenge: z.string(), user: z.looseObject({ id: z.string() }) });

async function creation(world: World, person: Person) {
  return creationSchema.safeParse(parsed((await world.json("POST", "/v1/me/passkeys/challenges", {}, person)).text)).data;
}

/** The person's passkey, added where they have none. */
async function keyOf(world: World, person: Person): Promise<Authenticator> {
  const known = keys.get(person);
  if (known !== undefined) return known;
  const made = await Authenticator.make(world.origin);
  keys.set(person, made);
  const found = await creation(world, person);
  if (found === undefined) return made;
  const added = await world.json("POST", "/v1/me/passkeys", { name: "First", response: await made.create(found) }, person);
  world.harvest(person, "passkeys", added);
  return made;
}

async function enrol(world: World, person: Person): Promise<string> {
  await world.send({ method: "DELETE", target: "/v1/me/totp", headers: bearer(person) });
  const begun = await world.json("POST", "/v1/me/totp", {}, person);
  return z.looseObject({ secret: z.string().default("") }).parse(parsed(begun.text) ?? {}).secret;
}

/** Sets up an app with the code of the step before, so that the present one is left. */
async function confirm(world: World, person: Person): Promise<string> {
  const secret = await enrol(world, person);
  if (secret !== "") await withEarlierCode(secret, async (code) => await world.json("POST", "/v1/me/totp/confirmation", { code }, person));
  return secret;
}

async function codeOf(secret: string): Promise<string> {
  const bytes = fromBase32(secret);
  return bytes === undefined || bytes.byteLength === 0 ? "000000" : await totpCode(bytes, stepAt(Date.now()));
}

/** The newest code of a kind in the letters to an address; letters go out after the answer. */
async function letter(world: World, to: string, kind: string): Promise<string> {
  for (let tries = 0; tries < 40; tries++) {
    const answer = await world.send({ method: "GET", target: `/v1/dev/outbox?to=${encodeURIComponent(to)}`, headers: [] });
    const code = new RegExp(`${kind}_[a-z]{2}_[\\w-]{43}`).exec(answer.text)?.[0];
    if (code !== undefined) return code;
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
  return `${kind}_eu_none`;
}

function withBody(plan: Plan, value: unknown, path: Readonly<Record<string, unknown>> = {}): Plan {
  return { ...plan, path: { ...plan.path, ...path }, body: { mediaType: "application/json", value } };
}

function push(): unknown {
  const at = "2026-11-20T07:30:00Z";
  const record = { id: crypto.randomUUID(), type: "HKQuantityTypeIdentifierBodyMass", unit: "kg", value: 71, startDate: at, endDate: at };
  return { data: { records: [record], sleep: [], workouts: [] } };
}

function notification(): unknown {
  const interval = { physicalTimeInterval: { startTime: "2026-11-20T07:00:00Z", endTime: "2026-11-20T07:01:00Z" } };
  const common = { version: "1", clientProvidedSubscriptionName: "s", operation: "UPSERT", dataType: "heart-rate" };
  return { data: { ...common, healthUserId: "nobody-here", intervals: [interval] } };
}
