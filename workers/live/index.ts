export { admitSocket } from "./admit-socket";
export { issueTicket } from "./issue-ticket";
export { livePorts, type LivePorts } from "./ports";
export { openTicket, type TicketAdmission } from "./ticket";
