import type { PersonActor } from "../../shared/context";
import type { AppContext } from "../../shared/http/app-env";
import type { PersonId, SessionId } from "../../shared/id";
import type { DetailsChange, PersonDetails } from "../../shared/person-details";
import { type CredentialPorts, credentialPorts, type CredentialVault } from "../credentials";
import { vaultOf } from "../regional";

/** What the vault keeps of a profile: enough to know the person's local dates and to name them, and what formulas need. */
export interface AccountVault extends CredentialVault {
  setProfile(profile: { readonly timeZone: string; readonly locale: string; readonly name?: string }, opened?: SessionId): Promise<unknown>;
  noteRefusedSignIn(reason: "wrong_password" | "wrong_code"): Promise<unknown>;
  details(actor: PersonActor): Promise<PersonDetails>;
  changeDetails(actor: PersonActor, change: DetailsChange): Promise<unknown>;
}

/** What the verbs of this domain need from outside. */
export interface AccountPorts extends CredentialPorts {
  vault(person: PersonId): AccountVault;
}

/** The ports of a request. */
export function accountPorts(c: AppContext): AccountPorts {
  return { ...credentialPorts(c), vault: (person) => vaultOf(c.env, person) };
}
