/**
 * Sign-in providers as data: OpenID Connect Core 1.0 with authorization code and PKCE. Sources: Google, "OpenID Connect" and its
 * discovery document; Apple, "Sign in with Apple REST API".
 */
export interface Provider {
  readonly id: ProviderId;
  readonly title: string;
  /** As it stands in id tokens. */
  readonly issuer: string;
  readonly authorizeUrl: string;
  readonly tokenUrl: string;
  /** The keys that id tokens are signed with, as a JWK set. */
  readonly keysUrl: string;
  readonly scopes: readonly string[];
  /** How the browser brings the answer. Apple posts a form whenever name or e-mail is asked for. */
  readonly responseMode: "query" | "form_post";
  /** A text, or a JWT that is signed for each call with a key registered there. */
  readonly secret: "text" | "signed";
  /**
   * What asks the provider to let the person prove themselves anew. Whether they did, `auth_time` says: Apple always tells it, Google does
   * not at present.
   */
  readonly proveAnew: Readonly<Record<string, string>>;
}

export const PROVIDER_IDS = ["google", "apple"] as const;
export type ProviderId = (typeof PROVIDER_IDS)[number];

export const PROVIDERS: Readonly<Record<ProviderId, Provider>> = {
  google: {
    id: "google",
    title: "Google",
    issuer: "https://accounts.google.com",
    authorizeUrl: "https://accounts.google.com/o/oauth2/v2/auth",
    tokenUrl: "https://oauth2.googleapis.com/token",
    keysUrl: "https://www.googleapis.com/oauth2/v3/certs",
    scopes: ["openid", "email", "profile"],
    responseMode: "query",
    secret: "text",
    // Google knows no `prompt=login`.
    proveAnew: { max_age: "0" },
  },
  apple: {
    id: "apple",
    title: "Apple",
    issuer: "https://appleid.apple.com",
    authorizeUrl: "https://appleid.apple.com/auth/authorize",
    tokenUrl: "https://appleid.apple.com/auth/token",
    keysUrl: "https://appleid.apple.com/auth/keys",
    scopes: ["openid", "email", "name"],
    responseMode: "form_post",
    secret: "signed",
    // Apple asks each time, and knows no parameter that says so.
    proveAnew: {},
  },
};
