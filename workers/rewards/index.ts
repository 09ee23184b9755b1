export { payWon, type PayPorts, type Prize, type Won } from "./pay-won";
