/** What the web page of the passkey journey runs: the calls of an app that uses @simplewebauthn/browser. Bundled for the browser. */
import { startAuthentication, startRegistration } from "@simplewebauthn/browser";

interface Answer {
  readonly status: number;
  readonly body: unknown;
}

async function call(origin: string, path: string, body: unknown, token?: string): Promise<Answer> {
  const headers: Record<string, string> = { "content-type": "application/json" };
  if (token !== undefined) headers["authorization"] = `Bearer ${token}`;
  const response = await fetch(`${origin}${path}`, { method: "POST", headers, body: JSON.stringify(body) });
  return { status: response.status, body: await response.json() };
}

type Options<F extends (input: never) => unknown> = Parameters<F>[0] extends { optionsJSON: infer O } ? O : never;

/** Adds a passkey as the person with this token. */
async function add(origin: string, token: string, name: string): Promise<Answer | { readonly refusedBy: string }> {
  const { body } = await call(origin, "/v1/me/passkeys/challenges", {}, token);
  try {
    const response = await startRegistration({ optionsJSON: body as Options<typeof startRegistration> });
    return await call(origin, "/v1/me/passkeys", { name, response }, token);
  } catch (error) {
    return { refusedBy: error instanceof Error ? error.name : "unknown" };
  }
}

/** Signs in whoever owns the passkey that answers. */
async function signIn(origin: string): Promise<Answer> {
  const { body } = await call(origin, "/v1/sessions/passkeys/challenges", {});
  const response = await startAuthentication({ optionsJSON: body as Options<typeof startAuthentication> });
  return await call(origin, "/v1/sessions/passkeys", { response });
}

Object.assign(globalThis, { passkeys: { add, signIn } });
