import { type PersonId, regionOf } from "../../shared/id";
import { notFound, problem } from "../../shared/problem";
import type { Region } from "../../shared/region";
import { accountHashes } from "../../shared/vendors/account";
import type { SyncPointer } from "../../shared/vendors/pointer";
import { LONGEST_HELD, type AddressedPush } from "../../shared/vendors/push";
import { sameText } from "../../shared/vendors/same-text";
import type { Change, HookAnswer, HookCall, HookSecrets, InlineData, VendorHook, VendorModule } from "../../shared/vendors/vendor";
import type { HookAccount, HookPorts } from "./ports";
import { keepKnown, knownConnections, type Registered } from "./register-connection";

/** Vaults that are written to at a time for one call. */
const VAULTS_AT_ONCE = 8;

/**
 * Takes in a call of a vendor's webhook: the secret of the path, the vendor's own proof over the raw bytes, and only then the body. What
 * it says becomes pointers in the queues of the people's regions; data that it brings itself waits at the gates of these regions for their
 * vaults, and goes straight there where it is long. The answer comes when all of that is durable. An exact repetition of a signed call is
 * acknowledged and does nothing, where the vendor's signature lets one be known; any other reads the same ranges again and stores the same
 * readings, which changes nothing.
 *
 * Problems: `not_found` for a wrong path, `unauthenticated`, `invalid_signature`, `malformed`, `unavailable`.
 */
export async function receiveHook(ports: HookPorts, module: VendorModule, secret: string, call: HookCall): Promise<HookAnswer> {
  const { hook } = module;
  if (hook === undefined) throw notFound("hook");
  const accounts = await secretsFor(ports, module, secret);
  const answer = hook.handshake?.(call, accounts[0]);
  if (answer !== undefined) return answer;
  const { credential, ...secrets } = await proven(hook, call, accounts);

  const { changes, inline = [], permissions = [], ended = [], status } = hook.read(call, secrets);
  const users = [...changes, ...inline].map(({ userId }) => userId).concat(permissions, ended);
  const people = await findPeople(ports, module, credential, users, true);
  const all = (kind: "permissions" | "ended", users: readonly string[]): SyncPointer[] =>
    users.flatMap((user) => people(user).map(({ person, connection }) => ({ kind, person, connection })));
  const { pushes, long } = divide(module, credential, parcelsOf(inline, people));
  const left = await deliver(ports, long, call.now);
  if (left.length > 0) {
    // What was known of them is old: a pointer to a vault that its person has left would only be late, but data would be lost.
    const now = await findPeople(
      ports,
      module,
      credential,
      left.map(({ userId }) => userId),
      false,
    );
    const asked = new Set(left.flatMap(({ userId }) => people(userId)).map(addressOf));
    const elsewhere: People = (userId) => now(userId).filter((to) => !asked.has(addressOf(to)));
    await deliver(ports, parcelsOf(left, elsewhere), call.now);
  }
  await keep(ports, module, credential, call, pushes, [
    ...pointersOf(module, changes, people),
    ...all("permissions", permissions),
    ...all("ended", ended),
  ]);
  return { status: status ?? hook.accepted ?? 204 };
}

type Secrets = HookSecrets & Pick<HookAccount, "credential">;

/** The secrets of the account whose path this is, those of now first. Throws `not_found` where it is nobody's. */
async function secretsFor(ports: HookPorts, module: VendorModule, secret: string): Promise<readonly [Secrets, ...Secrets[]]> {
  const [first, ...rest] = (await ports.accounts(module, secret))
    .filter(({ pathSecret }) => sameText(secret, pathSecret))
    .map((account) => ({ ...account, verifyTink: ports.verifyTink }));
  if (first === undefined) throw notFound("hook");
  return [first, ...rest];
}

/** The secrets that prove a call. Throws `invalid_signature` where none does. */
async function proven(hook: VendorHook, call: HookCall, accounts: readonly Secrets[]): Promise<Secrets> {
  let isStale = false;
  for (const secrets of accounts) {
    const verdict = await hook.verify(call, secrets);
    if (verdict === "genuine") return secrets;
    isStale ||= verdict === "stale";
  }
  throw problem("invalid_signature", isStale ? "The call is too old." : undefined);
}

/** The connections of a vendor's users through the account that was called; those that nobody has connected have none. */
type People = (userId: string) => readonly Registered[];

async function findPeople(
  ports: HookPorts,
  { vendor }: VendorModule,
  credential: string | null,
  userIds: readonly string[],
  mayBeKnown: boolean,
): Promise<People> {
  const found = new Map<string, readonly Registered[]>();
  const asked: string[] = [];
  const now = ports.now();
  for (const user of new Set(userIds)) {
    const known = mayBeKnown ? knownConnections(vendor.id, user, credential, now) : undefined;
    if (known === undefined) asked.push(user);
    else found.set(user, known);
  }
  if (asked.length > 0) {
    const hashes = await Promise.all(
      asked.map(async (user) => (await accountHashes(ports.directoryKeys, vendor.id, user)).map(({ hash }) => hash)),
    );
    const byHash = Map.groupBy(await ports.find(hashes.flat(), credential), ({ hash }) => hash);
    for (const [i, user] of asked.entries()) {
      const own = (hashes[i] ?? []).flatMap((hash) => byHash.get(hash) ?? []);
      found.set(user, own);
      keepKnown(vendor.id, user, credential, own, now);
    }
  }
  return (userId) => found.get(userId) ?? [];
}

/** One pointer for each connection of each changed account. What we do not read has none. */
function pointersOf({ vendor }: VendorModule, changes: readonly Change[], people: People): readonly SyncPointer[] {
  return changes
    .filter(({ resource }) => Object.hasOwn(vendor.resources, resource))
    .flatMap(({ userId, resource, operation, range, object }) =>
      people(userId).map(({ person, connection }): SyncPointer => ({
        kind: "changed",
        person,
        connection,
        dataType: resource,
        operation,
        since: range.from,
        until: range.to,
        ...(object === undefined ? {} : { object }),
      })),
    );
}

/** Where the data of a connection go. */
function addressOf({ person, connection }: Registered): string {
  return `${person} ${connection}`;
}

/** Texts of so many letters go to a vault at once; one that is longer goes alone. */
const TEXT_AT_ONCE = 8_000_000;
/** Letters that one call may leave at the gates. */
const HELD_A_CALL = 2_000_000;

/** What a call brings for one connection. */
interface Parcel {
  readonly to: Registered;
  readonly parts: { readonly resource: string; readonly reply: unknown }[];
  readonly of: InlineData[];
}

/** What a call brings for the connection of each of its people, in the order in which it came. */
function parcelsOf(inline: readonly InlineData[], people: People): readonly Parcel[] {
  const byConnection = new Map<string, Parcel>();
  for (const data of inline) {
    const { userId, resource, reply } = data;
    for (const to of people(userId)) {
      const known = byConnection.get(addressOf(to)) ?? { to, parts: [], of: [] };
      byConnection.set(addressOf(to), known);
      known.parts.push({ resource, reply });
      known.of.push(data);
    }
  }
  return [...byConnection.values()];
}

/** Divides what a call brings into what waits at the gates and what is too long for that. */
function divide(
  { vendor }: VendorModule,
  credential: string | null,
  parcels: readonly Parcel[],
): { readonly pushes: readonly AddressedPush[]; readonly long: readonly Parcel[] } {
  const pushes: AddressedPush[] = [];
  const long: Parcel[] = [];
  let left = HELD_A_CALL;
  for (const parcel of parcels) {
    const parts = textUpTo(Math.min(LONGEST_HELD, left), parcel.parts);
    if (parts === undefined) {
      long.push(parcel);
      continue;
    }
    left -= parts.length;
    const { person, connection, hash } = parcel.to;
    pushes.push({ vendor: vendor.id, person, connection, account: hash, credential, parts });
  }
  return { pushes, long };
}

/** The parts as one JSON list; undefined where that is longer than `most`, which is known before all of a large body is a text once more. */
function textUpTo(most: number, parts: readonly unknown[]): string | undefined {
  const list: string[] = [];
  let length = 2;
  for (const part of parts) {
    const text = JSON.stringify(part);
    length += text.length + 1;
    if (length > most) return undefined;
    list.push(text);
  }
  return `[${list.join(",")}]`;
}

/** Brings parcels to their vaults. Returns what some vault did not take because the connection does not live there. */
async function deliver(ports: HookPorts, parcels: readonly Parcel[], cameAt: number): Promise<readonly InlineData[]> {
  const left = new Set<InlineData>();
  for (let at = 0; at < parcels.length; at += VAULTS_AT_ONCE) {
    try {
      await Promise.all(
        parcels.slice(at, at + VAULTS_AT_ONCE).map(async ({ to, parts, of }) => {
          const vault = ports.vault(to.person);
          for (const text of textsOf(parts)) {
            if (!(await vault.takeInline(to.connection, { cameAt, parts: text }))) for (const data of of) left.add(data);
          }
        }),
      );
    } catch {
      throw problem("unavailable", "The data could not be stored.", { retryAfter: 30 });
    }
  }
  return [...left];
}

/** The parts as JSON lists, none longer than what goes to a vault at once where it holds more than one part. */
function* textsOf(parts: readonly unknown[]): Generator<string> {
  let list: string[] = [];
  let length = 0;
  for (const part of parts) {
    const text = JSON.stringify(part);
    if (list.length > 0 && length + text.length > TEXT_AT_ONCE) {
      yield `[${list.join(",")}]`;
      [list, length] = [[], 0];
    }
    list.push(text);
    length += text.length;
  }
  yield `[${list.join(",")}]`;
}

/** Hands what a call told and brought to the gates of its people's regions, which keep it and send it on. */
async function keep(
  ports: HookPorts,
  { hook, vendor }: VendorModule,
  credential: string | null,
  call: HookCall,
  pushes: readonly AddressedPush[],
  pointers: readonly SyncPointer[],
): Promise<void> {
  const once = hook?.once;
  // The signature is by a secret of this account, over all that is signed: no two calls have the same.
  const known = once && {
    signature: `${vendor.id} ${credential ?? ""} ${call.headers.get(once.signature) ?? ""}`,
    forgetAt: call.now + once.forMs,
  };
  const regions = new Set<Region>([...pushes, ...pointers].map(({ person }) => regionOf(person)));
  const ofRegion = <One extends { readonly person: PersonId }>(all: readonly One[], region: Region): One[] =>
    all.filter(({ person }) => regionOf(person) === region);
  try {
    await Promise.all(
      [...regions].map((region) =>
        ports.inbox(region, vendor.id).accept({
          region,
          pointers: ofRegion(pointers, region).map((pointer) => JSON.stringify(pointer)),
          pushes: ofRegion(pushes, region),
          call: known,
        }),
      ),
    );
  } catch {
    throw problem("unavailable", "The notification could not be kept.", { retryAfter: 5 });
  }
}
