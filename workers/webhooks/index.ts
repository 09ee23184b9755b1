export { OLD_SECRETS, type OldSecret, resealWebhookSecret } from "./reseal";
