import * as z from "zod";
import { DAY_MS } from "../../shared/clock";
import { closeBox, openBox } from "../../shared/crypto/box";
import { currentKey, keyOf } from "../../shared/crypto/keys";
import { problem } from "../../shared/problem";
import { inBackground, newChallenge, readChallenge, takeChallenge } from "../credentials";
import { letter } from "../mail";
import { findClaim } from "./directory";
import { directoryHashes } from "./email";
import { mayWriteTo } from "./limits";
import type { AccountPorts } from "./ports";
import { DEFAULT_LOCALE, regionSchema } from "./profile";
import { BY_PASSWORD, completeRegistration, hasAccount, prepareRegistration } from "./register-person";
import type { Registration, SignedIn } from "./schemas";

const VERIFY_MS = DAY_MS;
const PURPOSE = "registration";

/** A registration that waits for its mailbox to be proven. The password is there as its hash. */
const pendingSchema = z.object({
  email: z.string(),
  name: z.string(),
  region: regionSchema,
  timeZone: z.string().optional(),
  locale: z.string().optional(),
  passwordHash: z.string(),
});

/**
 * Begins a registration whose address is verified first: no account exists before the token of the letter comes back. Where the address
 * has an account already, its mailbox gets a letter that says so. The caller sees the same answer after the same work. A mailbox gets at
 * most five such letters an hour from a region.
 *
 * Problems: `invalid` for a weak password, `rate_limited`, `unavailable`.
 */
export async function beginRegistration(ports: AccountPorts, input: Registration): Promise<void> {
  const passwordHash = await prepareRegistration(ports, input);
  const { email, name, region, timeZone, locale } = input;
  inBackground(ports, "registration", async () => {
    if (!(await mayWriteTo(ports, region, email, "registration"))) return;
    const language = locale ?? DEFAULT_LOCALE;
    const claim = await findClaim(ports.directory.records, await directoryHashes(ports.directory.keys, email));
    if (claim !== undefined && (await hasAccount(ports, claim))) {
      await ports.mailer.send({ region, to: email, ...letter("already_registered", language) });
      return;
    }
    const { version, key } = currentKey(ports.stores(region).keys.wrapping);
    const pending: z.infer<typeof pendingSchema> = { email, name, region, timeZone, locale, passwordHash };
    const content = `${version}.${await closeBox(key, PURPOSE, region, JSON.stringify(pending), ports.random)}`;
    const { token, statement } = await newChallenge(ports, { kind: "reg", region, person: null, content, lifeMs: VERIFY_MS });
    await statement.run();
    await ports.mailer.send({ region, to: email, ...letter("confirm_registration", language, token) });
  });
}

/**
 * Completes a registration with the token of the letter and signs the person in.
 *
 * Problems: `gone` for a token that is unknown, used or expired; `email_taken` where the address was registered meanwhile.
 */
export async function verifyRegistration(ports: AccountPorts, token: string): Promise<SignedIn> {
  const found = await readChallenge(ports, "reg", token);
  const dot = found?.content.indexOf(".") ?? -1;
  const key = found === undefined ? undefined : keyOf(ports.stores(found.region).keys.wrapping, found.content.slice(0, dot));
  const text =
    key === undefined || found === undefined ? undefined : await openBox(key, PURPOSE, found.region, found.content.slice(dot + 1));
  if (text === undefined) throw problem("gone", "The code is not valid any more. Register again.");
  const { passwordHash, ...input } = pendingSchema.parse(JSON.parse(text));
  const signedIn = await completeRegistration(ports, input, { passwordHash, verified: true, amr: BY_PASSWORD });
  await takeChallenge(ports, "reg", token);
  return signedIn;
}
