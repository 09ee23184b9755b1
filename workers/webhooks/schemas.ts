import * as z from "zod";
import { instant } from "../../shared/http/instant";
import { METRIC_CODE } from "../../shared/health/catalogue";
import { parseId, type PersonId } from "../../shared/id";
import { CATEGORIES } from "../../shared/policy/vocabulary";
import { EVENT_PATTERNS, EVENT_TYPES, type EventType } from "../../shared/webhooks/events";

const id = z.string().min(1).max(64);
const ORGANISATION_EXAMPLE = "org_eu_01kad7wjcm0000000000000000";
const WEBHOOK_EXAMPLE = "whk_eu_01kad7wjcm0000000000000000";
const EVENT_EXAMPLE = "evt_eu_01kad7wjcm0000000000000000";

const webhookId = id.meta({ example: WEBHOOK_EXAMPLE });
const organisationId = id.meta({ example: ORGANISATION_EXAMPLE });
const eventId = id.meta({ example: EVENT_EXAMPLE });

/** Path parameters of a person's own endpoints. */
export const OWN_PARAMS = {
  list: z.strictObject({}),
  one: z.strictObject({ webhookId }),
  delivery: z.strictObject({ webhookId, eventId }),
};
/** Path parameters of an organisation's endpoints. */
export const ORGANISATION_PARAMS = {
  list: z.strictObject({ organisationId }),
  one: z.strictObject({ organisationId, webhookId }),
  delivery: z.strictObject({ organisationId, webhookId, eventId }),
};

const unique = <T>(list: readonly T[]) => new Set(list).size === list.length;
const ONCE = "Each may stand here once.";

const person = z
  .string()
  .max(64)
  .transform((text, context): PersonId => {
    const parsed = parseId("person", text);
    if (parsed !== undefined) return parsed;
    context.addIssue({ code: "custom", message: "Not a person's id." });
    return z.NEVER;
  })
  .meta({ example: "per_eu_01kad7wjcm0000000000000000" });

const url = z.string().min(1).max(2_048).describe("https, a public name, no query").meta({ example: "https://hooks.example.com/meridian" });
const description = z
  .string()
  .trim()
  .max(200)
  .refine((text) => !/\p{Cc}/u.test(text), "The text holds control characters.")
  .meta({ example: "Nightly report" });
const events = z
  .array(z.enum(EVENT_PATTERNS as [string, ...string[]]))
  .min(1)
  .max(EVENT_PATTERNS.length)
  .refine(unique, ONCE)
  .nullable()
  .describe("Types, or groups of them as `sleep.*`; null for all")
  .meta({ example: ["readings.*", "sleep.created"] });
const categories = z
  .array(z.enum(CATEGORIES))
  .min(1)
  .max(CATEGORIES.length)
  .refine(unique, ONCE)
  .nullable()
  .describe("Events about data of these classes; null for all")
  .meta({ example: ["vitals", "sleep"] });
const metrics = z
  .array(
    z
      .string()
      .max(80)
      .refine((key) => key === "sleep" || key === "workout" || METRIC_CODE.has(key), "The catalogue has no such metric."),
  )
  .min(1)
  .max(400)
  .refine(unique, ONCE)
  .nullable()
  .describe("Events about these metrics, `sleep` or `workout`; null for all. Events about no metric pass")
  .meta({ example: ["heart_rate"] });
const people = z
  .array(person)
  .min(1)
  .max(200)
  .refine(unique, ONCE)
  .nullable()
  .describe("Events of these people; null for everybody who shares with you, and your own")
  .meta({ example: null });
const content = z
  .enum(["pointer", "summary"])
  .describe("`pointer`: what changed and where to read it. `summary`: with the days, nights or workouts that it is about");

const settings = { url, description, events, categories, metrics, people, content };

export const newWebhookBody = z.strictObject({
  url,
  description: description.default(""),
  events: events.default(null),
  categories: categories.default(null),
  metrics: metrics.default(null),
  people: people.default(null),
  content: content.default("summary"),
  state: z.enum(["enabled", "disabled"]).default("enabled"),
});
const EXAMPLE = { url: "https://hooks.example.com/meridian", description: "Nightly report", events: ["readings.*", "sleep.*"] };
export const newOwnWebhookBody = newWebhookBody.meta({ id: "WebhookInput", example: EXAMPLE });
const client = id
  .nullable()
  .describe("The program of the organisation that the endpoint belongs to: it gets what is shared with that one alone, too")
  .meta({ example: null });
export const newOrganisationWebhookBody = newWebhookBody
  .extend({ client: client.default(null) })
  .meta({ id: "OrganisationWebhookInput", example: EXAMPLE });
export type NewWebhook = z.output<typeof newWebhookBody> & { readonly client?: string | null };

export const changeWebhookBody = z
  .strictObject({
    url: settings.url.optional(),
    description: settings.description.optional(),
    events: settings.events.optional(),
    categories: settings.categories.optional(),
    metrics: settings.metrics.optional(),
    people: settings.people.optional(),
    content: settings.content.optional(),
    state: z.enum(["enabled", "disabled"]).optional(),
  })
  .refine((change) => Object.keys(change).length > 0, "Change something.")
  .meta({ id: "WebhookChange", example: { state: "disabled" } });
export type WebhookChange = z.output<typeof changeWebhookBody>;

const at = z.iso.datetime();

export const webhookSchema = z
  .object({
    id: z.string(),
    url: z.string(),
    description: z.string(),
    events: z.array(z.string()).nullable(),
    categories: z.array(z.string()).nullable(),
    metrics: z.array(z.string()).nullable(),
    people: z.array(z.string()).nullable(),
    content: z.enum(["pointer", "summary"]),
    client: z.string().nullable(),
    state: z.enum(["enabled", "disabled"]),
    disabledReason: z
      .enum(["by_hand", "gone", "failing"])
      .nullable()
      .describe("`gone`: it answered 410. `failing`: it took nothing for five days"),
    failingSince: at.nullable(),
    lastSuccessAt: at.nullable(),
    lastFailure: z.string().nullable(),
    secrets: z
      .array(z.object({ id: z.string(), createdAt: at, endsAt: at.nullable() }))
      .describe("The secrets that sign, the newest first"),
    createdAt: at,
    updatedAt: at,
  })
  .meta({ id: "Webhook" });
export type WebhookView = z.infer<typeof webhookSchema>;
export const createdWebhookSchema = webhookSchema.extend({ secret: z.string().describe("Shown only here") }).meta({ id: "CreatedWebhook" });
export type CreatedWebhook = z.infer<typeof createdWebhookSchema>;
export const webhookListSchema = z.object({ items: z.array(webhookSchema), next: z.string().nullable() }).meta({ id: "WebhookList" });

export const rotateBody = z
  .strictObject({
    overlapHours: z.number().int().min(0).max(168).default(24).describe("How long the old secret goes on to sign beside the new one"),
  })
  .meta({ id: "WebhookRotation", example: { overlapHours: 24 } });
export const rotatedSchema = z
  .object({ id: z.string(), secret: z.string().describe("Shown only here"), createdAt: at, oldEndsAt: at.nullable() })
  .meta({ id: "WebhookSecret" });
export type Rotated = z.infer<typeof rotatedSchema>;

export const testedSchema = z
  .object({
    event: z.string(),
    delivered: z.boolean(),
    status: z.number().int().nullable(),
    reason: z.string().nullable(),
    durationMs: z.number().int(),
  })
  .meta({ id: "WebhookTest" });
export type Tested = z.infer<typeof testedSchema>;

const STATES = ["waiting", "delivered", "failed", "dropped"] as const;
export const deliveryQuery = z.strictObject({
  state: z.enum(STATES).optional(),
  limit: z.coerce.number().int().min(1).max(200).default(50),
  cursor: z.string().max(2_048).optional(),
});
export type DeliveryQuery = z.output<typeof deliveryQuery>;

export const attemptSchema = z.object({
  at,
  status: z.number().int().nullable(),
  durationMs: z.number().int(),
  reason: z.string().nullable(),
});
export const webhookDeliverySchema = z
  .object({
    event: z.string().describe("The `webhook-id` of the message"),
    person: z.string().nullable().describe("Null for a test"),
    orderedAt: at.describe("Rises strictly from event to event of an endpoint"),
    state: z.enum(STATES),
    attempts: z.number().int(),
    nextAt: at.nullable(),
    reason: z.string().nullable().describe("Why it failed last or was dropped, in one word: `no_consent` where nothing is shared any more"),
    log: z.array(attemptSchema).describe("The last attempts, oldest first"),
    createdAt: at,
    updatedAt: at,
  })
  .meta({ id: "WebhookDelivery" });
export type WebhookDeliveryView = z.infer<typeof webhookDeliverySchema>;
export const webhookDeliveryListSchema = z
  .object({ items: z.array(webhookDeliverySchema), next: z.string().nullable() })
  .meta({ id: "WebhookDeliveryList" });

export const replayBody = z
  .strictObject({
    from: instant,
    to: instant,
    state: z
      .enum(["failed", "dropped", "delivered", "all"])
      .default("failed")
      .describe("Which of them; `all` leaves out what waits anyway"),
  })
  .refine(({ from, to }) => from < to, { path: ["to"], message: "The end must lie after the beginning." })
  .meta({ id: "WebhookReplay", example: { from: "2026-11-20T00:00:00Z", to: "2026-11-21T00:00:00Z", state: "failed" } });
export type ReplayRange = z.output<typeof replayBody>;
export const replayedSchema = z
  .object({
    deliveries: z.number().int().describe("How many wait now"),
    isMore: z.boolean().describe("The range holds more: ask again"),
  })
  .meta({ id: "WebhookReplayed" });
export type Replayed = z.infer<typeof replayedSchema>;

export const eventTypeListSchema = z
  .object({
    items: z.array(z.object({ type: z.enum(Object.keys(EVENT_TYPES) as [EventType, ...EventType[]]), title: z.string() })),
    next: z.null(),
  })
  .meta({ id: "WebhookEventList" });
