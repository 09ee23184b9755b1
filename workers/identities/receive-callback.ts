import * as z from "zod";
import { MINUTE_MS } from "../../shared/clock";
import { problem } from "../../shared/problem";
import { nameSchema } from "../accounts";
import { knownProvider } from "./begin-flow";
import { endFlow, handOver } from "./flows";
import { type IdentityPorts, providerOf } from "./ports";
import type { Provider } from "./providers";
import { appleUserSchema, type Callback } from "./schemas";

/** For so long the client may take to trade the handoff. */
const HANDOFF_MS = 2 * MINUTE_MS;
const STATE = /^[A-Za-z0-9_-]{43}$/;
/** How providers say that the person did not want to; the second is Apple's. */
const REFUSALS = new Set(["access_denied", "user_cancelled_authorize"]);

/** What a callback leaves for the exchange. */
export const answerSchema = z.object({
  state: z.string(),
  code: z.string(),
  iss: z.string().optional(),
  name: z.string().optional(),
});

/**
 * Takes what a browser brings back from a provider, and says where it goes on to: with a handoff that is worth nothing without the
 * verifier of the client that began. Nothing is asked of the provider here, and nobody is signed in.
 *
 * Problems: `malformed` for a state that is none, or in the other way of answering; `gone` for one that is used, expired or was never ours.
 */
export async function receiveCallback(
  ports: IdentityPorts,
  { provider: id, mode, callback }: { readonly provider: string; readonly mode: Provider["responseMode"]; readonly callback: Callback },
): Promise<string> {
  const { provider, issuer } = providerOf(ports, knownProvider(id));
  const { state, code, iss } = callback;
  if (mode !== provider.responseMode || !STATE.test(state)) throw problem("malformed", "This is not an answer to anything we asked.");
  // Another issuer than the one that was asked: its code must reach no token endpoint (RFC 9207).
  const mixedUp = iss !== undefined && iss !== issuer;
  if (code === undefined || callback.error !== undefined || mixedUp) {
    const returnTo = await endFlow(ports, provider.id, state);
    if (returnTo === undefined) throw over();
    const error = !mixedUp && REFUSALS.has(callback.error ?? "") ? "access_denied" : "provider_failed";
    ports.log({ event: "provider_callback", provider: provider.id, outcome: mixedUp ? "mixed_up" : error });
    return withQuery(returnTo, { provider: provider.id, error });
  }
  const answer: z.infer<typeof answerSchema> = { state, code, iss, name: nameIn(callback.user) };
  const handed = await handOver(ports, { provider: provider.id, state, answer: JSON.stringify(answer), lifeMs: HANDOFF_MS });
  if (handed === undefined) throw over();
  return withQuery(handed.returnTo, { provider: provider.id, handoff: handed.handoff });
}

function over() {
  return problem("gone", "This sign-in has been used or has expired. Begin again.");
}

function withQuery(address: string, query: Readonly<Record<string, string>>): string {
  const url = new URL(address);
  for (const [name, value] of Object.entries(query)) url.searchParams.set(name, value);
  return url.href;
}

/** A name that the browser says came from Apple: good enough to fill in a form, and for nothing else. */
function nameIn(user: string | undefined): string | undefined {
  if (user === undefined) return undefined;
  try {
    const { name } = appleUserSchema.parse(JSON.parse(user));
    return nameSchema.safeParse([name?.firstName, name?.lastName].filter((part) => part !== undefined).join(" ")).data;
  } catch {
    return undefined;
  }
}
