import * as z from "zod";
import type { PersonActor } from "../../shared/context";
import { isPassword } from "../../shared/crypto/password";
import { regionOf } from "../../shared/id";
import { problem } from "../../shared/problem";
import { requireSession, sessionGuard } from "../sessions";
import type { CredentialPorts } from "./ports";
import type { Factors } from "./schemas";

const providersSchema = z.array(z.string());

interface Row {
  changed_at: number;
  password_hash: string;
  confirmed_at: number | null;
  codes_left: number;
  passkeys: number;
  providers: string;
}

/** What the person has to prove who they are with. */
export async function readFactors(ports: CredentialPorts, actor: PersonActor): Promise<Factors> {
  const { records } = ports.stores(regionOf(actor.person));
  const [guard, rows] = await records.batch<Row>([
    sessionGuard(records, actor, ports.now()),
    records
      .prepare(
        `select credentials.changed_at, credentials.password_hash, totp.confirmed_at,
           (select count(*) from recovery_codes where person_id = ?1 and used_at is null) as codes_left,
           (select count(*) from passkeys where person_id = ?1) as passkeys,
           (select json_group_array(provider) from (select provider from identities where person_id = ?1 order by provider)) as providers
         from credentials left join totp on totp.person_id = credentials.person_id where credentials.person_id = ?1`,
      )
      .bind(actor.person),
  ]);
  requireSession(guard);
  const row = rows?.results[0];
  if (row === undefined) throw problem("session_ended");
  return {
    password: isPassword(row.password_hash) ? { changedAt: new Date(row.changed_at).toISOString() } : null,
    totp: row.confirmed_at === null ? null : { confirmedAt: new Date(row.confirmed_at).toISOString() },
    recoveryCodes: { left: row.codes_left },
    passkeys: { count: row.passkeys },
    providers: providersSchema.parse(JSON.parse(row.providers)),
  };
}
