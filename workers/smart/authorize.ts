import * as z from "zod";
import { MINUTE_MS, SECOND_MS } from "../../shared/clock";
import { sha256Hex } from "../../shared/crypto/sha256";
import { patientId } from "../../shared/fhir/ids";
import { scopeText, type SmartScope } from "../../shared/fhir/scopes";
import { type AppId, newId, type PersonId, regionOf } from "../../shared/id";
import { notFound } from "../../shared/problem";
import { newChallenge, readChallenge, takeChallenge } from "../credentials";
import { type App, findApp } from "./apps";
import { type Code, grantable } from "./issue-app-token";
import { type PageSession, seal, unseal } from "./page-session";
import type { SmartPorts } from "./ports";

/** What an app asks of a person, as the pages carry it along. */
export interface Asked {
  readonly app: App;
  readonly redirectUri: string;
  readonly state: string | undefined;
  readonly scopes: readonly SmartScope[];
  readonly challenge: string;
  readonly nonce: string | undefined;
  readonly launch: string | undefined;
}

/** A request that is wrong. `page`: nobody is sent anywhere. `back`: the app is told. */
export type Wrong =
  | { readonly wrong: "page"; readonly why: "client" | "redirect" | "expired" }
  | { readonly wrong: "back"; readonly url: string };

const LARGEST = 8_000;
const CHALLENGE = /^[A-Za-z0-9_-]{43}$/;
const CODE_MS = 60 * SECOND_MS;
const ASKED_MS = 30 * MINUTE_MS;
const LAUNCH_MS = 5 * MINUTE_MS;

/** Reads an authorization request (SMART App Launch 2.2 §2.0.9.1). Unknown scopes are left out; everything else that is wrong refuses it. */
export async function readRequest(ports: SmartPorts, params: URLSearchParams): Promise<Asked | Wrong> {
  const one = (name: string) => (params.getAll(name).length === 1 ? (params.get(name) ?? undefined) : undefined);
  const app = await findApp(ports, one("client_id") ?? "");
  if (app === undefined) return { wrong: "page", why: "client" };
  const redirectUri = one("redirect_uri");
  if (redirectUri === undefined || !app.redirectUris.includes(redirectUri)) return { wrong: "page", why: "redirect" };
  const state = one("state");
  const back = (error: string, description: string): Wrong => ({
    wrong: "back",
    url: returnUrl(ports, redirectUri, { error, error_description: description, state }),
  });
  const names = [...params.keys()];
  if (new Set(names).size !== names.length) return back("invalid_request", "A parameter is there twice.");
  if ([...params.values()].some((value) => value.length > LARGEST)) return back("invalid_request", "A parameter is too long.");
  if (one("response_type") !== "code") return back("unsupported_response_type", "Ask for a code.");
  if (one("code_challenge_method") !== "S256" || !CHALLENGE.test(one("code_challenge") ?? "")) {
    return back("invalid_request", "PKCE with S256 is needed.");
  }
  if (!isBase(ports, one("aud"))) return back("invalid_request", "aud must be the FHIR base.");
  const scopes = grantable(app, one("scope") ?? "").filter(({ text }) => ports.identifies || (text !== "openid" && text !== "profile"));
  if (scopes.length === 0) return back("invalid_scope", "None of the scopes can be given.");
  const launch = one("launch");
  if (scopes.some(({ text }) => text === "launch") && launch === undefined)
    return back("invalid_request", "The scope launch needs a launch.");
  if (launch !== undefined && !(await isLaunchOf(ports, launch, app.id))) return back("invalid_request", "The launch is over.");
  if (one("prompt") === "none") return back("interaction_required", "The person has to decide.");
  return { app, redirectUri, state, scopes, challenge: one("code_challenge") ?? "", nonce: one("nonce"), launch };
}

/** Whether a text names our FHIR base: in either spelling, with or without a slash at its end. */
function isBase({ base }: SmartPorts, text: string | undefined): boolean {
  const plain = text?.replace(/\/$/, "");
  return plain !== undefined && (plain === base || plain === base.replace(/r4$/, "R4"));
}

const askedSchema = z.object({
  app: z.string(),
  redirectUri: z.string(),
  state: z.string().optional(),
  scope: z.string(),
  challenge: z.string(),
  nonce: z.string().optional(),
  launch: z.string().optional(),
  until: z.number(),
});

/** A request in a form, for half an hour. */
export async function sealAsked(ports: SmartPorts, asked: Asked): Promise<string> {
  const { app, scopes, ...rest } = asked;
  const value = { ...rest, app: app.id, scope: scopeText(scopes), until: ports.now() + ASKED_MS };
  return await seal(ports, regionOf(app.id), "apps-page", "asked", value);
}

/** A request out of a form; the app is looked up again. */
export async function openAsked(ports: SmartPorts, text: string): Promise<Asked | Wrong> {
  const parsed = askedSchema.safeParse(await unseal(ports, "apps-page", "asked", text));
  if (!parsed.success || parsed.data.until <= ports.now()) return { wrong: "page", why: "expired" };
  const { app: id, scope, redirectUri, state, challenge, nonce, launch } = parsed.data;
  const app = await findApp(ports, id);
  if (app === undefined) return { wrong: "page", why: "client" };
  if (!app.redirectUris.includes(redirectUri)) return { wrong: "page", why: "redirect" };
  return { app, redirectUri, state, scopes: grantable(app, scope), challenge, nonce, launch };
}

/** Says in a form who decides: no other site can make it, and it is good for this person and request alone. */
export async function sealDecision(ports: SmartPorts, { person, session }: PageSession, asked: string): Promise<string> {
  return await seal(ports, regionOf(person), "apps-page", `decision ${session} ${await sha256Hex(asked)}`, {
    until: ports.now() + ASKED_MS,
  });
}

export async function isDecision(ports: SmartPorts, { session }: PageSession, asked: string, text: string): Promise<boolean> {
  const value = await unseal(ports, "apps-page", `decision ${session} ${await sha256Hex(asked)}`, text);
  const parsed = z.object({ until: z.number() }).safeParse(value);
  return parsed.success && parsed.data.until > ports.now();
}

/** Where the app is told of a code for what the person chose: never more than was asked for. Without anything chosen it is told no. */
export async function decide(ports: SmartPorts, asked: Asked, page: PageSession, chosen: readonly string[] | undefined): Promise<string> {
  const { app, redirectUri, state } = asked;
  const granted = chosen === undefined ? [] : asked.scopes.filter(({ text }) => chosen.includes(text));
  if (granted.length === 0) {
    return returnUrl(ports, redirectUri, { error: "access_denied", error_description: "The person said no.", state });
  }
  const context = asked.launch === undefined ? {} : await takeLaunch(ports, asked.launch, app.id, page.person);
  if (context === undefined) {
    return returnUrl(ports, redirectUri, { error: "access_denied", error_description: "The launch is another person's, or over.", state });
  }
  const region = regionOf(page.person);
  const code: Code = {
    app: app.id,
    session: newId("session", region, ports.now(), ports.random),
    by: page.session,
    redirectUri,
    challenge: asked.challenge,
    scope: scopeText(granted),
    amr: page.amr,
    acr: page.acr,
    authTime: page.authTime,
    ...(asked.nonce !== undefined && { nonce: asked.nonce }),
    ...(Object.keys(context).length > 0 && { context }),
  };
  const content = JSON.stringify(code);
  const { token, statement } = await newChallenge(ports, { kind: "apc", region, person: page.person, content, lifeMs: CODE_MS });
  await statement.run();
  return returnUrl(ports, redirectUri, { code: token, state });
}

/** The answer in the address of the app (RFC 6749 §4.1.2, RFC 9207). */
function returnUrl({ origin, identifies }: SmartPorts, redirectUri: string, answer: Readonly<Record<string, string | undefined>>): string {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(answer)) if (value !== undefined) query.set(name, value);
  if (identifies) query.set("iss", origin);
  return `${redirectUri}${redirectUri.includes("?") ? "&" : "?"}${query.toString()}`;
}

/** What the handle of a launch stands for. */
const launchSchema = z.object({ app: z.string() });
type Launch = z.infer<typeof launchSchema>;

/** A launch from here: the address of the app with a handle that names the person for five minutes. Problem `not_found`. */
export async function newLaunch(ports: SmartPorts, person: PersonId, appId: string): Promise<{ url: string; expiresIn: number }> {
  const app = await findApp(ports, appId);
  if (app?.launchUri == null) throw notFound("app");
  const content = JSON.stringify({ app: app.id } satisfies Launch);
  const { token, statement } = await newChallenge(ports, { kind: "lch", region: regionOf(person), person, content, lifeMs: LAUNCH_MS });
  await statement.run();
  const url = new URL(app.launchUri);
  url.searchParams.set("iss", ports.base);
  url.searchParams.set("launch", token);
  return { url: url.href, expiresIn: LAUNCH_MS / 1000 };
}

async function isLaunchOf(ports: SmartPorts, token: string, app: AppId): Promise<boolean> {
  const found = await readChallenge(ports, "lch", token);
  return found !== undefined && launchSchema.parse(JSON.parse(found.content)).app === app;
}

/** What the launch says beside the patient; undefined where it is over or another person's. */
async function takeLaunch(ports: SmartPorts, token: string, app: AppId, person: PersonId): Promise<Record<string, unknown> | undefined> {
  const found = await takeChallenge(ports, "lch", token);
  const isOurs = found?.person === person && launchSchema.parse(JSON.parse(found.content)).app === app;
  if (!isOurs) return undefined;
  return { need_patient_banner: false, fhirContext: [{ reference: `Patient/${patientId(person)}` }] };
}
