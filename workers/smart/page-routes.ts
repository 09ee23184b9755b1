import { Hono } from "hono";
import { html } from "hono/html";
import type { AppContext, AppEnv } from "../../shared/http/app-env";
import { route } from "../../shared/http/route";
import { type Language, languageOf } from "../../shared/http/texts";
import { isProblem, problem } from "../../shared/problem";
import { parseId } from "../../shared/id";
import { completeSignIn, signIn, type SignedIn, signInWithPasskey } from "../accounts";
import { passkeySignInBody, relyingParty } from "../credentials";
import { fieldsOf, FORM_LIMIT } from "../partners";
import { type Asked, decide, isDecision, openAsked, readRequest, sealAsked, sealDecision, type Wrong } from "./authorize";
import { listGranted, removeGranted } from "./granted-apps";
import { livingSession, pageCookie, type PageSession, pageSession } from "./page-session";
import { appsPage, codeForm, consentForm, page, signInForm, signInPage } from "./pages";
import { smartPorts, type SmartPorts } from "./ports";
import { PAGE_TEXTS } from "./words";

const TAGS = ["Apps"] as const;
const PAGE = { mediaType: "text/html", description: "A page for the person" };
const form = (description: string) => ({ mediaType: "application/x-www-form-urlencoded", description });
/** What stands for "no request": the person came to look after their apps. */
const APPS = "apps";

/** The pages where a person lets apps in and sends them away. */
export const pageRoutes = new Hono<AppEnv>()
  .get(
    "/oauth/authorize",
    route({
      policy: "app",
      summary: "Ask a person to let an app in",
      description:
        "SMART App Launch 2.2. PKCE with S256 alone; `aud` is the FHIR base. A wrong app or redirect is told to the person, and sent nowhere.",
      tags: TAGS,
      responses: { 200: PAGE, 303: null, 400: PAGE },
      problems: ["malformed"],
    }),
    async (c) => await authorize(c, new URL(c.req.url).searchParams),
  )
  .post(
    "/oauth/authorize",
    route({
      policy: "app",
      summary: "Ask a person to let an app in, with the request in the body",
      tags: TAGS,
      responses: { 200: PAGE, 303: null, 400: PAGE },
      problems: ["malformed", "too_large"],
      bodyLimit: FORM_LIMIT,
      rawBody: form("The parameters of the authorization request"),
      idempotency: "off",
    }),
    async (c) => await authorize(c, await fieldsOf(c)),
  )
  .post(
    "/oauth/sign-in",
    route({
      policy: "app",
      summary: "Sign in on the page of apps",
      description: "For the page's own form alone. The cookie is good for these pages and nothing else.",
      tags: TAGS,
      responses: { 200: PAGE, 303: null, 400: PAGE },
      problems: ["malformed", "too_large", "forbidden"],
      bodyLimit: FORM_LIMIT,
      rawBody: form("`email` and `password`, `challenge` and `code`, or `passkey`; `request`"),
      idempotency: "off",
    }),
    async (c) => await signInOnPage(c, await ownForm(c)),
  )
  .post(
    "/oauth/consent",
    route({
      policy: "app",
      summary: "Decide what an app may do",
      description: "For the page's own form alone.",
      tags: TAGS,
      responses: { 200: PAGE, 303: null, 400: PAGE },
      problems: ["malformed", "too_large", "forbidden"],
      bodyLimit: FORM_LIMIT,
      rawBody: form("`request`, `decision`, `action`, `scope` for each that is allowed"),
      idempotency: "off",
    }),
    async (c) => {
      const [ports, params, language] = [smartPorts(c), await ownForm(c), languageFor(c)];
      const request = params.get("request") ?? "";
      const asked = await openAsked(ports, request);
      if ("wrong" in asked) return await refuse(language, asked);
      const who = await pageSession(ports, c.req.header("cookie"));
      if (who === undefined) return await askToSignIn(ports, language, asked);
      if (!(await isDecision(ports, who, request, params.get("decision") ?? ""))) return await consentPage(ports, language, asked, who);
      const url = await decide(ports, asked, who, params.get("action") === "allow" ? params.getAll("scope") : undefined);
      return goTo(url);
    },
  )
  .get(
    "/oauth/apps",
    route({
      policy: "app",
      summary: "See which apps a person has let in: a page",
      tags: TAGS,
      responses: { 200: PAGE },
      problems: ["malformed"],
    }),
    async (c) => {
      const [ports, language] = [smartPorts(c), languageFor(c)];
      const who = await pageSession(ports, c.req.header("cookie"));
      return who === undefined
        ? await signInPage(200, language, signInForm(language, undefined, undefined))
        : await grantedPage(ports, language, who);
    },
  )
  .post(
    "/oauth/apps",
    route({
      policy: "app",
      summary: "Send an app away, on the page",
      description: "For the page's own form alone.",
      tags: TAGS,
      responses: { 200: PAGE, 303: null },
      problems: ["malformed", "too_large", "forbidden", "not_found"],
      bodyLimit: FORM_LIMIT,
      rawBody: form("`remove`, `decision`"),
      idempotency: "off",
    }),
    async (c) => {
      const [ports, params] = [smartPorts(c), await ownForm(c)];
      const who = await pageSession(ports, c.req.header("cookie"));
      if (who !== undefined && (await isDecision(ports, who, APPS, params.get("decision") ?? ""))) {
        await removeGranted(ports, who.person, parseId("app", params.get("remove") ?? ""));
      }
      return goTo("/oauth/apps");
    },
  );

async function authorize(c: AppContext, params: URLSearchParams): Promise<Response> {
  const [ports, language] = [smartPorts(c), languageFor(c)];
  const asked = await readRequest(ports, params);
  if ("wrong" in asked) return await refuse(language, asked);
  const who = params.get("prompt") === "login" ? undefined : await pageSession(ports, c.req.header("cookie"));
  return who === undefined ? await askToSignIn(ports, language, asked) : await consentPage(ports, language, asked, who);
}

async function signInOnPage(c: AppContext, params: URLSearchParams): Promise<Response> {
  const [ports, language] = [smartPorts(c), languageFor(c)];
  const t = PAGE_TEXTS[language];
  const request = params.get("request") ?? undefined;
  const asked = request === undefined ? undefined : await openAsked(ports, request);
  if (asked !== undefined && "wrong" in asked) return await refuse(language, asked);
  const challenge = params.get("challenge");
  // Without its script the field of the form is empty.
  const passkey = params.get("passkey") === "" ? null : params.get("passkey");
  let signedIn: SignedIn;
  try {
    if (passkey !== null) signedIn = await byPasskey(c, ports, passkey);
    else signedIn = challenge === null ? await firstHalf(ports, params) : await secondHalf(ports, challenge, params.get("code") ?? "");
  } catch (error) {
    if (!isProblem(error)) throw error;
    if (error.code === "mfa_required" && error.challenge !== undefined) {
      return await page(200, language, t.signIn, codeForm(language, request, error.challenge.token));
    }
    if (challenge !== null && error.code === "invalid_credentials") {
      return await page(400, language, t.signIn, codeForm(language, request, challenge, t.wrongCode));
    }
    const wrong = passkey === null ? t.wrong : t.wrongPasskey;
    const faults: Partial<Record<typeof error.code, string>> = { invalid_credentials: wrong, locked: t.locked, unauthenticated: t.over };
    return await signInPage(400, language, signInForm(language, asked?.app.name, request, faults[error.code] ?? t.failed));
  }
  const token = await ports.oauth.inspect(signedIn.tokens.accessToken);
  const who = token === undefined || "client" in token ? undefined : await livingSession(ports, token.person, token.session);
  if (who === undefined) throw problem("unavailable");
  const cookie = await pageCookie(ports, who.person, who.session);
  return asked === undefined ? goTo("/oauth/apps", cookie) : await consentPage(ports, language, asked, who, cookie);
}

async function firstHalf(ports: SmartPorts, params: URLSearchParams): Promise<SignedIn> {
  const [email, password] = [params.get("email") ?? "", params.get("password") ?? ""];
  if (!email.includes("@") || email.length > 254 || password === "" || password.length > 1_000) throw problem("invalid_credentials");
  return await signIn(ports, { email, password });
}

async function secondHalf(ports: SmartPorts, challenge: string, text: string): Promise<SignedIn> {
  const code = text.replaceAll(/\s/g, "");
  return await completeSignIn(ports, { challenge, second: /^\d{6}$/.test(code) ? { code } : { recoveryCode: code } });
}

/** Whose passkey answered. Problem `invalid_credentials`. */
async function byPasskey(c: AppContext, ports: SmartPorts, text: string): Promise<SignedIn> {
  let answer: unknown;
  try {
    answer = JSON.parse(text);
  } catch {
    answer = undefined;
  }
  const read = passkeySignInBody.safeParse({ response: answer });
  if (!read.success) throw problem("invalid_credentials");
  return await signInWithPasskey(ports, relyingParty(c.env), read.data.response);
}

async function askToSignIn(ports: SmartPorts, language: Language, asked: Asked): Promise<Response> {
  const request = await sealAsked(ports, asked);
  return await signInPage(200, language, signInForm(language, asked.app.name, request));
}

async function consentPage(ports: SmartPorts, language: Language, asked: Asked, who: PageSession, cookie?: string): Promise<Response> {
  const request = await sealAsked(ports, asked);
  const body = consentForm(language, asked, who.name, request, await sealDecision(ports, who, request));
  const { protocol, origin } = new URL(asked.redirectUri);
  const formsTo = /^https?:$/.test(protocol) ? origin : protocol;
  return await page(200, language, PAGE_TEXTS[language].consent(asked.app.name), body, { formsTo, cookie });
}

async function grantedPage(ports: SmartPorts, language: Language, who: PageSession): Promise<Response> {
  const apps = await listGranted(ports, who.person);
  return await page(200, language, PAGE_TEXTS[language].apps, appsPage(language, apps, await sealDecision(ports, who, APPS)));
}

/** What is wrong goes back to the app only where the address is surely its own. */
async function refuse(language: Language, wrong: Wrong): Promise<Response> {
  if (wrong.wrong === "back") return goTo(wrong.url);
  const t = PAGE_TEXTS[language];
  return await page(400, language, t.trouble, html`<p>${t[wrong.why]}</p>`);
}

function goTo(url: string, cookie?: string): Response {
  const headers = new Headers({ location: url, "cache-control": "no-store" });
  if (cookie !== undefined) headers.append("set-cookie", cookie);
  return new Response(null, { status: 303, headers });
}

function languageFor(c: AppContext): Language {
  return languageOf(c.req.header("accept-language"));
}

/**
 * A form of our own page: browsers say where a form comes from. Where they say the site, that decides: the origin beside it is `null` for a
 * page that keeps its address to itself. Problems `forbidden`, `malformed`.
 */
async function ownForm(c: AppContext): Promise<URLSearchParams> {
  const params = await fieldsOf(c);
  const [site, origin] = [c.req.header("sec-fetch-site"), c.req.header("origin")];
  const isOurs =
    site === undefined ? origin === undefined || origin === new URL(c.req.url).origin || origin === c.env.ORIGIN : site === "same-origin";
  if (!isOurs) throw problem("forbidden", "The form comes from elsewhere.");
  return params;
}
