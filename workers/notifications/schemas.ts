import * as z from "zod";
import { chosenName } from "../../shared/chosen-name";
import { CARRIERS } from "../../shared/notifications/breakers";
import { CONTENTS } from "../../shared/notifications/preferences";
import { parseWallTime } from "../../shared/notifications/quiet-hours";
import { CHANNELS, LEVELS, MODES, NOTIFICATION_TYPE_NAMES, PRIORITIES } from "../../shared/notifications/types";
import { REGIONS } from "../../shared/region";

const EXAMPLE = "nfn_eu_01kad7wjcm0000000000000000";
const ADDRESS = "nad_eu_01kad7wjcm0000000000000000";
const at = z.iso.datetime();
const type = z.enum(NOTIFICATION_TYPE_NAMES);
const list = z.enum(["all", "unread", "archived", "snoozed"]);
const limit = z.coerce.number().int().min(1).max(100).default(50);
const cursor = z.string().max(2_048).optional();

export const notificationParam = z.strictObject({ notificationId: z.string().min(1).max(64).meta({ example: EXAMPLE }) });
export const addressParam = z.strictObject({ addressId: z.string().min(1).max(64).meta({ example: ADDRESS }) });

export const listQuery = z.strictObject({ state: list.default("all"), type: type.optional(), limit, cursor });
export type ListQuery = z.output<typeof listQuery>;
export const changesQuery = z.strictObject({ since: cursor.describe("From an answer before; from the beginning where absent"), limit });
export const pageQuery = z.strictObject({ limit, cursor });

export const changeNotificationBody = z
  .strictObject({
    read: z.boolean().optional(),
    archived: z.boolean().optional(),
    snoozedUntil: at.optional().describe("Hidden until then; comes back unread"),
  })
  .refine((change) => Object.keys(change).length === 1, "Change one thing at a time.")
  .meta({ id: "NotificationChange", example: { read: true } });

export const bulkBody = z
  .strictObject({
    action: z.enum(["read", "unread", "archive", "unarchive"]),
    ids: z.array(z.string().min(1).max(64)).min(1).max(500).optional(),
    list: list.optional().describe("All of a list, in place of ids"),
    type: type.optional(),
    upTo: z
      .string()
      .min(1)
      .max(64)
      .optional()
      .describe("Of a list: this one and what is below it, so that what came meanwhile is not marked unseen"),
  })
  .refine(({ ids, list: of }) => (ids === undefined) !== (of === undefined), "Give ids or a list.")
  .meta({ id: "NotificationsChange", example: { action: "read", list: "unread" } });
export const bulkSchema = z
  .object({ changed: z.number().int(), more: z.boolean().describe("There are more of the list: ask again") })
  .meta({ id: "NotificationsChanged" });

export const notificationSchema = z
  .object({
    id: z.string(),
    type,
    priority: z.enum(PRIORITIES),
    title: z.string(),
    body: z.string(),
    about: z.record(z.string(), z.string()).describe("Pointers to what it is about"),
    thread: z.string().nullable(),
    count: z.number().int().describe("How many facts it tells of"),
    createdAt: at,
    updatedAt: at,
    readAt: at.nullable(),
    archivedAt: at.nullable(),
    snoozedUntil: at.nullable(),
  })
  .meta({ id: "Notification" });
const unreadSchema = z.object({ total: z.number().int(), byType: z.partialRecord(type, z.number().int()) });
export const notificationsSchema = z
  .object({
    items: z.array(notificationSchema),
    next: z.string().nullable().describe("Older ones"),
    previous: z.string().nullable().describe("Newer ones"),
    unread: unreadSchema,
  })
  .meta({ id: "Notifications" });
export const changesSchema = z
  .object({
    items: z.array(notificationSchema).describe("What is new or changed, oldest change first"),
    since: z.string().describe("Where to go on; keep it for as long as you like"),
    more: z.boolean(),
    unread: unreadSchema,
  })
  .meta({ id: "NotificationChanges" });

const wallTime = z
  .string()
  .refine((text) => parseWallTime(text) !== undefined, "A time of day as HH:MM.")
  .meta({ example: "22:00" });
const modes = z.partialRecord(type, z.partialRecord(z.enum(CHANNELS), z.enum(MODES)));
const quietHours = z.strictObject({ from: wallTime, to: wallTime, exceptHigh: z.boolean().default(false) });
export const preferencesSchema = z
  .object({
    modes: z.record(type, z.record(z.enum(CHANNELS), z.enum(MODES))).describe("How each channel serves each type"),
    quietHours: z.object({ from: wallTime, to: wallTime, exceptHigh: z.boolean() }).nullable(),
    timeZone: z.string().describe("Of the profile: in it the times of day are meant"),
    digestAt: wallTime,
    content: z.enum(CONTENTS),
    snoozedUntil: at.nullable(),
    version: z.number().int(),
  })
  .meta({ id: "NotificationPreferences" });
export const preferencesBody = z
  .strictObject({
    modes: modes.optional().describe("Those that are named change; `inbox` and `socket` are `now` or `off`"),
    quietHours: quietHours.nullable().optional(),
    digestAt: wallTime.optional(),
    content: z
      .enum(CONTENTS)
      .optional()
      .describe("What messages outside say: `plain` that there is something, `names` who and what, `details` others' words too"),
    snoozedUntil: at.nullable().optional().describe("Nothing leaves the house until then"),
    ifVersion: z.number().int().min(0).optional(),
  })
  .meta({
    id: "NotificationPreferencesChange",
    example: { quietHours: { from: "22:00", to: "07:00" }, modes: { reaction: { push: "off" } } },
  });

export const levelBody = z
  .strictObject({
    conversation: z.string().regex(/^[A-Za-z0-9_-]{1,64}$/),
    level: z.enum(LEVELS),
    until: at.nullable().default(null),
  })
  .meta({ id: "ConversationLevel", example: { conversation: "rom_eu_01kad7wjcm0000000000000000", level: "mentions" } });
export const levelsSchema = z
  .object({ items: z.array(z.object({ conversation: z.string(), level: z.enum(LEVELS), until: at.nullable() })), next: z.null() })
  .meta({ id: "ConversationLevels" });

/** As `PushSubscription.toJSON()` of a browser gives it. */
export const subscriptionBody = z
  .strictObject({
    endpoint: z.url().max(2_048),
    expirationTime: z.number().nullable().optional(),
    keys: z.strictObject({ p256dh: z.string().max(128), auth: z.string().max(64) }),
    label: chosenName({ most: 100 }).optional(),
  })
  .meta({
    id: "PushSubscription",
    example: {
      endpoint: "https://push.example.com/send/abc",
      keys: {
        p256dh: "BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4",
        auth: "BTBZMqHH6r4Tts7J_aSIgg",
      },
    },
  });
export const deviceBody = z
  .strictObject({
    kind: z.enum(["fcm", "apns"]),
    token: z.string().regex(/^[A-Za-z0-9:_-]{8,4096}$/),
    label: chosenName({ most: 100 }).optional(),
  })
  .meta({ id: "Device", example: { kind: "fcm", token: "fcm-token-of-the-app", label: "Telephone" } });
export const addressSchema = z
  .object({
    id: z.string(),
    kind: z.enum(["web_push", "fcm", "apns", "sms"]),
    label: z.string().nullable(),
    createdAt: at,
    reachedAt: at.nullable().describe("When something arrived there last"),
  })
  .meta({ id: "NotificationAddress" });
export const devicesSchema = z.object({ items: z.array(addressSchema), next: z.null() }).meta({ id: "Devices" });
export const subscriptionsSchema = z
  .object({
    items: z.array(addressSchema),
    next: z.null(),
    applicationServerKey: z.string().nullable().describe("With which browsers subscribe; null where Web Push is not offered"),
  })
  .meta({ id: "PushSubscriptions" });

export const phoneBody = z
  .strictObject({ number: z.string().regex(/^\+[1-9]\d{6,14}$/, "A number in the international form of E.164.") })
  .meta({ id: "PhoneNumber", example: { number: "+491701234567" } });
export const codeBody = z.strictObject({ code: z.string().regex(/^\d{6}$/) }).meta({ id: "PhoneCode", example: { code: "123456" } });
export const phoneSchema = z.object({ number: z.string().nullable(), confirmedAt: at.nullable() }).meta({ id: "Phone" });

export const sendsSchema = z
  .object({
    items: z.array(
      z.object({
        id: z.string(),
        notification: z.string(),
        type,
        channel: z.enum(["push", "email", "sms"]),
        address: z.string().nullable().describe("Id of the browser, device or number; null for your e-mail"),
        state: z.enum(["waiting", "queued", "sending", "sent", "delivered", "failed", "dropped"]),
        reason: z.string().nullable(),
        attempts: z.number().int(),
        dueAt: at,
        createdAt: at,
        updatedAt: at,
      }),
    ),
    next: z.string().nullable(),
  })
  .meta({ id: "NotificationDeliveries" });

export const carriersSchema = z
  .object({
    items: z.array(
      z.object({
        carrier: z.enum(CARRIERS),
        service: z.string().nullable().describe("Of browsers, which push service; null for all those that few have"),
        region: z.enum(REGIONS),
        breaker: z.enum(["closed", "open", "half_open"]).describe("`open`: nothing is handed over; `half_open`: one message finds out"),
        failures: z.number().int().describe("In a row"),
        until: at.nullable(),
      }),
    ),
    next: z.null(),
  })
  .meta({ id: "Carriers" });

export const suppressionsSchema = z
  .object({
    items: z.array(
      z.object({
        id: z.string(),
        channel: z.enum(["email", "sms"]),
        address: z.string(),
        reason: z.enum(["bounce", "complaint", "stop"]),
        at,
      }),
    ),
    next: z.null(),
  })
  .meta({ id: "NotificationSuppressions" });

export const unsubscribeParam = z.strictObject({ token: z.string().min(1).max(2_048) });
