import { regionOf } from "../../shared/id";
import { isProblem, problem } from "../../shared/problem";
import {
  BOTH_FACTORS,
  beginAttempt,
  contentOf,
  identityIn,
  inBackground,
  PROVIDER_AND_CODE,
  readChallenge,
  type SecondProof,
  spendSecondProof,
  takeChallenge,
} from "../credentials";
import { openSession } from "../sessions";
import type { AccountPorts } from "./ports";
import { pushProfile } from "./push-profile";
import type { SignedIn } from "./schemas";

interface HalfSignedIn {
  name: string;
  time_zone: string;
  locale: string;
  password_hash: string;
}

/**
 * Completes a sign-in whose first half, the password or a sign-in provider, was right with a code of the second factor. A wrong code counts as an attempt at the account and
 * leaves the challenge; a right one uses it up.
 *
 * Problems: `unauthenticated` for a challenge that is unknown, used, expired or older than the password; `invalid_credentials` for a
 * wrong code; `locked`.
 */
export async function completeSignIn(
  ports: AccountPorts,
  { challenge, second }: { readonly challenge: string; readonly second: SecondProof },
): Promise<SignedIn> {
  const found = await readChallenge(ports, "mfa", challenge);
  if (found === undefined || found.person === null) throw over();
  const { person } = found;
  const region = regionOf(person);
  const { records } = ports.stores(region);
  const attempt = await beginAttempt(ports, region, person);
  const row = await records
    .prepare(
      `select people.name, people.time_zone, people.locale, credentials.password_hash
       from credentials join people on people.id = credentials.person_id where credentials.person_id = ?`,
    )
    .bind(person)
    .first<HalfSignedIn>();
  const provider = identityIn(found.content);
  if (row === null || (await contentOf({ passwordHash: row.password_hash, ...provider })) !== found.content) throw over();
  try {
    await spendSecondProof(ports, person, second);
  } catch (error) {
    if (isProblem(error) && error.code === "invalid_credentials") {
      inBackground(ports, "refused_sign_in", async () => void (await ports.vault(person).noteRefusedSignIn("wrong_code")));
    }
    throw error;
  }
  if ((await takeChallenge(ports, "mfa", challenge)) === undefined) throw over();
  const session = await openSession(ports, {
    person,
    amr: provider === undefined ? BOTH_FACTORS : PROVIDER_AND_CODE,
    acr: "aal2",
    device: ports.device,
    network: ports.network,
    passwordHash: row.password_hash,
    ...provider,
  });
  if ((await session.statement.run()).meta.changes !== 1) throw over();
  await attempt.succeeded();
  await pushProfile(ports, person, { timeZone: row.time_zone, locale: row.locale, name: row.name }, session.session);
  return { person: { id: person, name: row.name, region }, tokens: session.tokens };
}

function over() {
  return problem("unauthenticated", "The challenge is not valid any more. Sign in again.");
}
