import { languageOf } from "../../shared/http/texts";
import type { SealedPlace } from "../../shared/crypto/sealing";
import { type PersonId, regionOf } from "../../shared/id";
import { type Letter, letter } from "../mail";
import type { Region } from "../../shared/region";
import type { CredentialPorts, CredentialVault } from "./ports";

/** Where a person's address is sealed for. */
export function addressPlace(person: PersonId): SealedPlace {
  return { table: "credentials", column: "sealed_email", row: person };
}

/** The person's address as it was typed, or undefined where it has not been kept yet. */
export async function readAddress(
  ports: {
    stores(region: Region): { readonly records: D1Database };
    vault(person: PersonId): Pick<CredentialVault, "unseal">;
  },
  person: PersonId,
): Promise<{ email: string; locale: string } | undefined> {
  const row = await ports
    .stores(regionOf(person))
    .records.prepare("select sealed_email, locale from credentials join people on people.id = credentials.person_id where person_id = ?")
    .bind(person)
    .first<{ sealed_email: string | null; locale: string }>();
  if (row === null || row.sealed_email === null) return undefined;
  return { email: await ports.vault(person).unseal(addressPlace(person), row.sealed_email), locale: row.locale };
}

/** Keeps the address of a person of whom none is kept. */
export async function keepAddress(ports: CredentialPorts, person: PersonId, email: string): Promise<void> {
  const sealed = await ports.vault(person).seal(addressPlace(person), email);
  await ports
    .stores(regionOf(person))
    .records.prepare("update credentials set sealed_email = ? where person_id = ? and sealed_email is null")
    .bind(sealed, person)
    .run();
}

/** Tells a person, after the answer, what happened to their account. A letter that cannot be sent is logged and changes nothing. */
export function notifyOwner(ports: CredentialPorts, person: PersonId, kind: Letter): void {
  inBackground(ports, kind, async () => {
    const address = await readAddress(ports, person);
    if (address === undefined) return;
    await ports.mailer.send({ region: regionOf(person), to: address.email, ...letter(kind, languageOf(address.locale)) });
  });
}

/** Works after the answer has gone out, so that neither its time nor its status tells what the work found. */
export function inBackground(ports: CredentialPorts, what: string, work: () => Promise<void>): void {
  ports.later(async () => {
    try {
      await work();
    } catch (error) {
      ports.log({ event: "background", what, outcome: "failed", kind: error instanceof Error ? error.name : typeof error });
    }
  });
}
