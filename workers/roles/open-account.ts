import type { PersonActor } from "../../shared/context";
import { parseId, type PersonId, regionOf } from "../../shared/id";
import { notFound } from "../../shared/problem";
import { isRegistered, readerOf, type VaultStub } from "../consents";
import type { RolePorts } from "./ports";

/** The account that an administrator turns to. */
export interface Account {
  /** Who asks, with the roles and the assurance of this moment. */
  readonly actor: PersonActor;
  readonly person: PersonId;
  readonly vault: VaultStub;
}

/**
 * Opens the way to somebody's account. Whether the actor may do anything there, the vault decides and logs. Administrators act in their
 * own region alone: anywhere else they are nobody. Problems `session_ended`, and `not_found` for who is not registered.
 */
export async function openAccount({ actor, now, recordsOf, vaultOf }: RolePorts, id: string): Promise<Account> {
  const person = parseId("person", id);
  const [reader, exists] = await Promise.all([
    readerOf(recordsOf, actor, now()),
    person === undefined ? false : isRegistered(recordsOf, person),
  ]);
  if (person === undefined || !exists) throw notFound("person");
  const isNear = regionOf(person) === regionOf(actor.person);
  return { actor: isNear ? reader : { ...reader, roles: [] }, person, vault: vaultOf(person) };
}
