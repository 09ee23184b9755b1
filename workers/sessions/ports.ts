import type { Clock } from "../../shared/clock";
import { type RegionalKeys, regionalKeys } from "../../shared/crypto/keys";
import type { AppContext } from "../../shared/http/app-env";
import { type PersonId, type RandomBytes, type SessionId, systemRandom } from "../../shared/id";
import { consoleLog, type Log } from "../../shared/log";
import type { Region } from "../../shared/region";
import { regional, vaultOf } from "../regional";

/** What a vault does for sessions: it remembers the ended ones until their access tokens have run out. */
export interface SessionVault {
  revokeSession(session: SessionId, untilMs: number): Promise<unknown>;
}

/** What the verbs of this domain need from outside. */
export interface SessionPorts {
  readonly now: Clock;
  readonly random: RandomBytes;
  readonly log: Log;
  /** Public origin of the API: audience of tokens, and the root of their issuers. */
  readonly origin: string;
  stores(region: Region): { readonly records: D1Database; readonly files: R2Bucket; readonly keys: RegionalKeys };
  vault(person: PersonId): SessionVault;
}

/** The ports of a request. */
export function sessionPorts(c: AppContext): SessionPorts {
  return sessionPortsOf(c.env, c.get("now"));
}

/** The same for the clock. */
export function sessionPortsOf(env: Env, now: Clock): SessionPorts {
  return {
    now,
    random: systemRandom,
    log: consoleLog,
    origin: env.ORIGIN,
    stores(region) {
      const { records, files, keys } = regional(env, region);
      return { records, files, keys: regionalKeys(keys) };
    },
    vault: (person) => vaultOf(env, person),
  };
}
