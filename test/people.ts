import { env, exports } from "cloudflare:workers";
import { directoryKeys, regionalKeys } from "../shared/crypto/keys";
import { hashPassword } from "../shared/crypto/password";
import { type PersonId, parseId, systemRandom, ulid } from "../shared/id";
import { consoleLog } from "../shared/log";
import type { Region } from "../shared/region";
import type { Role } from "../shared/roles";
import { completeRegistration } from "../workers/accounts";
import type { AccountPorts } from "../workers/accounts/ports";
import { registerBody } from "../workers/accounts/schemas";
import { mailer } from "../workers/mail";
import { gateOf, regional, vaultOf } from "../workers/regional";

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

const PASSWORD = freshPassword();
const hashes = new Map<Region, Promise<string>>();

/**
 * Registers a fresh person as `POST /v1/accounts` does, but for one thing: their password is hashed once for everybody of a region, since
 * that costs more than all the rest of a test.
 */
export async function registerPerson(region: Region = "eu", registrant: Registrant = {}): Promise<RegisteredPerson> {
  const email = freshEmail();
  const background: Promise<void>[] = [];
  const ports: AccountPorts = {
    now: Date.now,
    random: systemRandom,
    log: consoleLog,
    origin: env.ORIGIN,
    stores(of) {
      const { records, files, keys } = regional(env, of);
      return { records, files, keys: regionalKeys(keys) };
    },
    directory: { records: env.DIRECTORY, keys: directoryKeys(env.DIRECTORY_KEYS) },
    vault: (person) => vaultOf(env, person),
    gate: (of, name) => gateOf(env, of, name),
    mailer: mailer(env, Date.now),
    later: (work) => void background.push(work()),
    network: undefined,
    local: false,
    device: undefined,
  };
  const { keys } = ports.stores(region);
  const hash = hashes.get(region) ?? hashPassword(PASSWORD, keys, systemRandom);
  hashes.set(region, hash);
  const input = registerBody.parse({ email, password: PASSWORD, name: "Ada Probe", region, ...registrant });
  const { person, tokens } = await completeRegistration(ports, input, { passwordHash: await hash, verified: false, amr: ["pwd"] });
  await Promise.all(background);
  const id = parseId("person", person.id);
  if (id === undefined) throw new TypeError("not a person's id");
  return {
    person: { ...person, id },
    email,
    password: PASSWORD,
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

/** Gives a person roles, and has their vault know at once, as where an administrator does. */
export async function holdRoles({ person }: RegisteredPerson, roles: readonly Role[]): Promise<void> {
  const { records } = regional(env, person.region);
  await records.prepare("update people set roles = ? where id = ?").bind(JSON.stringify(roles), person.id).run();
  await vaultOf(env, person.id).rolesChanged();
}

/** Makes the person's sessions ones that were opened with a second factor. */
export async function proveSecondFactor({ person }: RegisteredPerson, acr: "aal1" | "aal2" = "aal2"): Promise<void> {
  await regional(env, person.region).records.prepare("update sessions set acr = ? where person_id = ?").bind(acr, person.id).run();
}
