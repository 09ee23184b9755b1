export { type Mailer, mailer } from "./mailer";
export { type Letter, letter } from "./texts";
export { recipientHash } from "./outbox";
