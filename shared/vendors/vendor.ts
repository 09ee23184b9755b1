import * as z from "zod";
import type { BatchBuilder } from "../health/batch";
import type { LabBatch } from "../labs/result";

/** A scope of the vendor, its title for people, and whether it opens a special class of data that nobody gets by default. */
const areaSchema = z.strictObject({ scope: z.string(), title: z.string(), special: z.boolean() });

const hostsSchema = z.strictObject({ authorize: z.url(), token: z.url(), api: z.url() });

const authSchema = z.strictObject({
  /** Origins of the vendor; a local run may send all of them elsewhere, see `access.ts`. */
  hosts: hostsSchema,
  /** Those of other parts of the world, by the `region` that an account at the vendor names. */
  regionalHosts: z.record(z.string(), hostsSchema).optional(),
  authorizePath: z.string().startsWith("/"),
  tokenPath: z.string().startsWith("/"),
  revokePath: z.string().startsWith("/").optional(),
  /** Further parameters of the authorize URL. */
  authorizeParameters: z.record(z.string(), z.string()),
  clientAuth: z.enum(["basic", "body", "withings_signed"]),
  /** `hosts` are nobody's: the deployment's configuration names the origin of the network, as `origin` beside its account. */
  originFromAccount: z.boolean().optional(),
  /** Names of what an account at the vendor has beside client id and secret. */
  moreCredentials: z.array(z.string()).optional(),
  pkce: z.enum(["required", "optional", "absent"]),
  scopeSeparator: z.enum(["space", "comma"]),
  /** The person chooses at the vendor what may be read: the authorize URL names no scopes. */
  withoutScopes: z.boolean().optional(),
  /** Scopes that every authorization asks for, whatever the areas: without them there is no lasting permission, or nobody's name on it. */
  baseScopes: z.array(z.string()).optional(),
  /** A refresh returns a new refresh token and ends the old one. */
  rotatesRefresh: z.boolean(),
  /** The access token lives for years and there is no refresh token. */
  withoutRefresh: z.boolean().optional(),
  /** Where the vendor's id of its user comes from. */
  userIdSource: z.enum(["token_reply", "call", "jwt_claim", "data_reply"]),
  /** How long an authorization code lives, where the vendor says so. */
  codeTtlS: z.number().int().positive().optional(),
  /** The vendor answers 200 for errors. */
  errorIn200: z.boolean(),
  postConnect: z.array(z.enum(["register_user", "ensure_webhook", "start_backfill"])),
});

const webhookSchema = z.strictObject({
  /** `path_secret`: the vendor signs nothing; the secret of the path, checks of the body and reading again stand in for it. */
  verify: z.enum(["tink_ecdsa", "hmac_sha1", "hmac_sha256", "standard_webhooks", "path_secret"]),
  challenge: z.enum(["authorization_echo", "query_echo", "ping", "none"]),
  registration: z.enum(["per_app", "per_user", "dashboard"]),
  /** Header names in the order they are looked at. */
  signatureHeaders: z.array(z.string()).readonly(),
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
  /** Canonical metrics that a page of this resource may bring; none where it brings laboratory results. */
  metrics: z.array(z.string()),
  /** `asynchronous`: asking is answered at once, and the data come by webhook later. `pushed`: nobody can ask for it. */
  operation: z.enum(["list", "reconcile", "rollUp", "asynchronous", "pushed"]),
  /** Longest range of one window. */
  windowDays: z.number().int().positive(),
  granularity: z.enum(["sample", "interval", "daily", "session"]),
  /** How often to ask without a notification. */
  cadenceS: z.number().int().positive(),
  /** The vendor sends notifications for it. */
  notified: z.boolean(),
  /** The resource with which comes what this one had before: only news of it come by themselves. */
  pastWith: z.string().optional(),
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
    /** The vendor gives nothing from before this many days ahead of the first connection. */
    daysBeforeConnection: z.number().int().nonnegative().optional(),
  }),
  resources: z.record(z.string(), resourceSchema),
  policy: z.strictObject({
    byoRequired: z.boolean(),
    /** No model may see it. */
    noAi: z.boolean(),
    /** Shown to its person alone, whatever they agree to. */
    ownDataOnly: z.boolean().optional(),
    /** How many people an account of an app may have at once, where the vendor limits that. */
    mostPeople: z.number().int().positive().optional(),
    /** Words that must stand where its data are shown. */
    attribution: z.string().optional(),
  }),
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

/** A call to the vendor, without host and token. At most one of `body` (JSON) and `form` is set. */
export interface VendorRequest {
  readonly method: "GET" | "POST" | "PUT" | "PATCH" | "DELETE";
  readonly path: string;
  readonly query?: Readonly<Record<string, string>>;
  readonly body?: unknown;
  readonly form?: Readonly<Record<string, string>>;
  readonly headers?: Readonly<Record<string, string>>;
  /** The reply is a file: its body is a `Uint8Array`, where the call succeeds. */
  readonly binary?: true;
  /** Which of the vendor's hosts; `api` where left out. */
  readonly host?: "authorize" | "token" | "api";
  /** `person` (where left out): with the person's access token. `none`: what proves us is in the call itself. */
  readonly auth?: "person" | "none";
}

/** Our account at a vendor: Meridian's own, or that of an organisation that brings one. */
export interface VendorCredentials {
  readonly clientId: string;
  readonly clientSecret: string;
  /** What else the vendor's portal gives, by the vendor's name for it, e.g. `subscriptionKey` of Suunto. */
  readonly more: Readonly<Record<string, string>>;
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
  /** The person's own IANA zone, for vendors that tell a clock's time without its zone. */
  readonly timeZone?: string;
  /** The page token that the reply answers, for vendors whose replies do not tell what they are of. */
  readonly page?: string;
}

/** What became of one page. `rejected` counts points by reason; they are in nobody's way. */
export interface PageOutcome {
  readonly read: number;
  readonly rejected: Readonly<Record<string, number>>;
  /** The latest instant any point of the page speaks of. */
  readonly newestAt?: number;
  readonly next?: string;
  /** Laboratory reports and results, which are no readings. Only of what a webhook brought itself. */
  readonly labs?: LabBatch;
}

/** A change at the vendor as its webhook tells it. */
export interface Change {
  /** The vendor's id of its user: never leaves the process unkeyed. */
  readonly userId: string;
  readonly resource: string;
  readonly operation: "upsert" | "delete";
  /** What to read again. Where only a record is known, any instant that is close to it, such as the time of the event. */
  readonly range: Range;
  /** The vendor's id of the one record that changed, where it tells that instead of a range. */
  readonly object?: string;
}

/** Data that a webhook brings itself: `reply` is what `readPage` reads for the resource. */
export interface InlineData {
  readonly userId: string;
  readonly resource: string;
  readonly reply: unknown;
}

/** What a webhook call says. */
export interface HookContent {
  readonly changes: readonly Change[];
  readonly inline?: readonly InlineData[];
  /** Users who permit more, or less, than before; what it is now must be asked. */
  readonly permissions?: readonly string[];
  /** Users who took back their permission at the vendor. */
  readonly ended?: readonly string[];
  /** Status of the answer, where it is not the hook's usual one. */
  readonly status?: HookStatus;
}

/** A call of a vendor's webhook, as it came. */
export interface HookCall {
  readonly method: string;
  readonly headers: { get(name: string): string | null };
  readonly query: URLSearchParams;
  /** The exact bytes. */
  readonly body: Uint8Array<ArrayBuffer>;
  /** When it came; epoch milliseconds. */
  readonly now: number;
}

/** What a webhook call can be checked with. */
export interface HookSecrets {
  readonly credentials: VendorCredentials;
  /** The secret of the hook's path, which is also the token that a vendor repeats in its challenge. */
  readonly pathSecret: string;
  /** Secrets that the vendor made for our subscriptions; none before the first is kept. */
  readonly subscriptionSecrets: readonly string[];
  /** Ids of our subscriptions at the vendor. */
  readonly subscriptionIds: readonly string[];
  /** Checks a signature with the vendor's published keys, where it publishes any. Throws a problem `unavailable` where they cannot be had. */
  verifyTink(signature: { readonly keyId: number; readonly der: Uint8Array }, bytes: Uint8Array<ArrayBuffer>): Promise<boolean>;
}

/** What vendors want to hear, and what they hear whose challenge is not for us. */
export type HookStatus = 200 | 201 | 204 | 401 | 403;

/** A complete answer to a call that asks something of the endpoint itself. */
export interface HookAnswer {
  readonly status: HookStatus;
  readonly body?: Readonly<Record<string, string>>;
}

/** `stale`: genuine but too old to be believed. */
export type HookVerdict = "genuine" | "forged" | "stale";

/** How a vendor's webhooks are received; everything is pure but for WebCrypto. */
export interface VendorHook {
  /** Status of an accepted call; 204 where left out. */
  readonly accepted?: HookStatus;
  /** The answer to a challenge, a ping or a look whether anybody is there; undefined for every other call. Comes before `verify`. */
  handshake?(call: HookCall, secrets: HookSecrets): HookAnswer | undefined;
  /** Checks the exact bytes before anybody parses them; the path's secret has been checked. */
  verify(call: HookCall, secrets: HookSecrets): Promise<HookVerdict>;
  /**
   * Where the signed bytes name a moment or an event, so that an exact repetition is no second change: for how long one is believed, in
   * milliseconds, and the header of the signature, which `verify` has compared letter by letter with the one that there is for these bytes.
   * Left out where a vendor says the same twice when it happens twice, or signs the same bytes in several ways.
   */
  readonly once?: { readonly forMs: number; readonly signature: string };
  /** Throws a problem `malformed` for a body of another shape. */
  read(call: HookCall, secrets: HookSecrets): HookContent;
}

/** A subscription of ours at the vendor. */
export interface Subscription {
  readonly id: string;
  /** What it is for, one of `wanted`. */
  readonly key: string;
  readonly url: string;
  /** Epoch milliseconds. */
  readonly expiresAt?: number;
  /** Signs what it sends; told once. */
  readonly secret?: string;
  /** Switched off by the vendor. */
  readonly inactive?: boolean;
}

/** How an app's subscriptions are kept by API. `token` is the path's secret. */
export interface VendorSubscriptions {
  readonly wanted: readonly string[];
  /** Creating one tells the secret that it signs with, once. */
  readonly tellsSecret?: boolean;
  list(credentials: VendorCredentials): VendorRequest;
  readList(reply: unknown): readonly Subscription[];
  create(credentials: VendorCredentials, key: string, url: string, token: string): VendorRequest;
  /** Undefined where the reply is none of a created subscription. */
  readCreated(reply: unknown, key: string, url: string): Subscription | undefined;
  /** Makes a subscription live on; where left out, it is removed and created again. */
  renew?(credentials: VendorCredentials, subscription: Subscription): VendorRequest;
  remove(credentials: VendorCredentials, subscription: Subscription): VendorRequest;
}

/** What a call came to where the vendor's status does not say it. */
export type Meaning =
  | { readonly kind: "ok" }
  /** Taken down at the vendor; the data come by webhook. */
  | { readonly kind: "later" }
  | { readonly kind: "unauthorized" }
  | { readonly kind: "forbidden" }
  /** `notBefore`: nothing is to be had of what lies before it; epoch milliseconds. */
  | { readonly kind: "rejected"; readonly error?: string; readonly notBefore?: number }
  | { readonly kind: "limited"; readonly retryAfterMs?: number }
  | { readonly kind: "down" };

/** The person's account at the vendor. */
export interface VendorAccount {
  readonly userId: string;
  readonly legacyUserId?: string;
}

/** Makes a call with our own credentials inside it; undefined where it did not end well. */
export type VendorCall = (request: VendorRequest) => Promise<unknown>;

/** The code of a live vendor; all of it is pure. */
export interface VendorModule {
  readonly vendor: LiveVendor;
  /** The call that reads one page of a resource in a range, or the one record of `object`. */
  pageRequest(resource: string, range: Range, page: string | undefined, object?: string): VendorRequest;
  /**
   * Maps a reply into the batch. Never throws for what the vendor sent, except for a reply that is no page at all. `asked` is the window
   * that was read, for vendors whose replies do not repeat it.
   */
  readPage(resource: string, reply: unknown, into: BatchBuilder, delivery: Delivery, asked?: Range): PageOutcome;
  /** The ids of the readings that a record of the vendor became, for its deletion; the record's own where left out. */
  recordIds?(resource: string, object: string): readonly string[];
  /** What a reply means where its status does not say it. */
  meaningOf?(status: number, body: unknown): Meaning | undefined;
  /** What a reply's headers say of the vendor's limits. `until` in epoch milliseconds. */
  limitsOf?(
    headers: { get(name: string): string | null },
    now: number,
  ): readonly { readonly scope: string; readonly left: number; readonly until: number }[];
  /** Further headers of every call for data. */
  headers?(credentials: VendorCredentials): Readonly<Record<string, string>>;
  /** Parameters of a call to the token endpoint, where they are not those of RFC 6749. */
  tokenParameters?(parameters: Readonly<Record<string, string>>, credentials: VendorCredentials): Readonly<Record<string, string>>;
  /** Takes the reply of the token endpoint out of what the vendor wraps it in. */
  tokenReply?(body: unknown): unknown;
  /** Tells who the person is at the vendor; not asked where the reply with the tokens does. */
  readonly identityRequest?: VendorRequest;
  /** Reads the reply to `identityRequest`, or the reply with the tokens where there is none. Throws a problem `vendor_failed`. */
  readIdentity(reply: unknown): VendorAccount;
  /** Asks for the scopes that the person permits now, where that may change without us; `read` throws a problem `vendor_failed`. */
  readonly permissions?: { readonly request: VendorRequest; read(reply: unknown): readonly string[] };
  /** Calls that complete a connection, each of which may be repeated; `hookUrl` is where the vendor's webhooks go. */
  connectRequests?(account: VendorAccount, hookUrl: string): readonly VendorRequest[];
  /** Ends the permission where one call with the token (RFC 7009) does not. True where the vendor says that it is ended. */
  revoke?(
    account: VendorAccount,
    tokens: { readonly access: string; readonly refresh: string | undefined },
    credentials: VendorCredentials,
    call: VendorCall,
    now: number,
  ): Promise<boolean>;
  readonly hook?: VendorHook;
  readonly subscriptions?: VendorSubscriptions;
}
