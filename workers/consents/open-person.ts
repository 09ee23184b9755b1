import type { ClientActor, PersonActor, Reader } from "../../shared/context";
import type { RegionalKeys } from "../../shared/crypto/keys";
import type { AppContext } from "../../shared/http/app-env";
import { parseId, type PersonId, regionOf } from "../../shared/id";
import { notFound, problem } from "../../shared/problem";
import type { Role } from "../../shared/roles";
import { actingClient } from "../partners";
import { type ReaderPorts, readerPorts, type VaultStub } from "./ports";
import { isRegistered, readerAndOwner, type RecordsOf } from "./records";

/** What reading another person's data needs: who asks and with which roles, whose it is, and that person's vault. */
export interface PersonPorts {
  readonly actor: Reader;
  readonly owner: PersonId;
  readonly vault: VaultStub;
  /** Seals the actor's cursors. */
  readonly keys: RegionalKeys;
}

/**
 * Opens the way to another person's vault, in whatever region it lies. Checks the actor's session or client and that the person exists; what the
 * actor may see there, the vault decides with every call. Problems `session_ended`, and `not_found` for who is not registered: the same
 * answer as the vault's to whoever may not.
 */
export async function openPerson(c: AppContext, id: string): Promise<PersonPorts> {
  const ports = readerPorts(c);
  const { actor, keys, recordsOf, vaultOf } = ports;
  const owner = parseId("person", id);
  const { reader, exists } =
    actor.kind === "person" ? await personAndOwner(ports, actor, owner) : await clientAndOwner(recordsOf, actor, owner);
  if (owner === undefined || !exists) throw notFound("person");
  return { actor: reader, owner, vault: vaultOf(owner), keys };
}

/**
 * Asks the reader's own vault first, which knows what sessions of theirs have ended and remembers for a minute what the records said of
 * somebody without special roles; else the records. A vault that does not answer takes nothing from what the records say.
 */
async function personAndOwner(
  { recordsOf, vaultOf, now }: ReaderPorts,
  actor: PersonActor,
  owner: PersonId | undefined,
): Promise<{ readonly reader: PersonActor; readonly exists: boolean }> {
  if (owner === undefined) return await readerAndOwner(recordsOf, actor, owner, now());
  const own = vaultOf(actor.person);
  const recalled = await own.recallReader(actor, owner).catch(() => undefined);
  if (recalled === "ended") throw problem("session_ended");
  if (recalled?.isKnown === true) return { reader: { ...actor, roles: PLAIN, assurance: "aal1" }, exists: true };
  const { reader, exists, sessionEnds } = await readerAndOwner(recordsOf, actor, owner, now());
  if (recalled !== undefined && exists && isPlain(reader)) {
    await own.learnReader(actor, owner, sessionEnds, recalled.epoch).catch(() => undefined);
  }
  return { reader, exists };
}

/** The role of everybody, which nobody takes; no consent for it asks for a second factor. */
const PLAIN: readonly Role[] = ["user"];

function isPlain({ roles = [] }: PersonActor): boolean {
  return roles.length === 1 && roles[0] === "user";
}

async function clientAndOwner(
  recordsOf: RecordsOf,
  actor: ClientActor,
  owner: PersonId | undefined,
): Promise<{ readonly reader: ClientActor; readonly exists: boolean }> {
  const [reader, exists] = await Promise.all([
    actingClient(recordsOf(regionOf(actor.client)), actor),
    owner === undefined ? false : isRegistered(recordsOf, owner),
  ]);
  return { reader, exists };
}
