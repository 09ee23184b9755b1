export { consumeDeadSync, consumeSync } from "./consume-sync";
export { connectionsRoutes } from "./routes";
export { sweepAllDue } from "./sweep-due";
export { keepAllSubscriptions } from "./keep-subscriptions";
export { OLD_ACCOUNTS, type OldAccount, resealAccount } from "./own-accounts";
export { tellAllConnections } from "./tell-connections";
export { type VendorTrouble, vendorTroubles } from "./vendor-troubles";
