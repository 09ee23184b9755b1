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
 * Opens the way to somebody's account. An administrator must have proven themselves lately (`requireFresh` throws where not); whoever is none is
 * told so by the vault, in the words for everybody. Whether the actor may do anything there, the vault decides and logs. Administrators act in their
 * own region alone: anywhere else they are nobody. Problems `session_ended`, and `not_found` for who is not registered.
 */
export async function openAccount(
  { actor, now, recordsOf, vaultOf }: RolePorts,
  id: string,
  requireFresh: () => Promise<void>,
): Promise<Account> {
  const person = parseId("person", id);
  const [reader, exists] = await Promise.all([
    readerOf(recordsOf, actor, now()),
    person === undefined ? false : isRegistered(recordsOf, person),
  ]);
  if (person === undefined || !exists) throw notFound("person");
  const isNear = regionOf(person) === regionOf(actor.person);
  if (isNear && reader.roles?.includes("admin") === true && reader.assurance === "aal2") await requireFresh();
  return { actor: isNear ? reader : { ...reader, roles: [] }, person, vault: vaultOf(person) };
}
