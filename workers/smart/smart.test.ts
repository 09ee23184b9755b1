import { env } from "cloudflare:workers";
import { decodeJwt } from "jose";
import { describe, expect, test } from "vitest";
import * as z from "zod";
import { type Region, REGIONS } from "../../shared/region";
import { regional } from "../regional";
import { sessionPortsOf } from "../sessions";
import { GRANTS_QUERY, REMOVED_QUERY, sweepGrants } from "./end-grants";
import { Authenticator } from "../../test/authenticator";
import { Browser, formIn } from "../../test/smart/driver";
import { fetchApp, ORIGIN, registerPerson, type RegisteredPerson, send } from "../../test/people";

const BASE = `${ORIGIN}/fhir/r4`;
const BACK = "https://app.example/callback";
const CATEGORY = "http://terminology.hl7.org/CodeSystem/observation-category";
const SCOPE = `openid fhirUser offline_access launch/patient patient/Patient.r patient/Observation.rs?category=${CATEGORY}|vital-signs`;
const VERIFIER = "a".repeat(43);
/** SHA-256 of the verifier. */
const CHALLENGE = await challengeOf(VERIFIER);

const registeredSchema = z.looseObject({ client_id: z.string(), client_secret: z.string().optional() });
const tokensSchema = z.looseObject({
  access_token: z.string(),
  scope: z.string(),
  expires_in: z.number(),
  refresh_token: z.string().optional(),
  id_token: z.string().optional(),
  patient: z.string().optional(),
});
const errorSchema = z.looseObject({ error: z.string() });

async function challengeOf(verifier: string): Promise<string> {
  const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(verifier));
  return btoa(String.fromCharCode(...new Uint8Array(digest)))
    .replaceAll("+", "-")
    .replaceAll("/", "_")
    .replaceAll("=", "");
}

async function register(more: Record<string, unknown> = {}): Promise<z.infer<typeof registeredSchema>> {
  const response = await send("POST", "/oauth/register", { client_name: "Heart diary", redirect_uris: [BACK], ...more });
  const text = await response.text();
  expect(response.status, text).toBe(201);
  return registeredSchema.parse(JSON.parse(text));
}

function askUrl(client: string, changes: Record<string, string | undefined> = {}): string {
  const query = {
    response_type: "code",
    client_id: client,
    redirect_uri: BACK,
    scope: SCOPE,
    state: "of the app",
    aud: BASE,
    code_challenge: CHALLENGE,
    code_challenge_method: "S256",
    ...changes,
  };
  const url = new URL(`${ORIGIN}/oauth/authorize`);
  for (const [name, value] of Object.entries(query)) if (value !== undefined) url.searchParams.set(name, value);
  return url.href;
}

function browser(): Browser {
  return new Browser(ORIGIN, async (url, init) => await fetchApp(url.slice(ORIGIN.length), init));
}

async function codeOf(client: string, person: RegisteredPerson, choose?: (scopes: string[]) => string[], changes = {}): Promise<string> {
  const to = await browser().letIn(askUrl(client, changes), person, choose);
  const answer = new URL(to ?? "about:blank").searchParams;
  expect(answer.get("state"), String(to)).toBe("of the app");
  expect(answer.get("iss")).toBe(ORIGIN);
  return answer.get("code") ?? "";
}

async function token(form: Record<string, string>, headers: Record<string, string> = {}): Promise<Response> {
  return await fetchApp("/oauth/token", {
    method: "POST",
    headers: { "content-type": "application/x-www-form-urlencoded", ...headers },
    body: new URLSearchParams(form).toString(),
  });
}

const exchange = async (client: string, code: string, changes: Record<string, string> = {}) =>
  await token({ grant_type: "authorization_code", client_id: client, code, redirect_uri: BACK, code_verifier: VERIFIER, ...changes });

async function letIn(client: string, person: RegisteredPerson, choose?: (scopes: string[]) => string[]) {
  const response = await exchange(client, await codeOf(client, person, choose));
  const text = await response.text();
  expect(response.status, text).toBe(200);
  return tokensSchema.parse(JSON.parse(text));
}

const refused = async (response: Response) => {
  expect([400, 401]).toContain(response.status);
  return errorSchema.parse(await response.json()).error;
};
const asApp = async (path: string, accessToken: string) => await fetchApp(path, { headers: { authorization: `Bearer ${accessToken}` } });

describe("a passkey on the page", () => {
  const withPasskey = async () => {
    const person = await registerPerson("eu");
    const authenticator = await Authenticator.make(ORIGIN);
    const options = z
      .looseObject({ challenge: z.string(), user: z.looseObject({ id: z.string() }) })
      .parse(await (await person.fetch("/v1/me/passkeys/challenges", { method: "POST" })).json());
    const body = { name: "Telephone", response: await authenticator.create(options) };
    expect((await send("POST", "/v1/me/passkeys", body, { authorization: `Bearer ${person.accessToken}` })).status).toBe(201);
    return authenticator;
  };
  const answerOf = async (authenticator: Authenticator) => {
    const asked = await send("POST", "/v1/sessions/passkeys/challenges", undefined);
    return await authenticator.get(z.looseObject({ challenge: z.string() }).parse(await asked.json()));
  };

  test("signs its owner in, once, where a script of ours alone runs", async () => {
    const [authenticator, { client_id: app }] = [await withPasskey(), await register()];
    const [own, strange] = [browser(), browser()];
    const asked = await own.open(askUrl(app));
    expect(asked.headers.get("content-security-policy")).toMatch(/^default-src 'none'; .*script-src 'nonce-[^']+'; connect-src 'self';/);
    const text = await asked.text();
    expect(text).toContain('<form method="post" action="/oauth/sign-in" id="passkey-form" hidden>');
    const fields = formIn(text)?.fields ?? new URLSearchParams();
    const answer = JSON.stringify(await answerOf(authenticator));
    fields.set("passkey", answer);
    const page = await own.send("/oauth/sign-in", fields);
    expect(page.status).toBe(200);
    expect(page.headers.get("content-security-policy")).not.toContain("script-src");
    expect(formIn(await page.text())?.action).toBe("/oauth/consent");
    expect((await strange.send("/oauth/sign-in", fields)).status, "the same answer again").toBe(400);
  });

  test("that is none is told so, and the password is still there", async () => {
    const { client_id: app } = await register();
    const own = browser();
    const fields = formIn(await (await own.open(askUrl(app))).text())?.fields ?? new URLSearchParams();
    for (const passkey of ["{", "{}", '{"id":"x"}']) {
      fields.set("passkey", passkey);
      const page = await own.send("/oauth/sign-in", fields);
      expect(page.status).toBe(400);
      const text = await page.text();
      expect(text).toContain("This passkey was not accepted.");
      expect(formIn(text)?.fields.has("password")).toBe(true);
    }
  });
});

describe("a public app", () => {
  test("is let in, reads what it was given, refreshes without its id, and is sent away", async () => {
    const person = await registerPerson("us");
    const { client_id: app } = await register();
    const told = async () => {
      const { items } = z
        .object({ items: z.array(z.looseObject({ type: z.string(), body: z.string(), about: z.record(z.string(), z.string()) })) })
        .parse(await (await person.fetch("/v1/me/notifications")).json());
      return items.filter(({ type, about }) => type === "access" && about["app"] === app);
    };
    const tokens = await letIn(app, person);
    expect(tokens.scope).toBe(SCOPE);
    expect((await told()).map(({ body }) => body)).toEqual([
      expect.stringMatching(/ has access to your data now\. Your access log says more\.$/),
    ]);
    expect((await asApp(`/fhir/r4/Patient/${tokens.patient}`, tokens.access_token)).status).toBe(200);
    expect((await asApp("/fhir/r4/Observation", tokens.access_token)).status).toBe(200);
    expect((await asApp("/fhir/r4/DiagnosticReport", tokens.access_token)).status).toBe(403);
    expect((await asApp("/v1/me", tokens.access_token)).status, "nothing but FHIR").toBe(403);
    expect((await asApp("/v1/sessions", tokens.access_token)).status).toBe(403);

    const next = tokensSchema.parse(await (await token({ grant_type: "refresh_token", refresh_token: tokens.refresh_token ?? "" })).json());
    expect(next.scope).toBe(SCOPE);
    expect((await told()).length, "a refresh is no news").toBe(1);
    expect(next.refresh_token).not.toBe(tokens.refresh_token);

    const list = z.object({ items: z.array(z.looseObject({ id: z.string() })) }).parse(await (await person.fetch("/v1/me/apps")).json());
    expect(list.items).toMatchObject([{ id: app, name: "Heart diary", scopes: SCOPE.split(" ") }]);
    expect((await person.fetch(`/v1/me/apps/${app}`, { method: "DELETE" })).status).toBe(204);
    expect((await asApp("/fhir/r4/Observation", next.access_token)).status, "from the next request on").toBe(401);
    expect(await refused(await token({ grant_type: "refresh_token", refresh_token: next.refresh_token ?? "" }))).toBe("invalid_grant");
    expect((await person.fetch(`/v1/me/apps/${app}`, { method: "DELETE" })).status).toBe(404);
  });

  test("gets what the person leaves, and no more by refreshing", async () => {
    const person = await registerPerson("eu");
    const { client_id: app } = await register();
    const tokens = await letIn(app, person, (scopes) => scopes.filter((scope) => !scope.startsWith("patient/Observation")));
    expect(tokens.scope).not.toContain("Observation");
    expect((await asApp("/fhir/r4/Observation", tokens.access_token)).status).toBe(403);
    const wider = { grant_type: "refresh_token", refresh_token: tokens.refresh_token ?? "", scope: SCOPE };
    expect(await refused(await token(wider))).toBe("invalid_scope");
    const narrow = await token({ ...wider, scope: "patient/Patient.r offline_access" });
    const narrowed = tokensSchema.parse(await narrow.json());
    expect(narrowed.scope).toBe("patient/Patient.r offline_access");
    const once = await token({ ...wider, refresh_token: narrowed.refresh_token ?? "", scope: "patient/Patient.r" });
    const last = tokensSchema.parse(await once.json());
    expect(last.scope).toBe("patient/Patient.r");
    const whole = await token({ grant_type: "refresh_token", refresh_token: last.refresh_token ?? "" });
    expect(tokensSchema.parse(await whole.json()).scope, "of one access token alone").toBe(tokens.scope);
  });

  test("stands once in the list of the person, page by page", async () => {
    const person = await registerPerson("us");
    const [one, other] = [await register(), await register()];
    await letIn(other.client_id, person);
    await letIn(one.client_id, person);
    const schema = z.object({ items: z.array(z.looseObject({ id: z.string() })), next: z.string().nullable() });
    const first = schema.parse(await (await person.fetch("/v1/me/apps?limit=1")).json());
    const second = schema.parse(await (await person.fetch(`/v1/me/apps?limit=1&cursor=${first.next}`)).json());
    expect([...first.items, ...second.items].map(({ id }) => id)).toEqual([one.client_id, other.client_id].toSorted());
    expect(second.next).toBeNull();
  });

  test("gets nothing that it did not ask for, whatever the form says", async () => {
    const person = await registerPerson("eu");
    const { client_id: app } = await register({ scope: "openid launch/patient patient/Observation.rs" });
    const tokens = await letIn(app, person, (scopes) => [...scopes, "patient/*.cruds", "offline_access"]);
    expect(tokens.scope.split(" ").toSorted()).toEqual([
      "launch/patient",
      "openid",
      `patient/Observation.rs?category=${CATEGORY}|vital-signs`,
    ]);
    expect(tokens.refresh_token).toBeUndefined();
  });

  test("whose refresh token comes again loses everything", async () => {
    const person = await registerPerson("eu");
    const { client_id: app } = await register();
    const tokens = await letIn(app, person);
    const form = { grant_type: "refresh_token", refresh_token: tokens.refresh_token ?? "", client_id: app };
    const next = tokensSchema.parse(await (await token(form)).json());
    expect(await refused(await token(form))).toBe("invalid_grant");
    expect(await refused(await token({ ...form, refresh_token: next.refresh_token ?? "" }))).toBe("invalid_grant");
    expect((await asApp("/fhir/r4/Observation", next.access_token)).status).toBe(401);
  });

  test("whose code comes again loses what the first exchange opened; of many at once one wins", async () => {
    const person = await registerPerson("eu");
    const { client_id: app } = await register();
    const code = await codeOf(app, person);
    const answers = await Promise.all(Array.from({ length: 6 }, async () => await exchange(app, code)));
    const won = answers.filter(({ status }) => status === 200);
    expect(won.length).toBeLessThanOrEqual(1);
    const [first] = won;
    if (first === undefined) return;
    const { access_token: accessToken } = tokensSchema.parse(await first.json());
    expect((await asApp("/fhir/r4/Observation", accessToken)).status).toBe(401);
  });
});

describe("the exchange refuses", () => {
  test.each([
    ["a missing verifier", { code_verifier: "" }],
    ["a wrong verifier", { code_verifier: "b".repeat(43) }],
    ["the challenge as verifier", { code_verifier: CHALLENGE }],
    ["another redirect", { redirect_uri: "https://evil.example/" }],
    ["an unknown app", { client_id: "app_eu_01kad7wjcm0000000000000000" }],
    ["a secret of an app that has none", { client_secret: "secret" }],
  ])("%s", async (_name, changes) => {
    const person = await registerPerson("eu");
    const { client_id: app } = await register();
    expect(await refused(await exchange(app, await codeOf(app, person), changes))).toMatch(/^invalid_(grant|client)$/);
  });

  test("another app's code", async () => {
    const person = await registerPerson("eu");
    const [one, other] = [await register(), await register()];
    expect(await refused(await exchange(other.client_id, await codeOf(one.client_id, person)))).toBe("invalid_grant");
  });
});

describe("the refresh refuses", () => {
  test("another app's token, which goes on where it belongs", async () => {
    const person = await registerPerson("eu");
    const [one, other] = [await register(), await register()];
    const form = { grant_type: "refresh_token", refresh_token: (await letIn(one.client_id, person)).refresh_token ?? "" };
    expect(await refused(await token({ ...form, client_id: other.client_id }))).toBe("invalid_grant");
    expect((await token({ ...form, client_id: one.client_id })).status).toBe(200);
  });
});

describe("an app with a secret", () => {
  test("proves itself in the header or the form, and not with another secret", async () => {
    const person = await registerPerson("ap");
    const { client_id: app, client_secret: secret = "" } = await register({ token_endpoint_auth_method: "client_secret_basic" });
    const basic = (text: string) => ({ authorization: `Basic ${btoa(`${app}:${text}`)}` });
    const form = async () => ({
      grant_type: "authorization_code",
      code: await codeOf(app, person),
      redirect_uri: BACK,
      code_verifier: VERIFIER,
    });
    expect(await refused(await token(await form(), basic("wrong")))).toBe("invalid_client");
    expect(await refused(await token({ ...(await form()), client_id: app }))).toBe("invalid_client");
    expect((await token({ ...(await form()), client_id: app, client_secret: secret })).status).toBe(200);
    const tokens = tokensSchema.parse(await (await token(await form(), basic(secret))).json());
    const refresh = { grant_type: "refresh_token", refresh_token: tokens.refresh_token ?? "" };
    expect(await refused(await token(refresh)), "not by the token alone").toBe("invalid_client");
    expect((await token(refresh, basic(secret))).status).toBe(200);
    const inspect = async (text: string) =>
      await (
        await fetchApp("/oauth/introspect", {
          method: "POST",
          headers: { "content-type": "application/x-www-form-urlencoded", ...basic(secret) },
          body: new URLSearchParams({ token: text }).toString(),
        })
      ).json();
    const told = await inspect(tokens.access_token);
    expect(told).toMatchObject({ active: true, client_id: app, patient: tokens.patient, scope: SCOPE, exp: expect.any(Number) });
    // Of whom the id token says the same.
    const { iss, sub } = decodeJwt(tokens.id_token ?? "");
    expect(told).toMatchObject({ iss, sub });
    expect(await inspect(person.accessToken), "another's token").toEqual({ active: false });
  });
});

describe("the page", () => {
  test.each([
    ["an unknown app", { client_id: "app_eu_01kad7wjcm0000000000000000" }],
    ["another redirect", { redirect_uri: "https://evil.example/callback" }],
    ["a redirect that only begins alike", { redirect_uri: `${BACK}/more` }],
  ])("sends nobody anywhere for %s", async (_name, changes) => {
    const { client_id: app } = await register();
    const answer = await browser().open(askUrl(app, changes));
    expect([answer.status, answer.headers.get("location")]).toEqual([400, null]);
  });

  test.each([
    ["another aud", { aud: "https://other.example/fhir" }, "invalid_request"],
    ["no aud", { aud: undefined }, "invalid_request"],
    ["no challenge", { code_challenge: undefined }, "invalid_request"],
    ["plain PKCE", { code_challenge_method: "plain" }, "invalid_request"],
    ["another response type", { response_type: "token" }, "unsupported_response_type"],
    ["no scope that there is", { scope: "patient/Observation. system/*.rs nonsense" }, "invalid_scope"],
    ["a launch that is over", { launch: "lch_eu_x" }, "invalid_request"],
  ])("tells the app of %s", async (_name, changes, error) => {
    const { client_id: app } = await register();
    const answer = new URL((await browser().open(askUrl(app, changes))).headers.get("location") ?? "");
    expect([answer.origin + answer.pathname, answer.searchParams.get("error"), answer.searchParams.get("state")]).toEqual([
      BACK,
      error,
      "of the app",
    ]);
  });

  test("cannot be framed, runs nothing, speaks German, and asks in boxes with labels", async () => {
    const person = await registerPerson("eu");
    const { client_id: app } = await register({ client_uri: "https://app.example/" });
    const guest = browser();
    const first = await guest.open(askUrl(app));
    expect(first.headers.get("content-security-policy")).toMatch(/default-src 'none'.*frame-ancestors 'none'/);
    const form = formIn(await first.text());
    form?.fields.set("email", person.email);
    form?.fields.set("password", person.password);
    const page = await (await guest.send(form?.action ?? "", form?.fields ?? new URLSearchParams(), { "accept-language": "de" })).text();
    expect(page).toContain('<html lang="de">');
    expect(page).toContain("https://app.example/");
    expect(page).toMatch(/<label><input type="checkbox" name="scope" value="offline_access" checked ?\/?>Auch dann Zugriff behalten/);
    expect(page).not.toContain("<script");
  });

  test("refuses a decision from another site, and one that was made for somebody else", async () => {
    const [person, other] = await Promise.all([registerPerson("eu"), registerPerson("eu")]);
    const { client_id: app } = await register();
    const [one, two] = [browser(), browser()];
    const consentOf = async (guest: Browser, who: RegisteredPerson) => {
      const form = formIn(await (await guest.open(askUrl(app))).text());
      form?.fields.set("email", who.email);
      form?.fields.set("password", who.password);
      return formIn(await (await guest.send(form?.action ?? "", form?.fields ?? new URLSearchParams())).text());
    };
    const [mine] = await Promise.all([consentOf(one, person), consentOf(two, other)]);
    const fields = mine?.fields ?? new URLSearchParams();
    fields.set("action", "allow");
    expect((await one.send("/oauth/consent", fields, { origin: "https://evil.example" })).status).toBe(403);
    expect((await one.send("/oauth/consent", fields, { origin: "null", "sec-fetch-site": "cross-site" })).status).toBe(403);
    expect((await two.send("/oauth/consent", fields)).headers.get("location"), "asked anew").toBeNull();
    const ours = { origin: "null", "sec-fetch-site": "same-origin" };
    expect((await one.send("/oauth/consent", fields, ours)).headers.get("location"), "a browser keeps the origin back").toMatch(
      /code=apc_eu_/,
    );
  });

  test("says no for the person", async () => {
    const person = await registerPerson("eu");
    const { client_id: app } = await register();
    const to = await browser().letIn(askUrl(app), person, () => []);
    expect(new URL(to ?? "").searchParams.get("error")).toBe("access_denied");
  });

  test("takes no password that is wrong", async () => {
    const person = await registerPerson("eu");
    const { client_id: app } = await register();
    expect(await browser().letIn(askUrl(app), { email: person.email, password: "something else entirely" })).toBeUndefined();
  });
});

test("registration takes no address that a browser would run, and no system scope", async () => {
  for (const uri of [
    "javascript:alert(1)",
    "http://app.example/",
    "https://app.example/#x",
    "data:text/html,x",
    "custom:/x",
    "https://app.example/ü",
  ]) {
    expect((await send("POST", "/oauth/register", { client_name: "X", redirect_uris: [uri] })).status, uri).toBe(400);
  }
  expect((await send("POST", "/oauth/register", { client_name: "X", redirect_uris: [BACK], scope: "system/*.rs" })).status).toBe(400);
});

test("what is wrong with a registration is named as its RFC does, with its place", async () => {
  const refused = async (body: object) =>
    z.looseObject({ error: z.string() }).parse(await (await send("POST", "/oauth/register", body)).json());
  expect(await refused({ client_name: "X", redirect_uris: ["javascript:alert(1)"] })).toMatchObject({
    error: "invalid_redirect_uri",
    error_description: expect.stringMatching(/^\/redirect_uris\/0: /),
  });
  expect(await refused({ redirect_uris: [BACK] })).toMatchObject({
    error: "invalid_client_metadata",
    error_description: expect.stringMatching(/^\/client_name: [ !#-[\]-~]+$/),
  });
});

test("browsers at a registered address may ask for tokens and read, and no others", async () => {
  const origin = `https://${crypto.randomUUID()}.example`;
  await register({ redirect_uris: [`${origin}/callback`] });
  const preflight = async (path: string, from: string) =>
    (
      await fetchApp(path, {
        method: "OPTIONS",
        headers: { origin: from, "access-control-request-method": "POST", "access-control-request-headers": "content-type" },
      })
    ).headers.get("access-control-allow-origin");
  expect(await preflight("/oauth/token", origin)).toBe(origin);
  expect(await preflight("/fhir/r4/Observation", origin)).toBe(origin);
  expect(await preflight("/v1/me", origin)).toBeNull();
  expect(await preflight("/oauth/token", "https://evil.example")).toBeNull();
});

test("a launch from here is good once, for its app and its person alone", async () => {
  const [person, other] = await Promise.all([registerPerson("eu"), registerPerson("eu")]);
  const { client_id: app } = await register({ initiate_login_uri: "https://app.example/launch" });
  const launchOf = async (who: RegisteredPerson) => {
    const response = await who.fetch(`/v1/me/apps/${app}/launches`, { method: "POST" });
    expect(response.status).toBe(201);
    const url = new URL(z.object({ url: z.string() }).parse(await response.json()).url);
    expect([url.origin + url.pathname, url.searchParams.get("iss")]).toEqual(["https://app.example/launch", BASE]);
    return url.searchParams.get("launch") ?? "";
  };
  const scope = "launch patient/Observation.rs";
  const launch = await launchOf(person);
  const code = await codeOf(app, person, undefined, { launch, scope });
  const tokens = tokensSchema.parse(await (await exchange(app, code)).json());
  expect(tokens).toMatchObject({
    patient: expect.any(String),
    need_patient_banner: false,
    fhirContext: [{ reference: `Patient/${tokens.patient}` }],
  });
  const again = await browser().letIn(askUrl(app, { launch, scope }), person);
  expect(new URL(again ?? "").searchParams.get("error")).toBe("invalid_request");
  const foreign = await browser().letIn(askUrl(app, { launch: await launchOf(other), scope }), person);
  expect(new URL(foreign ?? "").searchParams.get("error")).toBe("access_denied");
});

describe("a registration", () => {
  const managed = registeredSchema.extend({ registration_access_token: z.string(), registration_client_uri: z.url() });
  const newOne = async (more: Record<string, unknown> = {}) => managed.parse(await register(more));
  const at = async (uri: string, method: string, key: string | undefined, body?: unknown) =>
    await fetchApp(uri.slice(ORIGIN.length), {
      method,
      headers: {
        ...(key !== undefined && { authorization: `Bearer ${key}` }),
        ...(body !== undefined && { "content-type": "application/json" }),
      },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    });

  test("is read and replaced with its token, which is another one after each change, and kept as a hash", async () => {
    const made = await newOne({ scope: SCOPE, client_uri: "https://app.example/" });
    const [uri, first] = [made.registration_client_uri, made.registration_access_token];
    expect(uri).toBe(`${ORIGIN}/oauth/register/${made.client_id}`);
    const read = await at(uri, "GET", first);
    expect(read.headers.get("cache-control")).toBe("no-store");
    expect(await read.json()).toMatchObject({ client_id: made.client_id, client_name: "Heart diary", registration_access_token: first });

    const change = { client_id: made.client_id, client_name: "Heart book", redirect_uris: ["https://app.example/other"] };
    const changed = managed.parse(
      await (await at(uri, "PUT", first, { ...change, token_endpoint_auth_method: "client_secret_post" })).json(),
    );
    expect(changed).toMatchObject({ client_name: "Heart book", redirect_uris: ["https://app.example/other"] });
    expect([changed["client_uri"], changed["scope"]], "what is left out is nothing").toEqual([undefined, undefined]);
    expect(changed.client_secret).toBeTruthy();
    const second = changed.registration_access_token;
    expect(second).not.toBe(first);
    expect(await refused(await at(uri, "GET", first))).toBe("invalid_token");
    const { region } = z.object({ region: z.enum(["eu", "us", "ap"]) }).parse({ region: made.client_id.split("_")[1] });
    const rows = await regional(env, region).records.prepare("select * from apps where id = ?").bind(made.client_id).all();
    for (const clear of [first, second, changed.client_secret ?? ""]) expect(JSON.stringify(rows.results)).not.toContain(clear);

    const kept = managed.parse(
      await (await at(uri, "PUT", second, { ...change, token_endpoint_auth_method: "client_secret_basic" })).json(),
    );
    expect(kept.client_secret, "a secret stays").toBeUndefined();
    const many = [1, 2, 3].map(async (n) => await at(uri, "PUT", kept.registration_access_token, { ...change, client_name: `Book ${n}` }));
    expect((await Promise.all(many)).map(({ status }) => status).toSorted()).toEqual([200, 401, 401]);
  });

  test("takes no change that a registration would not take, or that is about another app", async () => {
    const made = await newOne();
    const change = { client_id: made.client_id, client_name: "X", redirect_uris: [BACK] };
    for (const more of [
      { client_id: "app_eu_01kad7wjcm0000000000000000" },
      { scope: "system/*.rs" },
      { redirect_uris: ["http://app.example/"] },
      { token_endpoint_auth_method: "private_key_jwt" },
      { client_secret: "chosen" },
    ])
      expect((await at(made.registration_client_uri, "PUT", made.registration_access_token, { ...change, ...more })).status).toBe(400);
    expect((await at(made.registration_client_uri, "GET", made.registration_access_token)).status).toBe(200);
  });

  test("is nobody's without its own token, and there is no telling why", async () => {
    const [made, other, person] = [await newOne(), await newOne(), await registerPerson("eu")];
    for (const [uri, key] of [
      [made.registration_client_uri, undefined],
      [made.registration_client_uri, "x"],
      [made.registration_client_uri, other.registration_access_token],
      [made.registration_client_uri, person.accessToken],
      [`${ORIGIN}/oauth/register/app_eu_01kad7wjcm0000000000000000`, made.registration_access_token],
      [`${ORIGIN}/oauth/register/nothing`, made.registration_access_token],
    ] as const)
      for (const method of ["GET", "DELETE"]) {
        const response = await at(uri, method, key);
        expect(response.status).toBe(401);
        expect(response.headers.get("www-authenticate")).toMatch(/^Bearer/);
        expect(await refused(response)).toBe("invalid_token");
      }
    expect((await at(made.registration_client_uri, "GET", made.registration_access_token)).status).toBe(200);
  });

  test("that asks for less gives less by refreshing, and one that is removed ends all that people gave", async () => {
    const person = await registerPerson("us");
    const made = await newOne({ scope: SCOPE });
    const tokens = await letIn(made.client_id, person);
    const change = {
      client_id: made.client_id,
      client_name: "Heart diary",
      redirect_uris: [BACK],
      scope: "offline_access patient/Patient.r",
    };
    const changed = managed.parse(await (await at(made.registration_client_uri, "PUT", made.registration_access_token, change)).json());
    const refresh = async (text = "") => await token({ grant_type: "refresh_token", refresh_token: text });
    const next = tokensSchema.parse(await (await refresh(tokens.refresh_token)).json());
    expect(next.scope.split(" ").toSorted()).toEqual(["offline_access", "patient/Patient.r"]);
    expect((await asApp("/fhir/r4/Observation", next.access_token)).status).toBe(403);

    const removed = await at(made.registration_client_uri, "DELETE", changed.registration_access_token);
    expect(removed.status).toBe(204);
    expect((await asApp(`/fhir/r4/Patient/${tokens.patient}`, next.access_token)).status).toBe(401);
    expect(await refused(await refresh(next.refresh_token))).toBe("invalid_grant");
    expect(await (await person.fetch("/v1/me/apps")).json()).toMatchObject({ items: [] });
    expect((await at(made.registration_client_uri, "DELETE", changed.registration_access_token)).status).toBe(401);
    expect((await browser().open(askUrl(made.client_id))).status).toBe(400);
  });

  test("what it could not end at once the clock ends, by an index", async () => {
    const person = await registerPerson("eu");
    const made = await newOne();
    const tokens = await letIn(made.client_id, person);
    const records = (region: Region) => regional(env, region).records;
    for (const region of REGIONS)
      await records(region).prepare("update apps set revoked_at = ? where id = ?").bind(Date.now(), made.client_id).run();
    expect((await asApp("/fhir/r4/Observation", tokens.access_token)).status).toBe(200);
    expect(await sweepGrants(sessionPortsOf(env, Date.now))).toBeGreaterThan(0);
    expect((await asApp("/fhir/r4/Observation", tokens.access_token)).status).toBe(401);
    for (const [query, value] of [
      [GRANTS_QUERY, "[]"],
      [REMOVED_QUERY, 0],
    ] as const) {
      const plan = await records("eu").prepare(`explain query plan ${query}`).bind(value).all<{ detail: string }>();
      expect(plan.results.map(({ detail }) => detail).join("; ")).toMatch(/USING (?:COVERING )?INDEX (?:sessions_by_app|apps_by_removal)/);
    }
  });
});
