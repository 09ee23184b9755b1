export { type Attempt, beginAttempt, networkGate, reached, tooMany } from "./attempts";
export { type AccountGate, type CredentialPorts, credentialPorts, type CredentialVault } from "./ports";
export { newPasswordSchema } from "./schemas";
