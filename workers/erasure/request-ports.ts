import type { Vault } from "../../durable-objects/vault/vault";
import { DAY_MS } from "../../shared/clock";
import type { AppContext } from "../../shared/http/app-env";
import { type PersonId } from "../../shared/id";
import { type CredentialPorts, credentialPorts, type CredentialVault } from "../credentials";
import { vaultOf } from "../regional";
import { erasurePorts, type ErasurePorts } from "./ports";

/** What asking for an erasure, and undoing it, need from outside. */
export interface RequestPorts extends Omit<CredentialPorts, "vault"> {
  vault(person: PersonId): CredentialVault & Pick<Vault, "suspend" | "resume">;
  /** For so long an erasure can be undone. */
  readonly graceMs: number;
  readonly erasure: ErasurePorts;
}

const DEFAULT_GRACE_DAYS = 14;

export function requestPorts(c: AppContext): RequestPorts {
  return {
    ...credentialPorts(c),
    vault: (person) => vaultOf(c.env, person),
    graceMs: graceOf(c.env.ERASURE_GRACE_DAYS),
    erasure: erasurePorts(c.env, c.get("now")),
  };
}

/** A value that is no number of days gives nobody less time than they were told. */
export function graceOf(text: string): number {
  return (/^\d{1,3}(?:\.\d+)?$/.test(text) ? Number(text) : DEFAULT_GRACE_DAYS) * DAY_MS;
}
