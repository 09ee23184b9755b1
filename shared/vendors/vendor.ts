import { z } from "zod";
import type { BatchBuilder } from "../health/batch";

/** A scope of the vendor, its title for people, and whether it opens a special class of data that nobody gets by default. */
const areaSchema = z.strictObject({ scope: z.string(), title: z.string(), special: z.boolean() });

const authSchema = z.strictObject({
  /** Names of the configuration values that hold the vendor's hosts and our credentials there. */
  hosts: z.strictObject({ authorize: z.string(), token: z.string(), api: z.string() }),
  clientId: z.string(),
  clientSecret: z.string(),
  authorizePath: z.string().startsWith("/"),
  tokenPath: z.string().startsWith("/"),
  revokePath: z.string().startsWith("/").optional(),
  /** Further parameters of the authorize URL. */
  authorizeParameters: z.record(z.string(), z.string()),
  clientAuth: z.enum(["basic", "body", "withings_signed"]),
  pkce: z.enum(["required", "optional", "absent"]),
  scopeSeparator: z.enum(["space", "comma"]),
  /** A refresh returns a new refresh token and ends the old one. */
  rotatesRefresh: z.boolean(),
  /** Where the vendor's id of its user comes from. */
  userIdSource: z.enum(["token_reply", "call", "jwt_claim", "data_reply"]),
  /** How long an authorization code lives, where the vendor says so. */
  codeTtlS: z.number().int().positive().optional(),
  /** The vendor answers 200 for errors. */
  errorIn200: z.boolean(),
  postConnect: z.array(z.enum(["register_user", "ensure_webhook", "start_backfill"])),
});

const webhookSchema = z.strictObject({
  verify: z.enum(["tink_ecdsa", "hmac_sha256", "path_secret"]),
  challenge: z.enum(["authorization_echo", "query_echo", "none"]),
  registration: z.enum(["per_app", "per_user", "dashboard"]),
  /** Header names in the order they are looked at. */
  signatureHeaders: z.array(z.string()).readonly(),
  /** Whether a notification must repeat the `Authorization` value; `when_present` lets a valid signature stand alone. */
  authorization: z.enum(["required", "when_present"]),
  ackMs: z.number().int().positive(),
  expires: z.boolean(),
});

const limitSchema = z.strictObject({
  scope: z.enum(["app", "user", "app_day"]),
  n: z.number().int().positive(),
  windowS: z.number().int().positive(),
  /** Windows start at multiples of their length, as opposed to rolling. */
  align: z.boolean(),
});

const resourceSchema = z.strictObject({
  /** Areas of which one must be granted. */
  areas: z.array(z.string()).nonempty(),
  /** Canonical metrics that a page of this resource may bring. */
  metrics: z.array(z.string()).nonempty(),
  operation: z.enum(["list", "reconcile", "rollUp"]),
  /** Longest range of one window. */
  windowDays: z.number().int().positive(),
  granularity: z.enum(["sample", "interval", "daily", "session"]),
  /** How often to ask without a notification. */
  cadenceS: z.number().int().positive(),
  /** The vendor sends notifications for it. */
  notified: z.boolean(),
});

const liveVendorSchema = z.strictObject({
  id: z.string().regex(/^[a-z][a-z0-9-]*$/),
  title: z.string(),
  /** The vendor's name in the sources of readings. */
  source: z.string(),
  status: z.enum(["ga", "frozen"]),
  auth: authSchema,
  areas: z.record(z.string(), areaSchema),
  delivery: z.enum(["pull", "push_full", "push_notify", "async_export", "sdk", "file"]),
  webhook: webhookSchema.optional(),
  limits: z.array(limitSchema).readonly(),
  history: z.strictObject({
    /** How far the first import looks back. */
    maxDays: z.number().int().positive(),
    /** How much every incremental pull reads again, because devices sync late. */
    overlapHours: z.number().int().positive(),
  }),
  resources: z.record(z.string(), resourceSchema),
  policy: z.strictObject({ byoRequired: z.boolean(), noAi: z.boolean(), attribution: z.string().optional() }),
});

const retiredVendorSchema = z.strictObject({
  id: z.string().regex(/^[a-z][a-z0-9-]*$/),
  title: z.string(),
  status: z.literal("dead"),
  /** The vendor to connect instead, and a sentence for people. */
  successor: z.string(),
  hint: z.string(),
});

/** A vendor described as data: generic code connects, pulls, limits and lists vendors by it. */
export const vendorSchema = z.discriminatedUnion("status", [liveVendorSchema, retiredVendorSchema]);
export type Vendor = z.infer<typeof vendorSchema>;
export type LiveVendor = z.infer<typeof liveVendorSchema>;
export type RetiredVendor = z.infer<typeof retiredVendorSchema>;
export type VendorResource = LiveVendor["resources"][string];

/** A call to the vendor's API, without host and token. */
export interface VendorRequest {
  readonly method: "GET" | "POST";
  readonly path: string;
  readonly query?: Readonly<Record<string, string>>;
  readonly body?: unknown;
}

/** A closed-open range in epoch milliseconds. */
export interface Range {
  readonly from: number;
  readonly to: number;
}

/** What a page is read for. */
export interface Delivery {
  readonly connection: string;
  /** When the page was fetched; version of points that have none of their own. Epoch milliseconds. */
  readonly syncedAt: number;
}

/** What became of one page. `rejected` counts points by reason; they are in nobody's way. */
export interface PageOutcome {
  readonly read: number;
  readonly rejected: Readonly<Record<string, number>>;
  /** The latest instant any point of the page speaks of. */
  readonly newestAt?: number;
  readonly next?: string;
}

/** A change at the vendor as its webhook tells it. */
export interface Change {
  /** The vendor's id of its user: never leaves the process unkeyed. */
  readonly userId: string;
  readonly resource: string;
  readonly operation: "upsert" | "delete";
  readonly range: Range;
}

/** The code of a live vendor; all of it is pure. */
export interface VendorModule {
  readonly vendor: LiveVendor;
  /** The call that reads one page of a resource in a range. */
  pageRequest(resource: string, range: Range, page: string | undefined): VendorRequest;
  /** Maps a reply into the batch. Never throws for what the vendor sent, except for a reply that is no page at all. */
  readPage(resource: string, reply: unknown, into: BatchBuilder, delivery: Delivery): PageOutcome;
  readonly identityRequest: VendorRequest;
  /** The vendor's id of the person, and an older one where the vendor has had two. */
  readIdentity(reply: unknown): { readonly userId: string; readonly legacyUserId?: string };
  /** The changes a webhook body tells of; throws a problem for a body of another shape. */
  readChanges(body: unknown): readonly Change[];
}
