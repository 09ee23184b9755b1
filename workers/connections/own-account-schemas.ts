import * as z from "zod";

const vendor = z.string().min(1).max(40).meta({ example: "withings" });
const secret = z.string().min(8).max(512).meta({ example: "5d1f0c9e8b7a46d2" });
const more = z
  .record(z.string().min(1).max(64), z.string().min(1).max(512))
  .describe("What else the vendor's portal gives, by its name here; `region` where the vendor has hosts by part of the world.");
const when = z.string().meta({ example: "2026-11-20T07:30:00.000Z" });

export const ownAccountParam = z.strictObject({
  organisationId: z.string().max(64).meta({ example: "org_eu_01kad7xq5v3m9s2t4r6w8y0abc" }),
  vendor,
});

export const newOwnAccountBody = z
  .strictObject({
    vendor,
    clientId: z.string().min(1).max(256).meta({ example: "clinic-app" }),
    clientSecret: secret,
    more: more.default({}),
  })
  .meta({ id: "NewVendorCredential" });
export type NewOwnAccount = z.infer<typeof newOwnAccountBody>;

export const ownAccountChangeBody = z
  .strictObject({
    clientSecret: secret.optional(),
    more: more.default({}),
    overlapHours: z
      .number()
      .int()
      .min(0)
      .max(72)
      .default(24)
      .describe("How long webhooks that are signed with the secret of before are still taken; 0 where somebody else may know it."),
  })
  .refine(({ clientSecret, more: given }) => clientSecret !== undefined || Object.keys(given).length > 0, {
    message: "Name what is new.",
  })
  .meta({ id: "VendorCredentialChange", examples: [{ clientSecret: "5d1f0c9e8b7a46d2" }] });
export type OwnAccountChange = z.infer<typeof ownAccountChangeBody>;

export const ownAccountSchema = z
  .object({
    vendor: z.string(),
    title: z.string(),
    clientId: z.string(),
    more: z.array(z.string()).describe("Names of what there is beside id and secret"),
    createdAt: when,
    updatedAt: when,
  })
  .meta({ id: "VendorCredential" });
export type OwnAccountView = z.infer<typeof ownAccountSchema>;

export const registeredOwnAccountSchema = ownAccountSchema
  .extend({
    webhookUrl: z
      .string()
      .nullable()
      .describe(
        "Where the vendor's webhooks for this account go: to be registered in its portal where it has no API for that. Shown once.",
      ),
  })
  .meta({ id: "RegisteredVendorCredential" });
export type RegisteredOwnAccount = z.infer<typeof registeredOwnAccountSchema>;

export const ownAccountListSchema = z
  .object({ items: z.array(ownAccountSchema), next: z.string().nullable() })
  .meta({ id: "VendorCredentialList" });
