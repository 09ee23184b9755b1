import { Hono } from "hono";
import type { Address } from "../../durable-objects/vault/notifications/addresses";
import type { Mark } from "../../durable-objects/vault/notifications/notifications";
import type { Notification } from "../../durable-objects/vault/notifications/rows";
import type { NotificationChoices } from "../../durable-objects/vault/notifications/settings";
import { SECOND_MS } from "../../shared/clock";
import { type RegionalKeys, regionalKeys } from "../../shared/crypto/keys";
import { sha256Hex } from "../../shared/crypto/sha256";
import { isSubscriptionKeys } from "../../shared/crypto/web-push";
import { type AppContext, type AppEnv, personOf } from "../../shared/http/app-env";
import { openCursor, sealCursor } from "../../shared/http/cursor";
import { requireOperator } from "../../shared/http/operator";
import { route } from "../../shared/http/route";
import { languageOf } from "../../shared/http/texts";
import { validate } from "../../shared/http/validate";
import { type PersonId, regionOf } from "../../shared/id";
import { modeOf, type Preferences } from "../../shared/notifications/preferences";
import { parseWallTime, wallTimeText } from "../../shared/notifications/quiet-hours";
import { frame, shownOf } from "../../shared/notifications/texts";
import { type Channel, CHANNELS, NOTIFICATION_TYPE_NAMES, type NotificationType, specOf } from "../../shared/notifications/types";
import { problem } from "../../shared/problem";
import { checkEndpointUrl, localHostsOf } from "../../shared/webhooks/endpoint-url";
import { gateOf, regional, vaultOf } from "../regional";
import { carrierStandings } from "./carriers";
import { notePhone, sendCode } from "./deliver";
import { noteStop } from "./guests";
import { hearMail, hearSms } from "./hear";
import { type NotificationPorts, notificationPorts } from "./ports";
import {
  addressParam,
  addressSchema,
  bulkBody,
  bulkSchema,
  carriersSchema,
  changeNotificationBody,
  changesQuery,
  changesSchema,
  codeBody,
  deviceBody,
  devicesSchema,
  levelBody,
  levelsSchema,
  listQuery,
  notificationParam,
  notificationSchema,
  notificationsSchema,
  pageQuery,
  phoneBody,
  phoneSchema,
  preferencesBody,
  preferencesSchema,
  sendsSchema,
  subscriptionBody,
  subscriptionsSchema,
  suppressionsSchema,
  unsubscribeParam,
} from "./schemas";
import { readUnsubscription } from "./unsubscribe";

const TAGS = ["Notifications"] as const;
const HOOK_LIMIT = 65_536;
const CODE_MS = 600 * SECOND_MS;
const PAGE_CSP = "default-src 'none'; form-action 'self'; style-src 'unsafe-inline'";

/** What people are told, by which ways, and what providers tell of it. */
export const notificationsRoutes = new Hono<AppEnv>()
  .get(
    "/v1/me/notifications",
    route({
      policy: "person",
      summary: "What you were told, newest first",
      description: "Pages go both ways: `next` leads to older ones, `previous` to newer ones. New ones are told on the live stream.",
      tags: TAGS,
      responses: { 200: notificationsSchema },
      problems: ["invalid"],
    }),
    validate("query", listQuery),
    async (c) => {
      const actor = personOf(c);
      const { state, type, limit, cursor } = c.req.valid("query");
      const keys = keysOf(c);
      const scope = `notifications ${state} ${type ?? ""}`;
      const from =
        cursor === undefined
          ? undefined
          : await openCursor<{ seq: number; direction: "older" | "newer" }>(keys, actor.person, scope, cursor);
      const page = await vaultOf(c.env, actor.person).notifications(actor, { list: state, type, limit, from });
      const seal = async (seq: number | null, direction: "older" | "newer") =>
        seq === null ? null : await sealCursor(keys, actor.person, scope, { seq, direction });
      const [next, previous] = await Promise.all([seal(page.older, "older"), seal(page.newer, "newer")]);
      const locale = localeOf(c);
      return c.json({ items: page.items.map((one) => shown(one, locale)), next, previous, unread: page.unread });
    },
  )
  .get(
    "/v1/me/notifications/changes",
    route({
      policy: "person",
      summary: "What is new or changed since a cursor",
      description:
        "Keep `since` of the last answer: after weeks away it still leads to everything that came or changed, as it is now. An answer has an ETag; `If-None-Match` is answered 304 while nothing is new.",
      tags: TAGS,
      responses: { 200: changesSchema, 304: null },
      problems: ["invalid"],
    }),
    validate("query", changesQuery),
    async (c) => {
      const actor = personOf(c);
      const { since, limit } = c.req.valid("query");
      const keys = keysOf(c);
      const from = since === undefined ? 0 : await openCursor<number>(keys, actor.person, "notification changes", since);
      const { items, rev, isMore, unread } = await vaultOf(c.env, actor.person).notificationChanges(actor, from, limit);
      const locale = localeOf(c);
      const etag = `"${from}-${rev}-${limit}-${languageOf(locale)}"`;
      c.header("etag", etag);
      if (c.req.header("if-none-match") === etag) return c.body(null, 304);
      const next = since !== undefined && rev === from ? since : await sealCursor(keys, actor.person, "notification changes", rev);
      return c.json({ items: items.map((one) => shown(one, locale)), since: next, more: isMore, unread });
    },
  )
  .post(
    "/v1/me/notifications/bulk",
    route({
      policy: "person",
      summary: "Mark many notifications, or all of a list",
      tags: TAGS,
      responses: { 200: bulkSchema },
      problems: ["malformed", "invalid", "not_found"],
    }),
    validate("json", bulkBody),
    async (c) => {
      const actor = personOf(c);
      const { action, ids, list = "all", type, upTo } = c.req.valid("json");
      const vault = vaultOf(c.env, actor.person);
      const place = upTo === undefined ? undefined : (await vault.notification(actor, upTo)).seq;
      const done = await vault.markNotifications(actor, ids === undefined ? { list, type, upTo: place } : { ids }, { kind: action });
      return c.json({ changed: done.changed, more: done.isMore });
    },
  )
  .get(
    "/v1/me/notifications/:notificationId",
    route({
      policy: "person",
      summary: "One notification",
      tags: TAGS,
      responses: { 200: notificationSchema },
      problems: ["invalid", "not_found"],
    }),
    validate("param", notificationParam),
    async (c) => {
      const actor = personOf(c);
      const one = await vaultOf(c.env, actor.person).notification(actor, c.req.valid("param").notificationId);
      return c.json(shown(one, localeOf(c)));
    },
  )
  .patch(
    "/v1/me/notifications/:notificationId",
    route({
      policy: "person",
      summary: "Mark a notification as read or unread, archive it, or put it off",
      tags: TAGS,
      responses: { 200: notificationSchema },
      problems: ["malformed", "invalid", "not_found"],
    }),
    validate("param", notificationParam),
    validate("json", changeNotificationBody),
    async (c) => {
      const actor = personOf(c);
      const mark = markOf(c.req.valid("json"), c.get("now")());
      const one = await vaultOf(c.env, actor.person).markNotification(actor, c.req.valid("param").notificationId, mark);
      return c.json(shown(one, localeOf(c)));
    },
  )
  .get(
    "/v1/me/notification-preferences",
    route({
      policy: "person",
      summary: "By which ways you are told what, and when not",
      tags: TAGS,
      responses: { 200: preferencesSchema },
    }),
    async (c) => {
      const actor = personOf(c);
      const vault = vaultOf(c.env, actor.person);
      return c.json(choicesShown(await vault.notificationPreferences(actor), await vault.timeZone()));
    },
  )
  .patch(
    "/v1/me/notification-preferences",
    route({
      policy: "person",
      summary: "Choose by which ways you are told what, and when not",
      description:
        "What is not named stays. Quiet hours are those of the clock on your wall, also when clocks change; what waits comes when they end. What is about your rights is always in the list.",
      tags: TAGS,
      responses: { 200: preferencesSchema },
      problems: ["malformed", "invalid", "precondition_failed"],
    }),
    validate("json", preferencesBody),
    async (c) => {
      const actor = personOf(c);
      const { modes, quietHours, digestAt, content, snoozedUntil, ifVersion } = c.req.valid("json");
      const vault = vaultOf(c.env, actor.person);
      if (modes !== undefined) checkModes(modes);
      const known = modes === undefined ? undefined : (await vault.notificationPreferences(actor)).modes;
      const change: Partial<Preferences> = {
        ...(modes !== undefined && { modes: merged(known ?? {}, modes) }),
        ...(quietHours !== undefined && {
          quietHours:
            quietHours === null
              ? null
              : { from: parseWallTime(quietHours.from) ?? 0, to: parseWallTime(quietHours.to) ?? 0, exceptHigh: quietHours.exceptHigh },
        }),
        ...(digestAt !== undefined && { digestAt: parseWallTime(digestAt) ?? 0 }),
        ...(content !== undefined && { content }),
        ...(snoozedUntil !== undefined && { snoozedUntil: snoozedUntil === null ? null : Date.parse(snoozedUntil) }),
      };
      return c.json(choicesShown(await vault.changeNotificationPreferences(actor, change, ifVersion), await vault.timeZone()));
    },
  )
  .get(
    "/v1/me/notification-levels",
    route({
      policy: "person",
      summary: "Conversations of which you do not want to be told everything",
      tags: TAGS,
      responses: { 200: levelsSchema },
    }),
    async (c) => {
      const actor = personOf(c);
      const levels = await vaultOf(c.env, actor.person).conversationLevels(actor);
      return c.json({ items: levels.map(({ until, ...one }) => ({ ...one, until: isoOrNull(until) })), next: null });
    },
  )
  .put(
    "/v1/me/notification-levels",
    route({
      policy: "person",
      summary: "Choose how much of a conversation you are told: all, mentions, none",
      tags: TAGS,
      responses: { 204: null },
      problems: ["malformed", "invalid", "conflict"],
    }),
    validate("json", levelBody),
    async (c) => {
      const actor = personOf(c);
      const { until, ...level } = c.req.valid("json");
      await vaultOf(c.env, actor.person).setConversationLevel(actor, { ...level, until: until === null ? null : Date.parse(until) });
      return c.body(null, 204);
    },
  )
  .get(
    "/v1/me/push-subscriptions",
    route({
      policy: "person",
      summary: "Browsers that get Web Push, and the key with which one subscribes",
      tags: TAGS,
      responses: { 200: subscriptionsSchema },
    }),
    async (c) => {
      const actor = personOf(c);
      const items = await vaultOf(c.env, actor.person).notificationAddresses(actor, ["web_push"]);
      const { vapid } = portsOf(c).credentials;
      const applicationServerKey = vapid?.keys[vapid.current]?.publicKey ?? null;
      return c.json({ items: items.map(addressShown), next: null, applicationServerKey });
    },
  )
  .post(
    "/v1/me/push-subscriptions",
    route({
      policy: "person",
      summary: "Register a browser for Web Push",
      description:
        "With what `PushSubscription.toJSON()` gives, subscribed with the `applicationServerKey` of the list. The same endpoint again is the same subscription. One that its push service knows no more is removed by itself.",
      tags: TAGS,
      responses: { 200: addressSchema, 201: addressSchema },
      problems: ["malformed", "invalid", "unavailable"],
    }),
    validate("json", subscriptionBody),
    async (c) => {
      const actor = personOf(c);
      const { endpoint, keys, label } = c.req.valid("json");
      const { vapid } = portsOf(c).credentials;
      if (vapid === undefined) throw problem("unavailable", "Web Push is not offered here.");
      checkEndpointUrl(endpoint, localHostsOf(c.env), "/endpoint");
      if (!(await isSubscriptionKeys(keys)))
        throw problem("invalid", undefined, {
          errors: [{ pointer: "/keys", code: "invalid_keys", message: "Not the keys of a push subscription." }],
        });
      const place = JSON.stringify({ endpoint, ...keys });
      const kept = await vaultOf(c.env, actor.person).keepNotificationAddress(actor, "web_push", place, {
        label: label ?? null,
        vapid: vapid.current,
      });
      return c.json(addressShown(kept.address), kept.isNew ? 201 : 200);
    },
  )
  .delete(
    "/v1/me/push-subscriptions/:addressId",
    route({
      policy: "person",
      summary: "Remove a browser from Web Push",
      tags: TAGS,
      responses: { 204: null },
      problems: ["invalid", "not_found"],
    }),
    validate("param", addressParam),
    async (c) => {
      const actor = personOf(c);
      await vaultOf(c.env, actor.person).removeNotificationAddress(actor, c.req.valid("param").addressId, ["web_push"]);
      return c.body(null, 204);
    },
  )
  .get(
    "/v1/me/devices",
    route({ policy: "person", summary: "Devices whose apps get push messages", tags: TAGS, responses: { 200: devicesSchema } }),
    async (c) => {
      const actor = personOf(c);
      const items = await vaultOf(c.env, actor.person).notificationAddresses(actor, ["fcm", "apns"]);
      return c.json({ items: items.map(addressShown), next: null });
    },
  )
  .post(
    "/v1/me/devices",
    route({
      policy: "person",
      summary: "Register a device for push messages",
      description:
        "By its token at Firebase Cloud Messaging or Apple's push service. A token that is not good any more is removed by itself.",
      tags: TAGS,
      responses: { 200: addressSchema, 201: addressSchema },
      problems: ["malformed", "invalid", "unavailable"],
    }),
    validate("json", deviceBody),
    async (c) => {
      const actor = personOf(c);
      const { kind, token, label } = c.req.valid("json");
      const { credentials, outbox } = portsOf(c);
      if (credentials[kind] === undefined && outbox === undefined)
        throw problem("unavailable", "Push messages of this kind are not offered here.");
      const kept = await vaultOf(c.env, actor.person).keepNotificationAddress(actor, kind, token, { label: label ?? null, vapid: null });
      return c.json(addressShown(kept.address), kept.isNew ? 201 : 200);
    },
  )
  .delete(
    "/v1/me/devices/:addressId",
    route({
      policy: "person",
      summary: "Remove a device from push messages",
      tags: TAGS,
      responses: { 204: null },
      problems: ["invalid", "not_found"],
    }),
    validate("param", addressParam),
    async (c) => {
      const actor = personOf(c);
      await vaultOf(c.env, actor.person).removeNotificationAddress(actor, c.req.valid("param").addressId, ["fcm", "apns"]);
      return c.body(null, 204);
    },
  )
  .get(
    "/v1/me/phone",
    route({ policy: "person", summary: "Your number for text messages", tags: TAGS, responses: { 200: phoneSchema } }),
    async (c) => {
      const actor = personOf(c);
      const phone = await vaultOf(c.env, actor.person).phone(actor);
      return c.json({ number: phone?.number ?? null, confirmedAt: isoOrNull(phone?.confirmedAt ?? null) });
    },
  )
  .put(
    "/v1/me/phone",
    route({
      policy: "person",
      summary: "Give a number for text messages; a code is sent to it",
      description: "Nothing else is sent to it before the code comes back, within ten minutes.",
      tags: TAGS,
      responses: { 200: phoneSchema },
      problems: ["malformed", "invalid", "locked", "unavailable"],
    }),
    validate("json", phoneBody),
    async (c) => {
      const actor = personOf(c);
      const { number } = c.req.valid("json");
      const ports = portsOf(c);
      if (ports.credentials.sms === undefined && ports.outbox === undefined)
        throw problem("unavailable", "Text messages are not offered here.");
      const verdict = await phoneGate(c, actor.person).attempt("account", ports.now());
      if (!verdict.allowed) throw problem("locked", undefined, { retryAfter: Math.ceil(verdict.retryAfterMs / SECOND_MS) });
      const code = newCode(ports);
      await vaultOf(c.env, actor.person).setPhone(actor, number, await proofOf(actor.person, code), ports.now() + CODE_MS);
      const outcome = await sendCode(ports, actor.person, number, code, localeOf(c));
      if (outcome.kind === "deferred")
        throw problem("unavailable", "The code could not be sent now.", { retryAfter: Math.ceil(outcome.afterMs / SECOND_MS) });
      if (outcome.kind !== "sent") throw problem("unavailable", "The code could not be sent. Try again.");
      return c.json({ number, confirmedAt: null });
    },
  )
  .post(
    "/v1/me/phone/confirmation",
    route({
      policy: "person",
      summary: "Prove your number by the code that was sent to it",
      tags: TAGS,
      responses: { 200: phoneSchema },
      problems: ["malformed", "invalid", "not_found", "gone"],
    }),
    validate("json", codeBody),
    async (c) => {
      const actor = personOf(c);
      const proof = await proofOf(actor.person, c.req.valid("json").code);
      const phone = await vaultOf(c.env, actor.person).provePhone(actor, proof);
      await notePhone(portsOf(c), actor.person, phone.number);
      await phoneGate(c, actor.person).clear("account");
      return c.json({ number: phone.number, confirmedAt: isoOrNull(phone.confirmedAt) });
    },
  )
  .delete(
    "/v1/me/phone",
    route({ policy: "person", summary: "Remove your number", tags: TAGS, responses: { 204: null }, problems: ["not_found"] }),
    async (c) => {
      const actor = personOf(c);
      const vault = vaultOf(c.env, actor.person);
      const phone = await vault.phone(actor);
      if (phone === null) throw problem("not_found", "There is no number.");
      await vault.removeNotificationAddress(actor, phone.id, ["sms"]);
      return c.body(null, 204);
    },
  )
  .get(
    "/v1/me/notification-deliveries",
    route({
      policy: "person",
      summary: "What was sent to you, by which way, and what became of it",
      tags: TAGS,
      responses: { 200: sendsSchema },
      problems: ["invalid"],
    }),
    validate("query", pageQuery),
    async (c) => {
      const actor = personOf(c);
      const { limit, cursor } = c.req.valid("query");
      const keys = keysOf(c);
      const before = cursor === undefined ? undefined : await openCursor<string>(keys, actor.person, "notification sends", cursor);
      const found = await vaultOf(c.env, actor.person).notificationSends(actor, before, limit + 1);
      const items = found.slice(0, limit);
      const last = items.at(-1);
      const next = found.length > limit && last !== undefined ? await sealCursor(keys, actor.person, "notification sends", last.id) : null;
      return c.json({
        items: items.map(({ dueAt, createdAt, updatedAt, ...one }) => ({
          ...one,
          dueAt: iso(dueAt),
          createdAt: iso(createdAt),
          updatedAt: iso(updatedAt),
        })),
        next,
      });
    },
  )
  .get(
    "/v1/me/notification-suppressions",
    route({
      policy: "person",
      summary: "Addresses of yours that are not written to any more, and why",
      tags: TAGS,
      responses: { 200: suppressionsSchema },
    }),
    async (c) => {
      const actor = personOf(c);
      const found = await vaultOf(c.env, actor.person).notificationSuppressions(actor);
      return c.json({ items: found.map((one) => ({ ...one, at: iso(one.at) })), next: null });
    },
  )
  .delete(
    "/v1/me/notification-suppressions/:addressId",
    route({
      policy: "person",
      summary: "Have an address written to again",
      tags: TAGS,
      responses: { 204: null },
      problems: ["invalid", "not_found"],
    }),
    validate("param", addressParam),
    async (c) => {
      const actor = personOf(c);
      await vaultOf(c.env, actor.person).liftNotificationSuppression(actor, c.req.valid("param").addressId);
      return c.body(null, 204);
    },
  )
  .get(
    "/v1/unsubscribe/:token",
    route({
      policy: "secret",
      summary: "The page behind the unsubscribe link of a letter",
      description: "Asks once: a link that is only looked at, by a mail scanner for one, changes nothing.",
      tags: TAGS,
      responses: { 200: { mediaType: "text/html", description: "A page with one button" } },
      problems: ["invalid", "not_found"],
    }),
    validate("param", unsubscribeParam),
    async (c) => {
      await readUnsubscription(portsOf(c), c.req.valid("param").token);
      const language = c.req.header("accept-language") ?? "en";
      const form = `<form method="post"><button>${frame("unsubscribeButton", language)}</button></form>`;
      return c.html(page(frame("askUnsubscribe", language), form), 200, { "content-security-policy": PAGE_CSP });
    },
  )
  .post(
    "/v1/unsubscribe/:token",
    route({
      policy: "secret",
      summary: "Unsubscribe from letters like this one, with one click (RFC 8058)",
      description: "Works without signing in, and again. What was in the letters stays in the list of notifications.",
      tags: TAGS,
      responses: { 200: { mediaType: "text/html", description: "Done" } },
      problems: ["invalid", "not_found", "unavailable"],
      idempotency: "off",
      bodyLimit: 4_096,
    }),
    validate("param", unsubscribeParam),
    async (c) => {
      const ports = portsOf(c);
      const link = await readUnsubscription(ports, c.req.valid("param").token);
      if ("contact" in link) await noteStop(ports, "email", link.contact, true);
      else await ports.vault(link.person).unsubscribe(link.type);
      return c.html(page(frame("unsubscribed", c.req.header("accept-language") ?? "en"), ""), 200, { "content-security-policy": PAGE_CSP });
    },
  )
  .get(
    "/v1/operations/carriers",
    route({
      policy: "secret",
      summary: "How those stand who bring notifications: their circuit breakers",
      description: "For operators, with `OPERATIONS_SECRET` as bearer token. States and times, nothing about anybody.",
      tags: ["operations"],
      responses: { 200: carriersSchema },
      problems: ["unauthenticated"],
    }),
    requireOperator(),
    async (c) => {
      const items = (await carrierStandings(c.env)).map(({ until, ...one }) => ({ ...one, until: until === 0 ? null : iso(until) }));
      return c.json({ items, next: null });
    },
  )
  .post(
    "/v1/notification-events/email",
    route({
      policy: "secret",
      summary: "What the mail service tells of letters",
      description: "Signed by Standard Webhooks. A bounce or complaint ends letters to that address.",
      tags: ["Webhooks"],
      responses: { 204: null },
      problems: ["malformed", "invalid_signature", "not_found", "unavailable"],
      rawBody: { mediaType: "application/json", description: "An event of the service" },
      idempotency: "off",
      bodyLimit: HOOK_LIMIT,
    }),
    async (c) => {
      await hearMail(portsOf(c), c.req.raw.headers, new Uint8Array(await c.req.arrayBuffer()));
      return c.body(null, 204);
    },
  )
  .post(
    "/v1/notification-events/sms",
    route({
      policy: "secret",
      summary: "What the SMS service tells of messages, and what people answer",
      description: "Signed with `X-Twilio-Signature`. STOP ends text messages to that number, START takes it back.",
      tags: ["Webhooks"],
      responses: { 200: { mediaType: "text/xml", description: "Nothing to answer" } },
      problems: ["malformed", "invalid_signature", "not_found", "unavailable"],
      rawBody: { mediaType: "application/x-www-form-urlencoded", description: "Fields of the service" },
      idempotency: "off",
      bodyLimit: HOOK_LIMIT,
    }),
    async (c) => {
      const ports = portsOf(c);
      const { search } = new URL(c.req.url);
      const fields = Object.fromEntries(new URLSearchParams(await c.req.text()));
      await hearSms(ports, `${ports.origin}/v1/notification-events/sms${search}`, fields, c.req.header("x-twilio-signature"));
      return c.body("<Response/>", 200, { "content-type": "text/xml" });
    },
  );

function portsOf(c: AppContext): NotificationPorts {
  return notificationPorts(c.env, c.get("now"));
}

function keysOf(c: AppContext): RegionalKeys {
  return regionalKeys(regional(c.env, regionOf(personOf(c).person)).keys);
}

/** How often somebody may have a code sent. */
function phoneGate(c: AppContext, person: PersonId) {
  return gateOf(c.env, regionOf(person), `phone-code:${person}`);
}

/** The language of the reader's client, as for problems. */
function localeOf(c: AppContext): string {
  return c.req.header("accept-language") ?? "en";
}

function markOf(
  { read, archived, snoozedUntil }: { read?: boolean | undefined; archived?: boolean | undefined; snoozedUntil?: string | undefined },
  now: number,
): Mark {
  if (read !== undefined) return { kind: read ? "read" : "unread" };
  if (archived !== undefined) return { kind: archived ? "archive" : "unarchive" };
  const until = Date.parse(snoozedUntil ?? "");
  if (until <= now)
    throw problem("invalid", undefined, { errors: [{ pointer: "/snoozedUntil", code: "in_the_past", message: "This is over already." }] });
  return { kind: "snooze", until };
}

type Modes = Preferences["modes"];

/** The list and the socket know no digest, and what is about rights stays in the list. */
function checkModes(modes: Modes): void {
  for (const [type, chosen] of Object.entries(modes) as [NotificationType, Partial<Record<Channel, string>>][])
    for (const channel of ["inbox", "socket"] as const) {
      const mode = chosen[channel];
      if (mode === undefined || mode === "now") continue;
      if (mode === "off" && !(channel === "inbox" && specOf(type).isKept === true)) continue;
      throw problem("invalid", undefined, {
        errors: [
          {
            pointer: `/modes/${type}/${channel}`,
            code: "not_offered",
            message: mode === "off" ? "This is always in the list." : "This is at once, or not at all.",
          },
        ],
      });
    }
}

function merged(known: Modes, change: Modes): Modes {
  const types = new Set([...Object.keys(known), ...Object.keys(change)] as NotificationType[]);
  return Object.fromEntries([...types].map((type) => [type, { ...known[type], ...change[type] }]));
}

function choicesShown(choices: NotificationChoices, timeZone: string) {
  const { quietHours, digestAt, content, snoozedUntil, version } = choices;
  const modes = NOTIFICATION_TYPE_NAMES.map(
    (type) => [type, Object.fromEntries(CHANNELS.map((channel) => [channel, modeOf(choices, type, channel)]))] as const,
  );
  return {
    modes: Object.fromEntries(modes),
    quietHours: quietHours === null ? null : { ...quietHours, from: wallTimeText(quietHours.from), to: wallTimeText(quietHours.to) },
    timeZone,
    digestAt: wallTimeText(digestAt),
    content,
    snoozedUntil: isoOrNull(snoozedUntil),
    version,
  };
}

function shown(
  { seq: _seq, rev: _rev, words, createdAt, updatedAt, readAt, archivedAt, snoozedUntil, ...one }: Notification,
  locale: string,
) {
  return {
    ...one,
    ...shownOf({ type: one.type, words, count: one.count }, locale, "details"),
    createdAt: iso(createdAt),
    updatedAt: iso(updatedAt),
    readAt: isoOrNull(readAt),
    archivedAt: isoOrNull(archivedAt),
    snoozedUntil: isoOrNull(snoozedUntil),
  };
}

function addressShown({ id, kind, label, createdAt, reachedAt }: Address) {
  return { id, kind, label, createdAt: iso(createdAt), reachedAt: isoOrNull(reachedAt) };
}

/** Six digits, each as likely as the others. */
function newCode({ random }: NotificationPorts): string {
  for (;;) {
    const value = new DataView(random(new Uint8Array(4)).buffer).getUint32(0);
    if (value < 4_294_000_000) return String(value % 1_000_000).padStart(6, "0");
  }
}

async function proofOf(person: PersonId, code: string): Promise<string> {
  return await sha256Hex(`phone|${person}|${code}`);
}

function page(text: string, form: string): string {
  return `<!doctype html><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>Meridian</title><body style="font-family:system-ui;max-width:32rem;margin:4rem auto;padding:0 1rem"><p>${text}</p>${form}</body>`;
}

function iso(at: number): string {
  return new Date(at).toISOString();
}

function isoOrNull(at: number | null): string | null {
  return at === null ? null : iso(at);
}
