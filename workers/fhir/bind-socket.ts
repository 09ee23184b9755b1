import * as z from "zod";
import { SECOND_MS } from "../../shared/clock";
import { closeBox, openBox } from "../../shared/crypto/box";
import { currentKey, keyOf, regionalKeys } from "../../shared/crypto/keys";
import { sha256Hex } from "../../shared/crypto/sha256";
import { type Binding, BINDING_HEADER, BINDING_S, readBinding, TOKEN_HEADER, writeBinding } from "../../shared/fhir/subscriptions/binding";
import type { AppContext } from "../../shared/http/app-env";
import { refuseWrongHost } from "../../shared/http/regional-hosts";
import { newId, type PersonId, regionOf, systemRandom } from "../../shared/id";
import { refusalOf } from "../../shared/live/refusal";
import { problem } from "../../shared/problem";
import { isRegion } from "../../shared/region";
import { regional, vaultOf } from "../regional";

const PURPOSE = "subscription-binding";
/** Where sockets of Subscriptions are opened. */
export const SOCKET_PATH = "/v1/subscriptions/live";
export const socketQuery = z.strictObject({
  ticket: z.string().max(4_000).describe("The token of `$get-ws-binding-token`, good for one minute and one socket"),
});

/** The answer of `$get-ws-binding-token`: Parameters with the token, when it ends, and where the socket is opened. */
export async function bindingOf(
  c: AppContext,
  person: PersonId,
  session: string,
  subscriptions: readonly string[],
  base: string,
): Promise<string> {
  const region = regionOf(person);
  const now = c.get("now")();
  const until = now + BINDING_S * SECOND_MS;
  const binding: Binding = { person, session, subscriptions, id: newId("ticket", region, now, systemRandom), until };
  const { version, key } = currentKey(regionalKeys(regional(c.env, region).keys).refresh);
  const token = `${region}.${version}.${await closeBox(key, PURPOSE, region, writeBinding(binding), systemRandom)}`;
  const url = new URL(SOCKET_PATH, base);
  url.protocol = url.protocol === "http:" ? "ws:" : "wss:";
  url.searchParams.set("ticket", token);
  return JSON.stringify({
    resourceType: "Parameters",
    parameter: [
      { name: "token", valueString: token },
      { name: "expiration", valueDateTime: new Date(until).toISOString() },
      ...subscriptions.map((id) => ({ name: "subscription", valueString: id })),
      { name: "websocket-url", valueUrl: url.href },
    ],
  });
}

/** Opens the socket that a token stands for. Problems `unauthenticated` for a token that is forged, used or old, `malformed` without an upgrade. */
export async function openSocket(c: AppContext, token: string): Promise<Response> {
  const [region, version = "", box = "", extra] = token.split(".");
  const ring = isRegion(region) && extra === undefined ? regionalKeys(regional(c.env, region).keys).refresh : undefined;
  const key = ring === undefined ? undefined : keyOf(ring, version);
  const opened = key === undefined || region === undefined ? undefined : await openBox(key, PURPOSE, region, box);
  const binding = readBinding(opened ?? null);
  if (binding === undefined || binding.until <= c.get("now")()) throw problem("unauthenticated", "The token is not valid any more.");
  refuseWrongHost(c, binding.person);
  if (c.req.method !== "GET" || c.req.header("upgrade")?.toLowerCase() !== "websocket") {
    c.header("upgrade", "websocket");
    throw problem("malformed", "This address speaks WebSocket: ask for an upgrade.");
  }
  const headers = { upgrade: "websocket", [BINDING_HEADER]: writeBinding(binding), [TOKEN_HEADER]: await sha256Hex(token) };
  const answer = await vaultOf(c.env, binding.person).fetch("https://vault/subscriptions", { headers });
  if (answer.webSocket === null) throw refusalOf(await answer.text());
  return new Response(null, { status: 101, webSocket: answer.webSocket });
}
