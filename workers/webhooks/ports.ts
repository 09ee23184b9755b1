import type { Vault } from "../../durable-objects/vault/vault";
import type { Clock } from "../../shared/clock";
import { type RegionalKeys, regionalKeys } from "../../shared/crypto/keys";
import { type PersonId, type RandomBytes, systemRandom } from "../../shared/id";
import { consoleLog, type Log } from "../../shared/log";
import type { Region } from "../../shared/region";
import type { Fetch } from "../../shared/webhooks/client";
import { localHostsOf } from "../../shared/webhooks/endpoint-url";
import { type Mailer, mailer } from "../mail";
import { regional, vaultOf } from "../regional";

/** What delivering needs from outside; consumers and cron have no more than this. */
export interface WebhookPorts {
  readonly now: Clock;
  readonly random: RandomBytes;
  readonly log: Log;
  readonly fetch: Fetch;
  readonly localHosts: readonly string[];
  readonly mailer: Mailer;
  readonly stores: (region: Region) => { readonly records: D1Database; readonly keys: RegionalKeys; readonly queue: Queue };
  readonly vault: (
    person: PersonId,
  ) => Pick<DurableObjectStub<Vault>, "webhookAudience" | "matchWebhooks" | "webhooksRouted" | "sendWebhook" | "watchWebhooks" | "unseal">;
}

export function webhookPorts(env: Env, now: Clock, log: Log = consoleLog): WebhookPorts {
  return {
    now,
    random: systemRandom,
    log,
    fetch: (url, init) => fetch(url, init),
    localHosts: localHostsOf(env),
    mailer: mailer(env, now),
    stores(region) {
      const { records, keys, hooks } = regional(env, region);
      return { records, keys: regionalKeys(keys), queue: hooks };
    },
    vault: (person) => vaultOf(env, person),
  };
}
