import type { ClientActor, Reader } from "../../shared/context";
import type { RegionalKeys } from "../../shared/crypto/keys";
import type { AppContext } from "../../shared/http/app-env";
import { parseId, type PersonId, regionOf } from "../../shared/id";
import { notFound } from "../../shared/problem";
import { actingClient } from "../partners";
import { readerPorts, type VaultStub } from "./ports";
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
  const { actor, keys, now, recordsOf, vaultOf } = readerPorts(c);
  const owner = parseId("person", id);
  const { reader, exists } =
    actor.kind === "person" ? await readerAndOwner(recordsOf, actor, owner, now()) : await clientAndOwner(recordsOf, actor, owner);
  if (owner === undefined || !exists) throw notFound("person");
  return { actor: reader, owner, vault: vaultOf(owner), keys };
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
