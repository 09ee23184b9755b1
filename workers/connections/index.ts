export { consumeDeadSync, consumeSync } from "./consume-sync";
export { connectionsRoutes } from "./routes";
export { sweepAllDue } from "./sweep-due";
export { keepAllSubscriptions } from "./keep-subscriptions";
