export { openPerson, type PersonPorts } from "./open-person";
export { type ConsentPorts, consentPorts, type VaultStub } from "./ports";
export { isRegistered, readerOf, readerSessionOf, type RecordsOf, rolesIn } from "./records";
