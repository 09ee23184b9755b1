export { type MailEnv, type Mailer, mailer, outbox } from "./mailer";
export { type Letter, letter } from "./texts";
export { recipientHash } from "./outbox";
