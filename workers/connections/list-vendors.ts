import type * as z from "zod";
import { VENDORS } from "../../shared/vendors/vendors";
import type { vendorCatalogueSchema } from "./schemas";

/** The vendors as people choose from them; `isOffered` says at which of them this deployment has an account. */
export function listVendors(isOffered: (vendor: string) => boolean): z.infer<typeof vendorCatalogueSchema> {
  const items = VENDORS.map((vendor) => {
    const { id, title, status } = vendor;
    if (vendor.status === "dead")
      return { id, title, status, offered: false, areas: [], metrics: [], successor: vendor.successor, hint: vendor.hint };
    return {
      id,
      title,
      status,
      // Where the vendor wants own accounts, Meridian's is none that people could connect through.
      offered: isOffered(id) && !vendor.policy.byoRequired,
      delivery: vendor.delivery,
      areas: Object.entries(vendor.areas).map(([area, { title: of, special }]) => ({ id: area, title: of, special })),
      metrics: [...new Set(Object.values(vendor.resources).flatMap(({ metrics }) => metrics))].toSorted(),
      historyDays: vendor.history.maxDays,
      policy: {
        byoRequired: vendor.policy.byoRequired,
        noAi: vendor.policy.noAi,
        ownDataOnly: vendor.policy.ownDataOnly ?? false,
        mostPeople: vendor.policy.mostPeople ?? null,
        attribution: vendor.policy.attribution ?? null,
      },
    };
  });
  return { items, next: null };
}
