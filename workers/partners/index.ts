export { actingClient, FROM_LIVING_CLIENT, FROM_LIVING_ORGANISATION } from "./client-guard";
export { requireManager, requireMembership } from "./membership";
export { type PartnerPorts, partnerPorts } from "./ports";
export { dropShare, noteShare, ownersForPartners } from "./shares";
export { type Standing, standingOfClient, standingOfOrganisation } from "./standing";
