import { expect } from "vitest";
import * as z from "zod";
import { toBase64Url } from "../shared/crypto/base64url";
import { fetchApp, send } from "./people";
import type { AtProvider, FakeProvider } from "./vendors/fake-provider";

export const RETURN = "https://app.meridian.test/signed-in";

const begunSchema = z.object({ authorizeUrl: z.url(), expiresAt: z.string() });

/** A flow as its client holds it. */
export interface Flow {
  readonly authorizeUrl: string;
  readonly verifier: string;
}

export async function challengeOf(verifier: string): Promise<string> {
  return toBase64Url(new Uint8Array(await crypto.subtle.digest("SHA-256", new TextEncoder().encode(verifier))));
}

export function newVerifier(): string {
  return toBase64Url(crypto.getRandomValues(new Uint8Array(32)));
}

/** Begins at a path: `/v1/sessions/providers/google`, `/v1/me/identities/apple`. */
export async function beginAt(path: string, headers: Record<string, string> = {}, returnTo = RETURN): Promise<Flow> {
  const verifier = newVerifier();
  const response = await send("POST", path, { challenge: await challengeOf(verifier), returnTo }, headers);
  const text = await response.text();
  expect(response.status, text).toBe(201);
  return { authorizeUrl: begunSchema.parse(JSON.parse(text)).authorizeUrl, verifier };
}

/** What a browser brings back to the callback, the way the provider lets it. */
export async function bringBack(fake: FakeProvider, answer: Readonly<Record<string, string>>): Promise<Response> {
  const path = `/v1/sign-in-providers/${fake.id}/callback`;
  const query = new URLSearchParams(answer);
  if (fake.id === "google") return await fetchApp(`${path}?${query}`, { redirect: "manual" });
  const headers = { "content-type": "application/x-www-form-urlencoded", origin: "https://appleid.apple.com" };
  return await fetchApp(path, { method: "POST", body: query.toString(), headers, redirect: "manual" });
}

/** The query of the address that the browser is sent on to. */
export function landing(response: Response): URLSearchParams {
  expect(response.status).toBe(303);
  const url = new URL(response.headers.get("location") ?? "");
  expect(`${url.origin}${url.pathname}`).toBe(RETURN);
  return url.searchParams;
}

/** Somebody agrees at the provider and their browser comes back; returns the handoff. */
export async function agree(fake: FakeProvider, flow: Flow, who: AtProvider, more: Record<string, string> = {}): Promise<string> {
  const query = landing(await bringBack(fake, { ...fake.agree(flow.authorizeUrl, who), ...more }));
  expect(query.get("provider")).toBe(fake.id);
  return query.get("handoff") ?? "";
}
