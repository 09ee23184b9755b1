export { openPerson, type PersonPorts } from "./open-person";
export { type ConsentPorts, consentPorts, type VaultStub } from "./ports";
export { isRegistered, readerOf, rolesIn } from "./records";
