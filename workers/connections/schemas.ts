import * as z from "zod";
import { instant } from "../../shared/http/instant";
import type { SyncJob } from "../../durable-objects/vault/connections/job-rows";
import type { ConnectionDetail } from "../../durable-objects/vault/connections/views";
import { CONNECTION_STATES, connectionJson } from "../../shared/vendors/connection-view";

const when = z.string().meta({ example: "2026-11-20T07:30:00.000Z" });
const vendorId = z.string().min(1).max(40).meta({ example: "google-health" });
const cursor = z.string().max(2_048);

export const vendorParam = z.strictObject({ vendor: vendorId });
export const connectionParam = z.strictObject({ id: z.string().min(1).max(64).meta({ example: "con_eu_01kad7xq5v3m9s2t4r6w8y0abc" }) });
export const jobParam = z.strictObject({ id: z.string().min(1).max(64) });
export const selectBody = z.strictObject({ vendor: vendorId });
export const syncBody = z.strictObject({ vendor: vendorId.optional() });

export const authorizeQuery = z.strictObject({
  areas: z
    .string()
    .max(400)
    .meta({ example: "sleep,ecg" })
    .describe("Areas to ask for, separated by commas. Without it every area but the special classes, which are asked for by name only.")
    .transform((text) => text.split(",").map((name) => name.trim()))
    .optional(),
  returnTo: z
    .url()
    .max(500)
    .meta({ example: "https://app.meridian.health/connected" })
    .describe("Where the browser goes afterwards: a page of an allowed origin, or the address of an allowed app.")
    .optional(),
  organisation: z
    .string()
    .max(64)
    .meta({ example: "org_eu_01kad7xq5v3m9s2t4r6w8y0abc" })
    .describe("On whose behalf: through the organisation's own account at the vendor. You must work there or share something with it.")
    .optional(),
});

/** The vendor may add parameters of its own. */
export const callbackQuery = z.object({
  state: z.string().min(1).max(200),
  code: z.string().min(1).max(2_048).optional(),
  error: z.string().min(1).max(200).optional(),
  scope: z.string().max(2_048).optional().describe("What was granted, where the vendor says it here and not with the tokens"),
});

export const followQuery = z.strictObject({
  after: z.coerce.number().int().min(0).optional().describe("The last `seq` seen; what came after it is told first"),
});

export const disconnectQuery = z.strictObject({
  deleteData: z
    .enum(["true", "false"])
    .default("false")
    .transform((text) => text === "true"),
});

export const observationsQuery = z
  .strictObject({
    type: z
      .string()
      .min(1)
      .max(64)
      .meta({ example: "heart_rate" })
      .describe("A metric; without it all of them, one after the other.")
      .optional(),
    from: instant.optional(),
    to: instant.optional(),
    limit: z.coerce.number().int().min(1).max(1_000).default(100),
    cursor: cursor.optional(),
  })
  .refine((q) => q.from === undefined || q.to === undefined || q.from < q.to, {
    path: ["to"],
    message: "The end must lie after the beginning.",
  });

const state = z.enum(CONNECTION_STATES);

export const connectionSchema = z
  .object({
    id: z.string(),
    vendor: z.string(),
    title: z.string(),
    state,
    active: z.boolean(),
    organisation: z.string().nullable().describe("On whose behalf it was made, through its account at the vendor"),
    areas: z.array(z.string()),
    createdAt: when,
    connectedAt: when.nullable(),
    lastSyncAt: when.nullable(),
    lastDataAt: when.nullable(),
    nextSyncAt: when.nullable(),
    error: z.object({ code: z.string(), at: when }).nullable(),
    backfill: z
      .object({
        done: z.number().int(),
        failed: z.number().int(),
        skipped: z.number().int(),
        waiting: z.number().int().describe("Asked for; the vendor sends them"),
        total: z.number().int(),
      })
      .describe("Windows of the first import"),
  })
  .meta({ id: "Connection" });

export const detailSchema = connectionSchema
  .extend({
    resources: z.array(
      z.object({
        resource: z.string(),
        state: z.enum(["active", "permission_missing"]),
        syncedTo: when.nullable(),
        nextSyncAt: when,
        newestAt: when.nullable(),
        read: z.number().int(),
        stored: z.number().int(),
        rejected: z.number().int(),
      }),
    ),
    lastData: z.record(z.string(), when).describe("How far what it brought goes, by metric; `sleep` and `workout` for sessions"),
    history: z.array(z.object({ at: when, kind: z.string(), detail: z.string().nullable() })),
  })
  .meta({ id: "ConnectionDetail" });

/** What people choose from. */
export const vendorCatalogueSchema = z
  .object({
    items: z.array(
      z.object({
        id: z.string(),
        title: z.string(),
        status: z.enum(["ga", "frozen", "dead"]).describe("`frozen`: takes no new developers; `dead`: its interface is gone"),
        offered: z.boolean().describe("Can be connected here"),
        delivery: z.string().optional(),
        areas: z.array(z.object({ id: z.string(), title: z.string(), special: z.boolean().describe("Asked for by name only") })),
        metrics: z.array(z.string()).describe("Canonical metrics that it may bring"),
        historyDays: z.number().int().optional().describe("How far the first import looks back"),
        policy: z
          .object({
            byoRequired: z.boolean().describe("An organisation brings its own account at the vendor"),
            noAi: z.boolean().describe("No model may see its data"),
            ownDataOnly: z.boolean().describe("Its data are shown to their person alone, whatever they agree to"),
            mostPeople: z.number().int().nullable().describe("How many people an account at the vendor may have at once"),
            attribution: z.string().nullable().describe("Words that must stand where its data are shown"),
          })
          .optional(),
        successor: z.string().optional().describe("What to connect instead"),
        hint: z.string().optional(),
      }),
    ),
    next: z.null(),
  })
  .meta({ id: "VendorCatalogue" });

const whenOrNull = when.nullable();

/** How vendors stand, for operators. */
export const operatorViewSchema = z
  .object({
    items: z.array(
      z.object({
        id: z.string(),
        offered: z.boolean(),
        limits: z.array(z.object({ scope: z.string(), n: z.number().int(), windowS: z.number().int() })).describe("What the vendor allows"),
        regions: z.array(
          z.object({
            region: z.enum(["eu", "us", "ap"]),
            breaker: z.enum(["closed", "open", "half_open"]),
            breakerUntil: whenOrNull,
            limits: z
              .array(z.object({ name: z.string(), used: z.number(), left: z.number().nullable(), leftUntil: whenOrNull }))
              .describe("What the region has used of its share, and what the vendor itself said was left"),
          }),
        ),
        subscriptions: z.array(z.object({ topic: z.string(), expiresAt: whenOrNull, checkedAt: when })),
      }),
    ),
    next: z.null(),
  })
  .meta({ id: "VendorStanding" });

export const connectionListSchema = z
  .object({ items: z.array(connectionSchema), next: z.string().nullable() })
  .meta({ id: "ConnectionList" });
export const statusSchema = z
  .object({ vendor: z.string(), connected: z.boolean(), items: z.array(detailSchema), next: z.null() })
  .meta({ id: "VendorStatus" });
export const authorizationSchema = z
  .object({ authorizeUrl: z.string().describe("Open this in the person's browser"), connection: z.string(), expiresAt: when })
  .meta({ id: "VendorAuthorization" });
export const connectedSchema = z
  .object({ connection: z.string(), vendor: z.string(), state: z.literal("active") })
  .meta({ id: "Connected" });
export const disconnectedSchema = z
  .object({ id: z.string(), state: z.literal("revoked"), deleted: z.number().int().describe("Readings deleted") })
  .meta({ id: "Disconnected" });

const counts = {
  read: z.number().int(),
  accepted: z.number().int(),
  duplicate: z.number().int(),
  updated: z.number().int(),
  rejected: z.number().int(),
};
export const syncJobSchema = z
  .object({
    id: z.string(),
    state: z.enum(["waiting", "running", "done", "failed"]),
    progress: z.object({ done: z.number().int(), total: z.number().int(), unit: z.literal("window") }),
    result: z.object(counts),
    createdAt: when,
  })
  .meta({ id: "SyncJob" });
export const syncResultSchema = z
  .object({
    items: z.array(
      z.object({
        connection: connectionSchema,
        ...counts,
        left: z.number().int().describe("Windows still to be read; they follow by themselves"),
      }),
    ),
  })
  .meta({ id: "SyncResult" });

export const observationListSchema = z
  .object({
    items: z.array(
      z.looseObject({
        metric: z.string(),
        at: when,
        endAt: when.optional(),
        value: z.number().nullable(),
        unit: z.string().describe("UCUM"),
        source: z.string(),
      }),
    ),
    next: z.string().nullable(),
  })
  .meta({ id: "ObservationList" });

export type Authorization = z.infer<typeof authorizationSchema>;

const iso = (ms: number): string => new Date(ms).toISOString();
const isoOrNull = (ms: number | undefined): string | null => (ms === undefined ? null : iso(ms));

export function detailJson(detail: ConnectionDetail): z.infer<typeof detailSchema> {
  return {
    ...connectionJson(detail),
    resources: detail.resources.map(({ resource, state: of, syncedTo, nextAt, newestAt, read, stored, rejected }) => ({
      resource,
      state: of,
      syncedTo: isoOrNull(syncedTo),
      nextSyncAt: iso(nextAt),
      newestAt: isoOrNull(newestAt),
      read,
      stored,
      rejected,
    })),
    lastData: Object.fromEntries(Object.entries(detail.lastData).map(([metric, at]) => [metric, iso(at)])),
    history: detail.history.map(({ at, kind, detail: text }) => ({ at: iso(at), kind, detail: text ?? null })),
  };
}

export function jobJson({
  id,
  state: of,
  done,
  total,
  createdAt,
  read,
  accepted,
  duplicate,
  updated,
  rejected,
}: SyncJob): z.infer<typeof syncJobSchema> {
  return {
    id,
    state: of,
    progress: { done, total, unit: "window" },
    result: { read, accepted, duplicate, updated, rejected },
    createdAt: iso(createdAt),
  };
}
