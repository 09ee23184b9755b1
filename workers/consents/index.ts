export { openPerson, type PersonPorts } from "./open-person";
export { judgedGrantee } from "./grantees";
export { giveConsent } from "./give-consent";
export { revokeConsent } from "./manage-consent";
export { type ConsentPorts, consentPorts, type VaultStub } from "./ports";
export { isRegistered, readerOf, readerSessionOf, type RecordsOf, rolesIn } from "./records";
