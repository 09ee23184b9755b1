import { regionOf } from "../../shared/id";
import { problem } from "../../shared/problem";
import { beginNetworkAttempt, PASSKEY_METHODS, type PasskeyAssertion, provePasskey, type RelyingParty } from "../credentials";
import { openSession } from "../sessions";
import { regionOfUnknown } from "./limits";
import type { AccountPorts } from "./ports";
import { pushProfile } from "./push-profile";
import type { SignedIn } from "./schemas";

interface Row {
  name: string;
  time_zone: string;
  locale: string;
  password_hash: string;
}

/**
 * Signs in the owner of a passkey, which counts as both factors. It passes the account's lock, so that nobody is locked out by others'
 * guessing; attempts of the network count all the same.
 *
 * Problems: `invalid_credentials`, `locked`, `unavailable`.
 */
export async function signInWithPasskey(ports: AccountPorts, party: RelyingParty, response: PasskeyAssertion): Promise<SignedIn> {
  const attempt = await beginNetworkAttempt(ports, await regionOfUnknown(ports, ports.network ?? ""));
  const person = await provePasskey(ports, party, response);
  const region = regionOf(person);
  const { records } = ports.stores(region);
  const row = await records
    .prepare(
      `select people.name, people.time_zone, people.locale, credentials.password_hash
       from credentials join people on people.id = credentials.person_id where credentials.person_id = ?`,
    )
    .bind(person)
    .first<Row>();
  if (row === null) throw problem("invalid_credentials");
  const session = await openSession(ports, {
    person,
    amr: PASSKEY_METHODS,
    acr: "aal2",
    device: ports.device,
    network: ports.network,
    passwordHash: row.password_hash,
  });
  if ((await session.statement.run()).meta.changes !== 1) throw problem("invalid_credentials");
  await attempt.succeeded();
  await pushProfile(ports, person, { timeZone: row.time_zone, locale: row.locale, name: row.name }, session.session);
  return { person: { id: person, name: row.name, region }, tokens: session.tokens };
}
