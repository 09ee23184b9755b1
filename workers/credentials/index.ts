export { type Attempt, beginAttempt, beginNetworkAttempt, networkGate, reached, tooMany } from "./attempts";
export { newChallenge, readChallenge, takeChallenge } from "./challenges";
export { addressPlace, inBackground, keepAddress, notifyOwner, readAddress } from "./notify";
export { type Assertion as PasskeyAssertion, passkeySignInBody } from "./passkey-schemas";
export { type AccountGate, type CredentialPorts, credentialPorts, type CredentialVault } from "./ports";
export { PASSKEY_METHODS, provePasskey } from "./prove-passkey";
export { type RelyingParty, relyingParty } from "./relying-party";
export { challengeBody, freshTokenSchema, newPasswordSchema, secondProofFields, secondProofOf } from "./schemas";
export {
  BOTH_FACTORS,
  contentOf,
  identityIn,
  needsSecondFactor,
  PROVIDER_AND_CODE,
  PROVIDER_METHODS,
  secondFactorNeeded,
  type SecondProof,
  spendSecondProof,
} from "./second-factor";
export { totpPlace } from "./totp";
export { dropUnproven, hasOtherWayIn, lastWayIn } from "./ways-in";
