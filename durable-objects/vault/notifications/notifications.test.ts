import { env } from "cloudflare:workers";
import { runInDurableObject } from "cloudflare:test";
import { expect, test } from "vitest";
import type { News } from "../../../shared/notifications/types";
import { connectVault } from "../../../test/live-client";
import { freshVault } from "../../../test/vaults";
import { notify, readThread } from "../../../workers/notifications";
import { COUNT_UNREAD, FIND_OPEN, SELECT_CHANGED, SELECT_NEWER, SELECT_OLDER, SNOOZES_OVER, UNREAD_OF_THREAD } from "./rows";

const news = (key: string, more: Partial<News> = {}): News => ({
  type: "friend_request",
  key,
  about: { friend: `per_eu_${key}` },
  ...more,
});

test("a fact is told once, and unread ones of a thread become one that comes to the top", async () => {
  const { person, vault, actor } = freshVault();
  const first = await notify(env, { person, ...news("a") });
  expect(first.kind).toBe("noted");
  expect(await notify(env, { person, ...news("a", { about: {} }) })).toEqual({
    kind: "repeated",
    id: first.kind === "noted" ? first.id : "",
  });
  const room = { type: "message", thread: "room/rom_eu_1", conversation: "rom_eu_1" } as const;
  await notify(env, { person, ...news("m1", room), words: { who: "Ben" } });
  await notify(env, { person, ...news("b") });
  await notify(env, { person, ...news("m2", { ...room, about: { message: "2" } }) });
  const { items, unread } = await vault.notifications(actor, { list: "all", limit: 10 });
  expect(items.map(({ type, count, about }) => [type, count, about])).toEqual([
    ["message", 2, { message: "2" }],
    ["friend_request", 1, { friend: "per_eu_b" }],
    ["friend_request", 1, { friend: "per_eu_a" }],
  ]);
  expect(unread).toEqual({ total: 3, byType: { message: 1, friend_request: 2 } });
  await readThread(env, person, "room/rom_eu_1");
  await notify(env, { person, ...news("m3", room) });
  expect((await vault.notifications(actor, { list: "unread", limit: 10 })).items.map(({ type, count }) => [type, count])).toEqual([
    ["message", 1],
    ["friend_request", 1],
    ["friend_request", 1],
  ]);
});

test("pages go both ways, and a number of changes leads to everything that is new since", async () => {
  const { person, vault, actor } = freshVault();
  for (const key of ["a", "b", "c", "d", "e"]) await notify(env, { person, ...news(key) });
  const keysOf = (page: { readonly items: readonly { readonly about: Readonly<Record<string, string>> }[] }) =>
    page.items.map(({ about }) => about["friend"]?.slice(-1)).join("");
  const top = await vault.notifications(actor, { list: "all", limit: 2 });
  const next = await vault.notifications(actor, { list: "all", limit: 2, from: { seq: top.older ?? 0, direction: "older" } });
  const end = await vault.notifications(actor, { list: "all", limit: 2, from: { seq: next.older ?? 0, direction: "older" } });
  expect([keysOf(top), keysOf(next), keysOf(end), end.older]).toEqual(["ed", "cb", "a", null]);
  const back = await vault.notifications(actor, { list: "all", limit: 2, from: { seq: end.newer ?? 0, direction: "newer" } });
  expect([keysOf(back), back.newer !== null]).toEqual(["cb", true]);

  const { rev } = await vault.notificationChanges(actor, 0, 100);
  const [oldest] = end.items;
  await vault.markNotification(actor, oldest?.id ?? "", { kind: "read" });
  await notify(env, { person, ...news("f") });
  const since = await vault.notificationChanges(actor, rev, 100);
  expect([keysOf(since), since.isMore]).toEqual(["af", false]);
  expect(await vault.notificationChanges(actor, since.rev, 100)).toMatchObject({ items: [], rev: since.rev });
  const slices = await vault.notificationChanges(actor, rev, 1);
  expect([keysOf(slices), slices.isMore, keysOf(await vault.notificationChanges(actor, slices.rev, 1))]).toEqual(["a", true, "f"]);
});

test("marks one, many and all of a list; what is put off comes back as if it had come then", async () => {
  const { person, vault, actor } = freshVault();
  for (const key of ["a", "b", "c"]) await notify(env, { person, ...news(key) });
  const { items } = await vault.notifications(actor, { list: "all", limit: 10 });
  const [c, b, a] = items.map(({ id }) => id);
  expect(await vault.markNotifications(actor, { ids: [a ?? "", b ?? "", "nfn_eu_nobody"] }, { kind: "archive" })).toEqual({
    changed: 2,
    isMore: false,
  });
  expect((await vault.notifications(actor, { list: "archived", limit: 10 })).items.map(({ id }) => id)).toEqual([b, a]);
  expect(await vault.markNotifications(actor, { list: "unread" }, { kind: "read" })).toEqual({ changed: 1, isMore: false });
  expect(await vault.markNotification(actor, c ?? "", { kind: "unread" })).toMatchObject({ readAt: null });
  await vault.markNotification(actor, c ?? "", { kind: "snooze", until: Date.now() + 60_000 });
  expect((await vault.notifications(actor, { list: "all", limit: 10 })).unread.total).toBe(0);
  await runInDurableObject(vault, (_vault, { storage }) =>
    storage.sql.exec("UPDATE notifications SET snoozed_until = 1 WHERE snoozed_until IS NOT NULL"),
  );
  await runInDurableObject(vault, (_vault, { storage }) =>
    storage.sql.exec("UPDATE timers SET due_at = 1 WHERE kind = 'notification-snooze'"),
  );
  await runInDurableObject(vault, async (instance) => await instance.alarm());
  expect((await vault.notifications(actor, { list: "unread", limit: 10 })).items.map(({ id }) => id)).toEqual([c]);
});

test("a conversation is heard as far as the person wants to hear it", async () => {
  const { person, vault, actor } = freshVault();
  const say = async (type: "message" | "mention", key: string) =>
    (await notify(env, { person, ...news(key, { type, conversation: "rom_eu_1", thread: "room/rom_eu_1" }) })).kind;
  expect(await say("message", "1")).toBe("noted");
  await vault.setConversationLevel(actor, { conversation: "rom_eu_1", level: "mentions", until: null });
  expect([await say("message", "2"), await say("mention", "3")]).toEqual(["muted", "noted"]);
  await vault.setConversationLevel(actor, { conversation: "rom_eu_1", level: "none", until: null });
  expect([await say("message", "4"), await say("mention", "5")]).toEqual(["muted", "muted"]);
  await vault.setConversationLevel(actor, { conversation: "rom_eu_1", level: "none", until: Date.now() - 1 });
  expect(await say("message", "6")).toBe("noted");
});

test("is told on the person's own sockets, with its words and the count", async () => {
  const { person, vault, actor } = freshVault();
  const socket = await connectVault(vault, actor);
  await notify(env, { person, ...news("a"), words: { who: "Ben" } });
  expect(await socket.nextOf("notification")).toMatchObject({
    kind: "friend_request",
    title: "Friend request",
    body: "Ben wants to be your friend.",
    unread: 1,
  });
  socket.close();
});

test("lists, counts and changes are read through their indexes", async () => {
  const { vault } = freshVault();
  const plans = await runInDurableObject(vault, (_vault, { storage }) =>
    [
      SELECT_OLDER("all"),
      SELECT_NEWER("all"),
      SELECT_OLDER("unread"),
      SELECT_OLDER("archived"),
      SELECT_CHANGED,
      COUNT_UNREAD,
      FIND_OPEN,
      UNREAD_OF_THREAD,
      SNOOZES_OVER,
    ].map((query) =>
      storage.sql
        .exec<{ detail: string }>(
          `EXPLAIN QUERY PLAN ${query}`,
          ...Array.from(
            { length: new Set(query.match(/\?\d?/g)).size === 1 ? (query.match(/\?/g)?.length ?? 0) : new Set(query.match(/\?\d/g)).size },
            () => 1,
          ),
        )
        .toArray()
        .map(({ detail }) => detail)
        .join(),
    ),
  );
  expect(plans).toEqual([
    expect.stringContaining("notifications_listed (seq<?)"),
    expect.stringContaining("notifications_listed (seq>?)"),
    expect.stringContaining("notifications_unread (seq<?)"),
    expect.stringContaining("notifications_archived (seq<?)"),
    expect.stringMatching(/SEARCH notifications USING INDEX \S+ \(rev>\?\)/),
    expect.stringMatching(/^SCAN notifications USING INDEX notifications_unread_by_type$/),
    expect.stringContaining("notifications_by_thread (thread=? AND type=?)"),
    expect.stringContaining("notifications_by_thread (thread=?"),
    expect.stringContaining("notifications_snoozed (snoozed_until<?)"),
  ]);
});
