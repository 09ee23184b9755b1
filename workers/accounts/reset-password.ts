import { MINUTE_MS } from "../../shared/clock";
import { hashPassword } from "../../shared/crypto/password";
import { passwordFault } from "../../shared/crypto/password-rules";
import { sha256Hex } from "../../shared/crypto/sha256";
import { regionOf } from "../../shared/id";
import { problem } from "../../shared/problem";
import {
  dropUnproven,
  inBackground,
  networkGate,
  newChallenge,
  notifyOwner,
  reached,
  readAddress,
  readChallenge,
  takeChallenge,
  tooMany,
} from "../credentials";
import { letter } from "../mail";
import { endAll, tellEnded } from "../sessions";
import { findClaim } from "./directory";
import { directoryHashes, normaliseEmail } from "./email";
import { mayWriteTo, regionOfUnknown } from "./limits";
import type { AccountPorts } from "./ports";

const RESET_MS = 20 * MINUTE_MS;
const REQUESTS = { name: "password-resets", kind: "rate", limit: 30, windowMs: 10 * MINUTE_MS, burst: 30 } as const;

/**
 * Writes a token for a new password to an address, where it leads to an account. The answer is the same, and as fast, where it does
 * not: everything that depends on it happens after the answer. Problem `rate_limited` for a network that asks too often; a mailbox gets
 * at most five letters an hour.
 */
export async function requestReset(ports: AccountPorts, email: string): Promise<void> {
  const gate = await networkGate(ports, await regionOfUnknown(ports, ports.network ?? ""));
  const verdict = await reached(gate.take([REQUESTS], ports.now()));
  if (!verdict.allowed && !ports.local) throw tooMany("rate_limited", verdict.retryAfterMs);
  inBackground(ports, "reset", async () => {
    const claim = await findClaim(ports.directory.records, await directoryHashes(ports.directory.keys, email));
    if (claim === undefined) return;
    const { person } = claim;
    const region = regionOf(person);
    const { records } = ports.stores(region);
    const row = await records
      .prepare("select password_hash, locale from credentials join people on people.id = credentials.person_id where person_id = ?")
      .bind(person)
      .first<{ password_hash: string; locale: string }>();
    if (row === null) return;
    if (!(await mayWriteTo(ports, region, email, "reset"))) return;
    const content = await sha256Hex(row.password_hash);
    const { token, statement } = await newChallenge(ports, { kind: "rst", region, person, content, lifeMs: RESET_MS });
    await statement.run();
    await ports.mailer.send({ region, to: normaliseEmail(email), ...letter("reset_password", row.locale, token) });
  });
}

/**
 * Chooses a new password with the token of a letter, once and within 20 minutes. It signs nobody in, so a second factor stays in
 * force; it ends every session of the person. Where it is the first proof of the mailbox, passkeys and linked identities end with it.
 *
 * Problems: `gone` for a token that is unknown, used, expired or older than the password, or of somebody who is changing over to
 * another region at this moment; `invalid` for a weak password.
 */
export async function resetPassword(
  ports: AccountPorts,
  { token, password }: { readonly token: string; readonly password: string },
): Promise<void> {
  const found = await readChallenge(ports, "rst", token);
  if (found === undefined || found.person === null) throw over();
  const { person, region } = found;
  const { records, keys } = ports.stores(region);
  const row = await records
    .prepare("select name, password_hash from credentials join people on people.id = credentials.person_id where person_id = ?")
    .bind(person)
    .first<{ name: string; password_hash: string }>();
  if (row === null || (await sha256Hex(row.password_hash)) !== found.content) throw over();
  const fault = passwordFault(password, { email: (await readAddress(ports, person))?.email ?? "", name: row.name });
  if (fault !== undefined) throw problem("invalid", undefined, { errors: [{ pointer: "/password", ...fault }] });
  if ((await takeChallenge(ports, "rst", token)) === undefined) throw over();
  const now = ports.now();
  const passwordHash = await hashPassword(password, keys, ports.random);
  const [, , changed] = await records.batch([
    ...dropUnproven(records, person, row.password_hash),
    records
      .prepare(
        `update credentials set password_hash = ?1, changed_at = ?2, email_verified_at = coalesce(email_verified_at, ?3)
         where person_id = ?4 and password_hash = ?5 and not exists (select 1 from moves where person_id = ?4 and state = 'switching')`,
      )
      .bind(passwordHash, now, now, person, row.password_hash),
    endAll(records, person, now, "password_reset"),
  ]);
  if (changed?.meta.changes !== 1) throw over();
  await tellEnded(ports, person);
  notifyOwner(ports, person, "password_changed");
}

function over() {
  return problem("gone", "The code is not valid any more. Ask for another one.");
}
