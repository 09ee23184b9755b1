import { type AssertionClaim, peekAssertion, proveAssertion } from "../../shared/crypto/client-assertion";
import { CLOCK_TOLERANCE_S } from "../../shared/crypto/tokens";
import { sha256Hex } from "../../shared/crypto/sha256";
import { regionOf, type AppId } from "../../shared/id";
import { type Problem, problem } from "../../shared/problem";
import { ASSERTION_TYPE, audiencesOf, keysAt, limitProofs } from "../partners";
import { type App, findApp } from "./apps";
import { recordsOf, type SmartPorts } from "./ports";

export type Form = ReadonlyMap<string, string>;

/**
 * The app that asks, proven by what it registered: nothing but its id, its secret in the header or the form, or an assertion. Unknown,
 * removed and wrong look the same. Problems `invalid_client`; `malformed` for two ways at once; `rate_limited`, `unavailable`.
 */
export async function authenticateApp(ports: SmartPorts, form: Form, authorization: string | undefined): Promise<App> {
  const basic = authorization === undefined ? undefined : basicIn(authorization);
  const assertion = form.get("client_assertion");
  const ways = [authorization, assertion, form.get("client_secret")].filter((way) => way !== undefined);
  if (ways.length > 1) throw problem("malformed", "Prove the app in one way.");
  if (authorization !== undefined && basic === undefined) throw refused();
  const claim =
    assertion === undefined || form.get("client_assertion_type") !== ASSERTION_TYPE ? undefined : peekAssertion(assertion, "app");
  if (assertion !== undefined && claim === undefined) throw refused();
  const named = form.get("client_id");
  const id = claim?.client ?? basic?.id ?? named;
  if (id === undefined || (named !== undefined && named !== id)) throw refused();
  const app = await findApp(ports, id);
  if (app === undefined) throw refused();
  if (app.method === "none") {
    if (ways.length > 0) throw refused();
    return app;
  }
  await limitProofs(ports.oauth, regionOf(app.id));
  if (app.method === "client_secret_basic") {
    const secret = basic?.secret ?? form.get("client_secret");
    // Hashes of 256 random bits: comparing them tells nothing about the secret.
    if (secret === undefined || app.secretHash === null || (await sha256Hex(secret)) !== app.secretHash) throw refused();
  } else {
    if (claim === undefined || assertion === undefined) throw refused();
    await prove(ports, app, claim, assertion);
  }
  await recordsOf(ports, app.id).prepare("update apps set last_used_at = ?2 where id = ?1").bind(app.id, ports.now()).run();
  return app;
}

async function prove(ports: SmartPorts, app: App, claim: AssertionClaim<AppId>, text: string): Promise<void> {
  if (claim.jku !== undefined && claim.jku !== app.jwksUri) throw refused();
  const keys = app.jwksUri !== null ? await keysAt(ports.oauth.keySets, app.jwksUri, claim.kid) : (app.jwks?.keys ?? []);
  const audiences = [...audiencesOf(ports.origin, regionOf(app.id)), ports.origin];
  const proven = await proveAssertion(text, claim, keys, audiences, ports.now());
  if (proven === undefined) throw refused();
  const { meta } = await recordsOf(ports, app.id)
    .prepare("insert into app_assertions (app_id, jti, expires_at) values (?, ?, ?) on conflict do nothing")
    .bind(app.id, proven.jti, Math.ceil((proven.expiresAt + CLOCK_TOLERANCE_S) * 1000))
    .run();
  if (meta.changes !== 1) throw refused();
}

/** RFC 6749 §2.3.1: both halves are encoded as in a form before they are put together. */
function basicIn(header: string): { readonly id: string; readonly secret: string } | undefined {
  const [, text = ""] = /^basic +([A-Za-z0-9+/]+=*)$/i.exec(header) ?? [];
  try {
    const plain = new TextDecoder().decode(Uint8Array.from(atob(text), (c) => c.charCodeAt(0)));
    const colon = plain.indexOf(":");
    const decode = (part: string) => decodeURIComponent(part.replaceAll("+", " "));
    return colon < 1 ? undefined : { id: decode(plain.slice(0, colon)), secret: decode(plain.slice(colon + 1)) };
  } catch {
    return undefined;
  }
}

function refused(): Problem {
  return problem("invalid_client");
}
