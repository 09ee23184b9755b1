import { exportJWK, generateKeyPair, SignJWT } from "jose";
import { vi } from "vitest";
import { toBase64Url } from "../../shared/crypto/base64url";
import { PROVIDERS, type ProviderId } from "../../workers/identities/providers";

/** Who somebody is at the provider. */
export interface AtProvider {
  readonly sub: string;
  readonly email?: string;
  readonly email_verified?: boolean | string;
  readonly name?: string;
  readonly auth_time?: number;
}

/** What goes wrong with the next answer of the token endpoint, or with the id token in it. */
export interface Bent {
  readonly claims?: Readonly<Record<string, unknown>>;
  readonly header?: Readonly<Record<string, unknown>>;
  /** Signs with a key that the provider does not publish. */
  readonly forged?: boolean;
  /** Replaces the id token as a whole. */
  readonly idToken?: (genuine: string) => string | Promise<string>;
  /** Replaces the answer as a whole; throwing is a broken connection. */
  readonly answer?: () => Response | Promise<Response>;
}

interface Grant {
  readonly nonce: string;
  readonly challenge: string;
  readonly redirectUri: string;
  readonly who: AtProvider;
}

const CLIENTS: Readonly<Record<ProviderId, string>> = { google: "meridian-google", apple: "test.meridian.signin" };

/** The keys of one runtime: whoever caches a set by its URL may keep it. */
const keysOf = Object.fromEntries(
  await Promise.all(
    (["google", "apple"] as const).map(async (id) => {
      const [known, forged] = await Promise.all([generateKeyPair("RS256"), generateKeyPair("RS256")]);
      return [id, { known, forged, jwk: { ...(await exportJWK(known.publicKey)), kid: `${id}-1`, alg: "RS256", use: "sig" } }] as const;
    }),
  ),
);

/** Stand-in for Google and Apple inside the test runtime. It checks what a provider checks: client, PKCE, redirect, one use. */
export class FakeProvider {
  readonly id: ProviderId;
  /** Forms that the token endpoint got. */
  readonly exchanges: URLSearchParams[] = [];
  keyReads = 0;
  /** Keys that are published beside the genuine one. */
  readonly moreKeys: unknown[] = [];
  bent: Bent = {};
  keysAnswer: (() => Response | Promise<Response>) | undefined;
  readonly #grants = new Map<string, Grant>();

  constructor(id: ProviderId) {
    this.id = id;
  }

  /** Somebody opens the authorize URL and agrees; returns what their browser brings back. */
  agree(authorizeUrl: string, who: AtProvider): { readonly code: string; readonly state: string } {
    const query = new URL(authorizeUrl).searchParams;
    const code = crypto.randomUUID();
    this.#grants.set(code, {
      nonce: query.get("nonce") ?? "",
      challenge: query.get("code_challenge") ?? "",
      redirectUri: query.get("redirect_uri") ?? "",
      who,
    });
    return { code, state: query.get("state") ?? "" };
  }

  async fetch(url: string, init: RequestInit): Promise<Response> {
    const { tokenUrl, keysUrl } = PROVIDERS[this.id];
    if (url === keysUrl) {
      this.keyReads++;
      return (await this.keysAnswer?.()) ?? Response.json({ keys: [keysOf[this.id]?.jwk, ...this.moreKeys] });
    }
    if (url !== tokenUrl) throw new TypeError(`nobody at ${url}`);
    const form = new URLSearchParams(String(init.body));
    this.exchanges.push(form);
    if (this.bent.answer !== undefined) return await this.bent.answer();
    const grant = this.#grants.get(form.get("code") ?? "");
    this.#grants.delete(form.get("code") ?? "");
    const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(form.get("code_verifier") ?? ""));
    if (
      grant === undefined ||
      form.get("client_id") !== CLIENTS[this.id] ||
      (form.get("client_secret") ?? "") === "" ||
      form.get("redirect_uri") !== grant.redirectUri ||
      toBase64Url(new Uint8Array(digest)) !== grant.challenge
    ) {
      return Response.json({ error: "invalid_grant" }, { status: 400 });
    }
    const genuine = await this.#idToken(grant);
    const idToken = (await this.bent.idToken?.(genuine)) ?? genuine;
    return Response.json({ access_token: "of no use", token_type: "Bearer", expires_in: 3600, id_token: idToken });
  }

  async #idToken({ nonce, who }: Grant): Promise<string> {
    const now = Math.floor(Date.now() / 1000);
    const claims = { iss: PROVIDERS[this.id].issuer, aud: CLIENTS[this.id], iat: now, exp: now + 600, nonce, ...who, ...this.bent.claims };
    const keys = keysOf[this.id];
    if (keys === undefined) throw new TypeError("no keys");
    return await new SignJWT(Object.fromEntries(Object.entries(claims).filter(([, value]) => value !== undefined)))
      .setProtectedHeader({ alg: "RS256", kid: `${this.id}-1`, ...this.bent.header })
      .sign((this.bent.forged === true ? keys.forged : keys.known).privateKey);
  }
}

/** Lets the fakes answer every `fetch` of the runtime until the mock is restored. */
export function answerProviders(fakes: readonly FakeProvider[]): void {
  vi.spyOn(globalThis, "fetch").mockImplementation(async (input, init) => {
    const url = typeof input === "string" ? input : input instanceof URL ? input.href : input.url;
    const fake = fakes.find(({ id }) => [PROVIDERS[id].tokenUrl, PROVIDERS[id].keysUrl].includes(url));
    if (fake === undefined) throw new TypeError(`nobody at ${url}`);
    return await fake.fetch(url, init ?? {});
  });
}
