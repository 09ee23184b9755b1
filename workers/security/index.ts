export { appendSecurityEvent } from "./append-event";
export { countSecurity } from "./count";
export { type SecurityEvent, type SecurityPorts, securityPorts, type StoredSecurityEvent } from "./events";
export { listSecurityEvents } from "./list-events";
export { verifySecurityEvents } from "./verify-events";
