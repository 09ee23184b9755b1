export { openPerson, type PersonPorts } from "./open-person";
export { isRegistered, readerOf, type RecordsOf } from "./records";
export { giveConsent } from "./give-consent";
export { revokeConsent } from "./manage-consent";
export { consentPorts, type ConsentPorts } from "./ports";
