import { type PersonId, regionOf, type SessionId } from "../../shared/id";
import type { AccountPorts } from "./ports";

export interface VaultProfile {
  readonly timeZone: string;
  readonly locale: string;
  readonly name: string;
}

/**
 * Tells the vault the person's time zone, locale and name. A vault that does not answer is no reason to refuse a registration or a sign-in:
 * every sign-in tells it again. With the session that a sign-in has opened, the vault logs the sign-in.
 */
export async function pushProfile(ports: AccountPorts, person: PersonId, profile: VaultProfile, opened?: SessionId): Promise<void> {
  try {
    await ports.vault(person).setProfile(profile, opened);
  } catch (error) {
    ports.log({
      event: "profile",
      outcome: "not_pushed",
      region: regionOf(person),
      kind: error instanceof Error ? error.name : typeof error,
    });
  }
}
