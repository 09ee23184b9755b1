export { openPerson, type PersonPorts } from "./open-person";
