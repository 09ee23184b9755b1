import type { Clock } from "../../shared/clock";
import { type RegionalKeys, regionalKeys } from "../../shared/crypto/keys";
import { type RandomBytes, systemRandom } from "../../shared/id";
import type { Region } from "../../shared/region";
import { regional } from "../regional";
import { keepMail } from "./outbox";

export interface Mail {
  /** Region of the person it is about. */
  readonly region: Region;
  readonly to: string;
  readonly subject: string;
  /** Plain text. */
  readonly text: string;
  readonly headers?: Readonly<Record<string, string>>;
}

/** Sends mail. Throws where the mail service does not take it. */
export interface Mailer {
  send(mail: Mail): Promise<void>;
}

/** What of the configuration is about mail. `MAIL` is a binding of the platform that a deployment may have. */
export interface MailEnv {
  readonly RESIDENCY: string;
  readonly MAIL_FROM: string;
  readonly MAIL?: SendEmail;
}

export interface OutboxPorts {
  readonly now: Clock;
  readonly random: RandomBytes;
  stores(region: Region): { readonly records: D1Database; readonly keys: RegionalKeys };
}

/** The deployment's mail service where it has one, else the outbox of the region. */
export function mailer(env: Env & MailEnv, now: Clock): Mailer {
  const { MAIL: service, MAIL_FROM: from } = env;
  if (service !== undefined && from !== "") {
    return {
      async send({ to, subject, text, headers }) {
        await service.send({ from, to, subject, text, ...(headers !== undefined && { headers: { ...headers } }) });
      },
    };
  }
  return outbox(env, now);
}

/** The outbox of the region, whatever else there is: for messages of a local run that nobody carries. */
export function outbox(env: Env, now: Clock): Mailer {
  const ports = outboxPorts(env, now);
  return { send: async (mail) => await keepMail(ports, mail) };
}

/** Ports of the outbox. */
export function outboxPorts(env: Env, now: Clock): OutboxPorts {
  return {
    now,
    random: systemRandom,
    stores(region) {
      const { records, keys } = regional(env, region);
      return { records, keys: regionalKeys(keys) };
    },
  };
}
