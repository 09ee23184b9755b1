import type { Vault } from "../../durable-objects/vault/vault";
import type { Clock } from "../../shared/clock";
import { type RegionalKeys, regionalKeys } from "../../shared/crypto/keys";
import { type PersonId, type RandomBytes, systemRandom } from "../../shared/id";
import { Breakers, carrierGate } from "../../shared/notifications/breakers";
import type { Fetch } from "../../shared/notifications/channels/outcome";
import {
  type NotificationCredentials,
  notificationCredentials,
  type NotificationEnv,
  type ProviderBases,
  providerBases,
} from "../../shared/notifications/credentials";
import type { Region } from "../../shared/region";
import { type Mailer, type MailEnv, mailer, outbox } from "../mail";
import { gateOf, regional, vaultOf } from "../regional";

/** What sending and hearing of what was sent need from outside. */
export interface NotificationPorts {
  readonly now: Clock;
  readonly random: RandomBytes;
  readonly fetch: Fetch;
  /** Where people and providers reach us. */
  readonly origin: string;
  readonly mailFrom: string;
  readonly credentials: NotificationCredentials;
  readonly bases: ProviderBases;
  readonly mailer: Mailer;
  /** Where a local run keeps what nobody carries; absent where it would be lost. */
  readonly outbox: Mailer | undefined;
  readonly breakers: (region: Region) => Breakers;
  readonly stores: (region: Region) => { readonly records: D1Database; readonly keys: RegionalKeys };
  readonly vault: (person: PersonId) => DurableObjectStub<Vault>;
}

export function notificationPorts(env: Env & NotificationEnv & MailEnv, now: Clock): NotificationPorts {
  return {
    now,
    random: systemRandom,
    fetch: (url, init) => fetch(url, init),
    origin: env.ORIGIN,
    mailFrom: env.MAIL_FROM === "" ? "Meridian <notifications@localhost>" : env.MAIL_FROM,
    credentials: notificationCredentials(env),
    bases: providerBases(env),
    mailer: mailer(env, now),
    outbox: env.RESIDENCY === "off" ? outbox(env, now) : undefined,
    breakers: (region) => new Breakers(region, (carrier) => gateOf(env, region, carrierGate(carrier)), now),
    stores(region) {
      const { records, keys } = regional(env, region);
      return { records, keys: regionalKeys(keys) };
    },
    vault: (person) => vaultOf(env, person),
  };
}
