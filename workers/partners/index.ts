export { actingClient, FROM_LIVING_CLIENT, FROM_LIVING_ORGANISATION } from "./client-guard";
export { dropShare, noteShare, ownersForPartners } from "./shares";
export { type Standing, standingOfClient, standingOfOrganisation } from "./standing";
