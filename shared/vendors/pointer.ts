import * as z from "zod";
import { type ConnectionId, parseId, type PersonId, type VendorCredentialId } from "../id";

const personId = z
  .string()
  .max(64)
  .transform((text, issues): PersonId => {
    const id = parseId("person", text);
    if (id !== undefined) return id;
    issues.addIssue({ code: "custom", message: "not a person's id" });
    return z.NEVER;
  });
const connectionId = z
  .string()
  .max(64)
  .transform((text, issues): ConnectionId => {
    const id = parseId("connection", text);
    if (id !== undefined) return id;
    issues.addIssue({ code: "custom", message: "not a connection's id" });
    return z.NEVER;
  });
const credentialId = z
  .string()
  .max(64)
  .transform((text, issues): VendorCredentialId => {
    const id = parseId("vendorCredential", text);
    if (id !== undefined) return id;
    issues.addIssue({ code: "custom", message: "not a credential's id" });
    return z.NEVER;
  });
const whose = { person: personId, connection: connectionId };
const ms = z.number().int().min(-8.64e15).max(8.64e15);

/**
 * What travels through a region's sync queue: which vault has something to fetch, and where to look. Opaque ids and time ranges, no
 * vendor user id and no value of a reading.
 *
 * `changed`: the vendor says that a range has changed. `due`: it is time to ask. `asked`: the person wants it now. `connected`: a
 * connection came to be and wants to be found by notifications. `ended`: the person took back the permission at the vendor.
 * `permissions`: the person changed there what may be read. `credential`: the organisation's account that the connection goes through has
 * changed or is gone. `pushed`: data that the vendor sent wait for the connection at the vendor's gate of the region.
 */
export const syncPointerSchema = z.discriminatedUnion("kind", [
  z.strictObject({
    kind: z.literal("changed"),
    ...whose,
    dataType: z.string().max(64),
    operation: z.enum(["upsert", "delete"]),
    since: ms,
    until: ms,
    /** The vendor's id of the one record that changed, where it names that. */
    object: z.string().min(1).max(256).optional(),
  }),
  z.strictObject({ kind: z.literal("due"), ...whose }),
  z.strictObject({ kind: z.literal("asked"), ...whose, job: z.string().max(64) }),
  z.strictObject({ kind: z.literal("connected"), ...whose }),
  z.strictObject({ kind: z.literal("ended"), ...whose }),
  z.strictObject({ kind: z.literal("permissions"), ...whose }),
  z.strictObject({ kind: z.literal("credential"), ...whose, credential: credentialId }),
  z.strictObject({
    kind: z.literal("pushed"),
    ...whose,
    vendor: z.string().min(1).max(64),
  }),
]);
export type SyncPointer = z.infer<typeof syncPointerSchema>;
export type PushedPointer = Extract<SyncPointer, { kind: "pushed" }>;
/** What vaults take themselves. */
export type VaultPointer = Exclude<SyncPointer, PushedPointer>;

/** Pointers that one message holds: a pointer may have some hundred bytes, a message 128 KB. */
export const POINTERS_A_MESSAGE = 100;

/** What a message says: one pointer, or several of one person. What is no pointer is left out, and counted. */
export function pointersIn(body: unknown): { readonly pointers: readonly SyncPointer[]; readonly faults: number } {
  const pointers: SyncPointer[] = [];
  let faults = 0;
  for (const one of Array.isArray(body) ? body : [body]) {
    const parsed = syncPointerSchema.safeParse(one);
    if (parsed.success) pointers.push(parsed.data);
    else faults++;
  }
  return { pointers, faults };
}
