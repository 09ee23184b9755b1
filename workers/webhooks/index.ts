export { moveEndpoints, moveOwnDeliveries } from "./move-endpoints";
export { OLD_SECRETS, type OldSecret, resealWebhookSecret } from "./reseal";
