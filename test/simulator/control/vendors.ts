/** Controls of the vendors beside Google: `/sim/vendors/…`. */
import * as z from "zod";
import { invalidArgument } from "../server/http.ts";
import type { JsonObject } from "../person/wire.ts";
import { personOf } from "../server/state.ts";
import type { State } from "../server/state.ts";
import { trainNow } from "../vendors/life.ts";
import { endGrant, expireTokens } from "../vendors/oauth.ts";
import { storeOf } from "../vendors/vendor.ts";
import type { SimulatedVendor } from "../vendors/vendor.ts";
import { simulatedVendor } from "../vendors/vendors.ts";

export const vendorPushInput = z.strictObject({
  vendor: z.string(),
  person: z.string().default("ada"),
  tamper: z.enum(["signature", "body", "stale", "no-signature"]).optional(),
});
export const vendorHookInput = z.strictObject({ vendor: z.string(), url: z.url() });
export const vendorPersonInput = z.strictObject({ vendor: z.string(), person: z.string().default("ada") });

export const vendorPermitInput = z.strictObject({ vendor: z.string(), person: z.string().default("ada"), scopes: z.array(z.string()) });

function known(id: string): SimulatedVendor {
  const vendor = simulatedVendor(id);
  if (!vendor) throw invalidArgument("No such vendor.");
  return vendor;
}

/** Lets the person's device bring a workout that ends now, and tells subscribers. */
export async function pushVendor(state: State, { vendor: id, person: name, tamper }: z.infer<typeof vendorPushInput>): Promise<JsonObject> {
  const vendor = known(id);
  const person = personOf(state, name);
  const workout = trainNow(state, id, person);
  await vendor.notify?.(state, person, workout, tamper);
  return { ...workout };
}

/** Enters a webhook's address, as an operator does in the vendor's portal. */
export function registerHook(state: State, { vendor, url }: z.infer<typeof vendorHookInput>): JsonObject {
  storeOf(state, known(vendor).id).dashboardUrl = url;
  return {};
}

/** Kills access tokens. */
export function expireVendor(state: State, { vendor, person }: z.infer<typeof vendorPersonInput>): JsonObject {
  expireTokens(state, known(vendor).id, person);
  return {};
}

/** Lets the person permit exactly these scopes. */
export async function permitVendor(state: State, { vendor: id, person, scopes }: z.infer<typeof vendorPermitInput>): Promise<JsonObject> {
  const vendor = known(id);
  if (!vendor.permit) throw invalidArgument("This vendor does not let people change what they permit.");
  await vendor.permit(state, personOf(state, person).name, scopes);
  return {};
}

/** Ends the person's consents at the vendor. */
export function revokeVendor(state: State, { vendor, person }: z.infer<typeof vendorPersonInput>): JsonObject {
  const grants = new Set(
    [...storeOf(state, known(vendor).id).tokens.values()].filter((held) => held.person === person).map((held) => held.grant),
  );
  for (const grant of grants) endGrant(state, vendor, grant);
  return { revoked: grants.size };
}

/** Who agreed at a vendor and has not ended it. */
export function peopleAt(state: State, vendor: string): readonly string[] {
  return [...new Set([...storeOf(state, known(vendor).id).tokens.values()].map(({ person }) => person))];
}
