export { cleanSessions } from "./clean-sessions";
export { endAll, endAllButOwn, endOthers, endSession, tellEnded } from "./end-session";
export { openSession, type OpenedSession, type SignIn } from "./open-session";
export { sessionPorts, sessionPortsOf, type SessionPorts, type SessionVault } from "./ports";
export { type Tokens, tokensSchema } from "./schemas";
export { LIVE_SESSION, requireSession, sessionGuard } from "./session-guard";
export { type FreshToken, renewProof } from "./renew-proof";
export { isFresh, isWellProven, requireStepUp } from "./step-up";
