import { MINUTE_MS } from "../../shared/clock";
import { sha256Hex } from "../../shared/crypto/sha256";
import { type Id, parseId, type PersonId, regionOf } from "../../shared/id";
import { type Problem, problem } from "../../shared/problem";
import { newChallenge } from "./challenges";
import type { CredentialPorts } from "./ports";
import { spendRecoveryCode } from "./recovery-codes";
import { spendTotp } from "./totp";

/** A code of the app, or one of the codes that stand in for it. */
export type SecondProof =
  | { readonly code: string; readonly recoveryCode?: undefined }
  | { readonly recoveryCode: string; readonly code?: undefined };

/** How two proofs are named in tokens (RFC 8176). */
export const BOTH_FACTORS = ["pwd", "otp", "mfa"] as const;

/** How a proof at a sign-in provider is named in tokens, alone and with a code. RFC 8176 has no name for the first. */
export const PROVIDER_METHODS = ["fed"] as const;
export const PROVIDER_AND_CODE = ["fed", "otp", "mfa"] as const;

/** SQL condition: the person has confirmed an authenticator app, so that a password alone is not enough. */
export function needsSecondFactor(person: string): string {
  return `exists (select 1 from totp where totp.person_id = ${person} and totp.confirmed_at is not null)`;
}

const CHALLENGE_MS = 5 * MINUTE_MS;
const METHODS = ["totp", "recovery_code"];

/** The first half of a sign-in. */
export interface FirstHalf {
  /** The stored password: the challenge dies with it. */
  readonly passwordHash: string;
  /** The identity at a provider, where it was that and not the password which was proven: the challenge dies with it too. */
  readonly identity?: Id<"identity"> | undefined;
  /** When they proved themselves there, in epoch milliseconds; the session will say so. */
  readonly provenAt?: number | undefined;
}

/** What a challenge keeps of the first half. */
export async function contentOf({ passwordHash, identity, provenAt }: FirstHalf): Promise<string> {
  const hash = await sha256Hex(passwordHash);
  return identity === undefined ? hash : `${hash}.${identity}.${provenAt ?? 0}`;
}

/** What a challenge was begun with at a provider; undefined where it was begun with the password. */
export function identityIn(content: string): { readonly identity: Id<"identity">; readonly provenAt: number } | undefined {
  const [, id = "", provenAt] = content.split(".");
  const identity = parseId("identity", id);
  return identity === undefined ? undefined : { identity, provenAt: Number(provenAt) };
}

/** The refusal of a right proof that is only half of a sign-in; it carries the challenge that the other half completes. */
export async function secondFactorNeeded(ports: CredentialPorts, person: PersonId, first: FirstHalf): Promise<Problem> {
  const region = regionOf(person);
  const { token, statement } = await newChallenge(ports, {
    kind: "mfa",
    region,
    person,
    content: await contentOf(first),
    lifeMs: CHALLENGE_MS,
  });
  await statement.run();
  const challenge = { token, methods: METHODS, expiresIn: CHALLENGE_MS / 1000 };
  return problem("mfa_required", "Complete the sign-in with POST /v1/sessions/challenges.", { challenge });
}

/** Spends a code of either kind; problem `invalid_credentials` where it is wrong or was used before. Counts nothing: the caller does. */
export async function spendSecondProof(ports: CredentialPorts, person: PersonId, proof: SecondProof): Promise<void> {
  const right =
    proof.code === undefined ? await spendRecoveryCode(ports, person, proof.recoveryCode) : await spendTotp(ports, person, proof.code);
  if (!right) throw problem("invalid_credentials", "The code is wrong or was used before.");
}
