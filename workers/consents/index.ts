export { openPerson, type PersonPorts } from "./open-person";
export { isRegistered, readerOf, type RecordsOf } from "./records";
