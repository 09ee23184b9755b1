export { postAwards } from "./post-awards";
export { payWon, type PayPorts, type Prize, type Won } from "./pay-won";
