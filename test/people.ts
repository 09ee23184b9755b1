import { env, exports } from "cloudflare:workers";
import { z } from "zod";
import { type PersonId, parseId, ulid } from "../shared/id";
import type { Region } from "../shared/region";
import type { Role } from "../shared/roles";
import { regional } from "../workers/regional";

const registeredSchema = z.object({
  person: z.object({ id: z.string(), name: z.string(), region: z.enum(["eu", "us", "ap"]) }),
  tokens: z.object({ accessToken: z.string(), refreshToken: z.string(), expiresIn: z.number() }),
});

/** The origin that the test runtime takes for its own. */
export const ORIGIN = "http://meridian.test";

export interface RegisteredPerson {
  readonly person: { readonly id: PersonId; readonly name: string; readonly region: Region };
  readonly email: string;
  readonly password: string;
  readonly accessToken: string;
  readonly refreshToken: string;
  /** Calls the app as this person; `path` begins with a slash. */
  readonly fetch: (path: string, init?: RequestInit) => Promise<Response>;
}

export interface Registrant {
  readonly name?: string;
  readonly timeZone?: string;
  readonly locale?: string;
}

/** Calls the real app without a token, from a network of its own unless a header says otherwise. */
export async function fetchApp(path: string, init: RequestInit = {}): Promise<Response> {
  const headers = new Headers(init.headers);
  if (!headers.has("cf-connecting-ip")) headers.set("cf-connecting-ip", freshAddress());
  return await exports.default.fetch(new Request(`${ORIGIN}${path}`, { ...init, headers }));
}

/** Sends JSON to the real app. */
export async function send(method: string, path: string, body: unknown, headers: Record<string, string> = {}): Promise<Response> {
  return await fetchApp(path, { method, body: JSON.stringify(body), headers: { "content-type": "application/json", ...headers } });
}

/** Registers a fresh person through the API (about 0.2 s: a password is hashed). */
export async function registerPerson(region: Region = "eu", registrant: Registrant = {}): Promise<RegisteredPerson> {
  const email = freshEmail();
  const password = freshPassword();
  const response = await send("POST", "/v1/accounts", { email, password, name: "Ada Probe", region, ...registrant });
  if (response.status !== 201) throw new Error(`registration answered ${response.status}: ${await response.text()}`);
  const { person, tokens } = registeredSchema.parse(await response.json());
  const id = parseId("person", person.id);
  if (id === undefined) throw new TypeError("not a person's id");
  return {
    person: { ...person, id },
    email,
    password,
    accessToken: tokens.accessToken,
    refreshToken: tokens.refreshToken,
    fetch: (path, init = {}) => {
      const headers = new Headers(init.headers);
      headers.set("authorization", `Bearer ${tokens.accessToken}`);
      return fetchApp(path, { ...init, headers });
    },
  };
}

/** An address that no other test uses. */
export function freshEmail(): string {
  return `${ulid(Date.now())}@people.test`;
}

/** A password that no rule refuses. */
export function freshPassword(): string {
  return `vq-${ulid(Date.now())}-zw`;
}

/** An IPv6 address in a /64 of its own, inside the documentation prefix. */
export function freshAddress(): string {
  const [a = 0, b = 0] = crypto.getRandomValues(new Uint16Array(2));
  return `2001:db8:${a.toString(16)}:${b.toString(16)}::1`;
}

/** Gives a person roles, as an operator does with the command. */
export async function holdRoles({ person }: RegisteredPerson, roles: readonly Role[]): Promise<void> {
  const { records } = regional(env, person.region);
  await records.prepare("update people set roles = ? where id = ?").bind(JSON.stringify(roles), person.id).run();
}

/** Makes the person's sessions ones that were opened with a second factor. */
export async function proveSecondFactor({ person }: RegisteredPerson, acr: "aal1" | "aal2" = "aal2"): Promise<void> {
  await regional(env, person.region).records.prepare("update sessions set acr = ? where person_id = ?").bind(acr, person.id).run();
}
