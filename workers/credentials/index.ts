export { type Attempt, beginAttempt, beginNetworkAttempt, networkGate, reached, tooMany } from "./attempts";
export { newChallenge, readChallenge, takeChallenge } from "./challenges";
export { addressPlace, inBackground, keepAddress, notifyOwner, readAddress } from "./notify";
export { type Assertion as PasskeyAssertion, passkeySignInBody } from "./passkey-schemas";
export { type AccountGate, type CredentialPorts, credentialPorts, type CredentialVault } from "./ports";
export { PASSKEY_METHODS, provePasskey } from "./prove-passkey";
export { type RelyingParty, relyingParty } from "./relying-party";
export { challengeBody, newPasswordSchema, secondProofOf } from "./schemas";
export { BOTH_FACTORS, needsSecondFactor, secondFactorNeeded, type SecondProof, spendSecondProof } from "./second-factor";
