export { normaliseEmail, regionalHashes } from "./email";
export { localeSchema, timeZoneSchema, UNITS, type Units } from "./profile";
export { meSchema, type Me, personSchema, type PersonView } from "./schemas";
