export { type Attempt, beginAttempt, networkGate, reached, tooMany } from "./attempts";
export { newChallenge, readChallenge, takeChallenge } from "./challenges";
export { addressPlace, inBackground, keepAddress, notifyOwner, readAddress } from "./notify";
export { type AccountGate, type CredentialPorts, credentialPorts, type CredentialVault } from "./ports";
export { challengeBody, newPasswordSchema, secondProofOf } from "./schemas";
export { BOTH_FACTORS, needsSecondFactor, secondFactorNeeded, type SecondProof, spendSecondProof } from "./second-factor";
