import { env } from "cloudflare:workers";
import fc from "fast-check";
import { beforeAll, describe, expect, test, vi } from "vitest";
import * as z from "zod";
import { fetchApp } from "../../test/people";
import { somebody, type Somebody } from "../../test/staff";
import { areFriends, REQUEST_LASTS_MS, type Tie } from "../../shared/social/ties";
import { regional, vaultOf } from "../regional";
import { BUDDIES_QUERY, LATELY_QUERY, NEAR_QUERY, SPOKEN_QUERY } from "./buddies";
import { OWN_QUERY } from "./invitations";
import { buddyListSchema, madeInvitationSchema, openInvitationSchema, seenProfileSchema, suggestionListSchema } from "./profile-schemas";
import { FRIENDS } from "./ties";

const call = async (as: Somebody, method: string, path: string, body?: unknown) =>
  await as.fetch(path, {
    method,
    ...(body === undefined ? {} : { body: JSON.stringify(body), headers: { "content-type": "application/json" } }),
  });
const status = async (answer: Promise<Response>) => (await answer).status;
const change = async (as: Somebody, body: unknown) => await call(as, "PATCH", "/v1/me/social-profile", body);
const profile = async (as: Somebody, of: Somebody) => {
  const answer = await as.fetch(`/v1/people/${of.person.id}/profile`);
  return answer.status === 200 ? seenProfileSchema.parse(await answer.json()) : answer.status;
};
async function befriend(a: Somebody, b: Somebody): Promise<void> {
  await call(a, "POST", "/v1/me/friend-requests", { person: b.person.id });
  await call(b, "POST", "/v1/me/friend-requests", { person: a.person.id });
}
const handle = () => `h${crypto.randomUUID().replaceAll("-", "").slice(0, 20)}`;

describe.each(["eu", "ap"] as const)("a profile of eu, for people of %s", (there) => {
  let ada: Somebody;
  let friend: Somebody;
  let mate: Somebody;
  let stranger: Somebody;
  beforeAll(async () => {
    [ada, friend, mate, stranger] = await Promise.all([somebody("eu", { name: "Ada" }), somebody(there), somebody(there), somebody(there)]);
    await befriend(ada, friend);
    const group = z
      .object({ id: z.string() })
      .parse(await (await call(ada, "POST", "/v1/groups", { name: "Runners", joining: "open" })).json());
    await call(mate, "POST", `/v1/groups/${group.id}/membership`);
  });

  test("shows nothing to strangers, and to friends and people of a group the name, until its person says more", async () => {
    await change(ada, { about: "I run.", area: "North" });
    expect(await profile(stranger, ada)).toBe(404);
    expect(await profile(friend, ada)).toMatchObject({ name: "Ada", about: null, area: null, activities: null, relation: "friend" });
    expect(await profile(mate, ada)).toMatchObject({ name: "Ada", about: null, relation: "groupmate" });
    await change(ada, { visibility: { about: "friends", area: "groups", activities: "everybody" }, activities: ["running"] });
    expect(await profile(friend, ada)).toMatchObject({ about: "I run.", area: "North", activities: ["running"] });
    expect(await profile(mate, ada)).toMatchObject({ about: null, area: "North", activities: ["running"] });
    expect(await profile(stranger, ada)).toMatchObject({ name: null, about: null, area: null, activities: ["running"] });
  });

  test("hides at once what its person narrows, and all of it from whom they block or who blocks them", async () => {
    await change(ada, { visibility: { activities: "nobody", about: "nobody" } });
    expect([await profile(stranger, ada), await profile(friend, ada)]).toEqual([404, expect.objectContaining({ about: null })]);
    await call(mate, "POST", "/v1/me/blocks", { person: ada.person.id });
    expect([await profile(mate, ada), await profile(ada, mate)]).toEqual([404, 404]);
  });

  test("is found by its whole handle, in any case and from any region, and by nobody who is blocked", async () => {
    const name = handle();
    expect(await status(change(ada, { handle: name }))).toBe(200);
    const find = async (as: Somebody, text: string) => await status(call(as, "POST", "/v1/people/search", { handle: text }));
    expect([await find(stranger, name.toUpperCase()), await find(stranger, name.slice(0, -1)), await find(mate, name)]).toEqual([
      200, 404, 404,
    ]);
    expect(await status(change(friend, { handle: name }))).toBe(409);
    await change(ada, { handle: null });
    expect(await find(stranger, name)).toBe(404);
    expect(await status(change(friend, { handle: name }))).toBe(200);
    const kept = await env.DIRECTORY.prepare("select * from handles where person_id = ?").bind(friend.person.id).first();
    expect(JSON.stringify(kept)).not.toContain(name);
  });

  test("leads to whose profile has it, also after changes in the same moment of which one is refused", async () => {
    for (let round = 0; round < 4; round++) {
      const [one, other] = [handle(), handle()];
      const answers = await Promise.all([one, other].map(async (name) => await status(change(ada, { handle: name }))));
      const profile = z.object({ handle: z.string() }).parse(await (await call(ada, "GET", "/v1/me/social-profile")).json());
      const found = await Promise.all(
        [one, other].map(async (text) => await status(call(friend, "POST", "/v1/people/search", { handle: text }))),
      );
      expect(answers).toContain(200);
      expect(found).toEqual([one, other].map((name) => (name === profile.handle ? 200 : 404)));
    }
  });
});

describe("an invitation", () => {
  const invite = async (as: Somebody, body: unknown) =>
    madeInvitationSchema.parse(await (await call(as, "POST", "/v1/me/invitations", body)).json());
  const codeOf = (url: string) => url.split("/").pop() ?? "";
  const accept = async (as: Somebody, code: string) => await call(as, "POST", `/v1/invitations/${code}/acceptance`);

  test("makes friends of two people of different regions, once for each place in it, and only its hash is kept", async () => {
    const [ada, ben, cid] = await Promise.all([somebody("eu", { name: "Ada" }), somebody("us", { name: "Ben" }), somebody("eu")]);
    const made = await invite(ada, { via: "sms" });
    const code = codeOf(made.url);
    expect([made.text.includes(made.url), made.smsUrl?.startsWith("sms:")]).toEqual([true, true]);
    const shown = openInvitationSchema.parse(await (await fetchApp(`/v1/invitations/${code}`)).json());
    expect([shown.from, shown.group, shown.link]).toEqual(["Ada", null, `meridian://invite/${code}`]);
    const page = await fetchApp(`/invite/${code}`);
    expect([page.headers.get("content-type"), (await page.text()).includes("Ada")]).toEqual([expect.stringContaining("text/html"), true]);
    expect(await status(accept(ada, code))).toBe(409);
    expect([await status(accept(ben, code)), await status(accept(ben, code)), await status(accept(cid, code))]).toEqual([200, 200, 404]);
    const friends = z.object({ items: z.array(z.object({ id: z.string() })) });
    expect(friends.parse(await (await ada.fetch("/v1/me/friends")).json()).items).toMatchObject([{ id: ben.person.id }]);
    expect(friends.parse(await (await ben.fetch("/v1/me/friends")).json()).items).toMatchObject([{ id: ada.person.id }]);
    expect(await (await ada.fetch("/v1/me/invitations")).json()).toMatchObject({ items: [{ id: made.id, state: "used", uses: 1 }] });
    const kept = await regional(env, "eu").records.prepare("select * from invitations where id = ?").bind(made.id).first();
    expect(JSON.stringify(kept)).not.toContain(code.slice(6));
  });

  test("that was taken back, has expired or is wrong opens nothing and looks the same", async () => {
    const [ada, ben] = await Promise.all([somebody("eu"), somebody("eu")]);
    const revoked = await invite(ada, {});
    expect(await status(call(ada, "DELETE", `/v1/me/invitations/${revoked.id}`))).toBe(204);
    const expired = await invite(ada, { expiresInDays: 1 });
    await regional(env, "eu").records.prepare("update invitations set expires_at = 1 where id = ?").bind(expired.id).run();
    for (const { url } of [revoked, expired, { url: `/invite/mi_eu_${"A".repeat(43)}` }]) {
      expect([await status(accept(ben, codeOf(url))), await status(fetchApp(`/v1/invitations/${codeOf(url)}`))]).toEqual([404, 404]);
      expect(await (await fetchApp(`/invite/${codeOf(url)}`)).text()).toContain("No such invitation");
    }
  });

  test("by mail or to a number is sent, in the language that is asked for; neither is kept, and there are addresses to share it by", async () => {
    const ada = await somebody("eu", { name: "Ada" });
    const email = `friend-${crypto.randomUUID()}@people.test`;
    const number = `+4915${String(Date.now()).slice(-9)}`;
    const letter = await invite(ada, { via: "email", email, locale: "de" });
    const text = await invite(ada, { via: "sms", number, mostUses: 5 });
    expect([letter.mostUses, text.mostUses, text.smsUrl]).toEqual([1, 1, null]);
    expect(text.shares.telegram).toBe(
      `https://t.me/share/url?url=${encodeURIComponent(text.url)}&text=Ada%20invites%20you%20to%20be%20friends%20on%20Meridian%3A`,
    );
    for (const [to, made, words] of [
      [email, letter, ["lädt Sie", "List-Unsubscribe=One-Click"]],
      [number, text, ["Ada invites you", "Reply STOP"]],
    ] as const)
      await vi.waitFor(async () => {
        const outbox = await (await fetchApp(`/v1/dev/outbox?to=${encodeURIComponent(to)}`)).text();
        for (const part of [made.url, "Ada", ...words]) expect(outbox).toContain(part);
      });
    const { records } = regional(env, "eu");
    await vi.waitFor(async () => {
      const kept = await records.prepare("select * from guest_messages where person_id = ?").bind(ada.person.id).all();
      expect(kept.results).toMatchObject([
        { state: "sent", sealed: null },
        { state: "sent", sealed: null },
      ]);
      expect(JSON.stringify(kept.results)).not.toMatch(/people\.test|\+4915/);
    });
    for (const wrong of [
      { via: "sms", number: "0151 234567" },
      { via: "sms", number: "+0151234567" },
      { via: "link", number },
      { via: "email" },
    ])
      expect(await status(call(ada, "POST", "/v1/me/invitations", wrong)), JSON.stringify(wrong)).toBe(422);
  });

  test("into a group lets in, but nobody whom the group has banned, and nobody invites into a closed one but its administrators", async () => {
    const [owner, member, guest, banned] = await Promise.all([somebody("eu"), somebody("eu"), somebody("us"), somebody("us")]);
    const { id: group } = z
      .object({ id: z.string() })
      .parse(await (await call(owner, "POST", "/v1/groups", { name: "Runners", joining: "invitation" })).json());
    await call(owner, "POST", `/v1/groups/${group}/bans`, { person: banned.person.id });
    const code = codeOf((await invite(owner, { group, mostUses: 5 })).url);
    expect(await (await accept(guest, code)).json()).toMatchObject({ group });
    expect((await guest.fetch(`/v1/groups/${group}`)).status).toBe(200);
    expect(await status(accept(banned, code))).toBe(404);
    await accept(member, code);
    expect(await status(call(member, "POST", "/v1/me/invitations", { group }))).toBe(403);
  });

  test("does not pass a block", async () => {
    const [ada, ben] = await Promise.all([somebody("eu"), somebody("us")]);
    const code = codeOf((await invite(ada, { mostUses: 3 })).url);
    await call(ada, "POST", "/v1/me/blocks", { person: ben.person.id });
    expect(await status(accept(ben, code))).toBe(404);
  });
});

describe("people who look for somebody to train with", () => {
  const search = {
    purpose: "training",
    activities: ["padel", "running"],
    goals: ["event"],
    languages: ["de"],
    level: "beginner",
    times: ["tuesday_evening"],
    place: { lat: -41.2865, lon: 174.7762 },
  };
  const suggestions = async (as: Somebody) => suggestionListSchema.parse(await (await as.fetch("/v1/me/buddy-suggestions")).json()).items;
  const buddies = async (as: Somebody) => buddyListSchema.parse(await (await as.fetch("/v1/me/buddies")).json()).items;

  test("are found by who looks too, with reasons and a rough distance and no place, and not by who is blocked or does not look", async () => {
    const [ada, ben, shy, blocked] = await Promise.all([somebody("ap"), somebody("ap"), somebody("ap"), somebody("ap")]);
    expect(await status(call(shy, "GET", "/v1/me/buddy-suggestions"))).toBe(409);
    for (const one of [ada, ben, blocked]) expect(await status(call(one, "PUT", "/v1/me/buddy-profile", search))).toBe(200);
    await call(ada, "POST", "/v1/me/blocks", { person: blocked.person.id });
    const found = await suggestions(ada);
    expect(found.map(({ person }) => person.id)).toEqual([ben.person.id]);
    expect(found[0]?.reasons.map(({ kind, points }) => [kind, points])).toEqual([
      ["purpose", 5],
      ["activities", 20],
      ["goals", 5],
      ["times", 5],
      ["level", 10],
      ["distance", 15],
      ["languages", 5],
    ]);
    expect([found[0]?.score, found[0]?.distance, found[0]?.person.name]).toEqual([65, "near", null]);
    // Ids may hold any digits.
    expect(JSON.stringify(found).replaceAll(ben.person.id, "")).not.toMatch(/174|41\.2|-413|1747/);
    const kept = await regional(env, "ap")
      .records.prepare("select cell_lat, cell_lon from buddy_profiles where person_id = ?")
      .bind(ada.person.id)
      .first();
    expect(kept).toEqual({ cell_lat: -413, cell_lon: 1_747 });
    expect(await status(call(ada, "POST", "/v1/me/buddies", { person: shy.person.id }))).toBe(404);
    expect(await status(call(blocked, "POST", "/v1/me/buddies", { person: ada.person.id }))).toBe(404);
  });

  test("become buddies when both want it, cheer each other on, and either ends it without a word", async () => {
    const [ada, ben] = await Promise.all([somebody("eu", { name: "Ada" }), somebody("eu", { name: "Ben" })]);
    for (const one of [ada, ben]) await call(one, "PUT", "/v1/me/buddy-profile", search);
    expect(await (await call(ada, "POST", "/v1/me/buddies", { person: ben.person.id })).json()).toMatchObject({
      state: "waiting_for_them",
    });
    expect(await buddies(ben)).toMatchObject([{ person: { id: ada.person.id, name: "Ada" }, state: "waiting_for_you" }]);
    expect(await status(call(ada, "POST", `/v1/me/buddies/${ben.person.id}/nudge`))).toBe(404);
    expect(await (await call(ben, "POST", "/v1/me/buddies", { person: ada.person.id })).json()).toMatchObject({ state: "buddies" });
    expect((await suggestions(ada)).map(({ person }) => person.id)).not.toContain(ben.person.id);
    for (const _ of [1, 2]) expect(await status(call(ada, "POST", `/v1/me/buddies/${ben.person.id}/nudge`))).toBe(202);
    await expect
      .poll(async () => {
        const actor = { kind: "person", person: ben.person.id, session: ben.session } as const;
        const page = await vaultOf(env, ben.person.id).notifications(actor, { list: "all", limit: 50 });
        return page.items.filter(({ type }) => type === "nudge").length;
      })
      .toBe(1);
    expect(await status(call(ben, "DELETE", `/v1/me/buddies/${ada.person.id}`))).toBe(204);
    expect([await buddies(ada), await buddies(ben)]).toEqual([[], []]);
    expect(await status(call(ada, "DELETE", "/v1/me/buddy-profile"))).toBe(204);
    expect(await status(ada.fetch("/v1/me/buddy-profile"))).toBe(404);
  });
});

test("what SQL takes for a friendship is what the rules take for one", async () => {
  const instant = fc.integer({ min: 1, max: 5 }).map((n) => (n === 5 ? REQUEST_LASTS_MS + 3 : n));
  const tie = fc.record({
    wantsAt: fc.option(instant),
    refusedAt: fc.integer({ min: 0, max: 4 }),
    blockedAt: fc.option(instant, { freq: 1 }),
  });
  const pairs = fc.sample(fc.tuple(tie, tie), 400);
  const { results } = await regional(env, "eu")
    .records.prepare(
      `with pair as (select key, value from json_each(?1)),
        own as (select key, value ->> '$[0].wantsAt' as wants_at, value ->> '$[0].refusedAt' as refused_at, value ->> '$[0].blockedAt' as blocked_at from pair),
        other as (select key, value ->> '$[1].wantsAt' as wants_at, value ->> '$[1].refusedAt' as refused_at, value ->> '$[1].blockedAt' as blocked_at from pair)
       select coalesce(${FRIENDS}, 0) as friends from own join other on other.key = own.key order by own.key`,
    )
    .bind(JSON.stringify(pairs))
    .all<{ friends: number }>();
  expect(results.map(({ friends }) => friends === 1)).toEqual(pairs.map(([a, b]) => areFriends(a as Tie, b as Tie)));
});

test.each(Object.entries({ BUDDIES_QUERY, NEAR_QUERY, LATELY_QUERY, SPOKEN_QUERY, OWN_QUERY }))(
  "%s is answered from indexes",
  async (_name, sql) => {
    const values = Array.from({ length: new Set(sql.match(/\?\d/g)).size }, () => 1);
    const { results } = await env.RECORDS_EU.prepare(`explain query plan ${sql}`)
      .bind(...values)
      .all<{ detail: string }>();
    const scans = results.map(({ detail }) => detail).filter((detail) => detail.startsWith("SCAN "));
    expect(scans.filter((detail) => !/^SCAN CONSTANT|USING (?:COVERING )?INDEX/.test(detail))).toEqual([]);
  },
);
