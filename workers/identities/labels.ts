import { type Identity, identityText, subjectPlace } from "../../shared/crypto/identity-hashes";
import type { SealedPlace } from "../../shared/crypto/sealing";
import { type Id, type PersonId, regionOf } from "../../shared/id";
import type { IdentityPorts } from "./ports";

/** Where what an identity is recognised by is sealed for. */
export function labelPlace(id: string): SealedPlace {
  return { table: "identities", column: "sealed_label", row: id };
}

/** Keeps what the person recognises an identity by: the address it has at the provider. */
export async function keepLabel(ports: IdentityPorts, person: PersonId, id: Id<"identity">, email: string): Promise<void> {
  const sealed = await ports.vault(person).seal(labelPlace(id), email);
  await ports
    .stores(regionOf(person))
    .records.prepare("update identities set sealed_label = ? where id = ? and person_id = ?")
    .bind(sealed, id, person)
    .run();
}

/** Keeps who the person is at the provider, sealed with their key: only their vault can hash it anew when a key is rotated. */
export async function keepSubject(ports: IdentityPorts, person: PersonId, id: Id<"identity">, identity: Identity): Promise<void> {
  const sealed = await ports.vault(person).seal(subjectPlace(id), identityText(identity));
  await ports
    .stores(regionOf(person))
    .records.prepare("update identities set sealed_subject = ? where id = ? and person_id = ? and sealed_subject is null")
    .bind(sealed, id, person)
    .run();
}
