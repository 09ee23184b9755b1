export { normaliseEmail, regionalHashes } from "./email";
export { limitRegistrations, regionOfUnknown } from "./limits";
export { type AccountPorts, accountPorts } from "./ports";
export { localeSchema, nameSchema, regionSchema, timeZoneSchema, UNITS, type Units } from "./profile";
export { completeSignIn } from "./complete-sign-in";
export { signIn } from "./sign-in";
export { pushProfile } from "./push-profile";
export { type Alongside, completeRegistration, requireFreeAddress } from "./register-person";
export { meSchema, type Me, personSchema, type PersonView, type SignedIn, signedInSchema } from "./schemas";
