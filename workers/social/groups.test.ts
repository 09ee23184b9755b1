import { env } from "cloudflare:workers";
import { beforeAll, describe, expect, test } from "vitest";
import * as z from "zod";
import { parseId } from "../../shared/id";
import { somebody, type Somebody } from "../../test/staff";
import { regional } from "../regional";
import { FIND_QUERY, leaveAllGroups, MINE_QUERY } from "./groups";
import { groupSchema, memberListSchema } from "./group-schemas";
import { LIST_QUERY } from "./members";
import { groupsOf, membersOf, roleIn, shareGroup, socialContext } from ".";

const context = socialContext(env, Date.now);
const call = async (as: Somebody, method: string, path: string, body?: unknown) =>
  await as.fetch(path, {
    method,
    ...(body === undefined ? {} : { body: JSON.stringify(body), headers: { "content-type": "application/json" } }),
  });
const found = async (as: Somebody, joining: string) =>
  groupSchema.parse(await (await call(as, "POST", "/v1/groups", { name: "Runners", joining })).json());
const idOf = (text: string) => {
  const id = parseId("socialGroup", text);
  if (id === undefined) throw new TypeError("no group's id");
  return id;
};
const join = async (as: Somebody, group: string) => await call(as, "POST", `/v1/groups/${group}/membership`);
const leave = async (as: Somebody, group: string) => (await call(as, "DELETE", `/v1/groups/${group}/membership`)).status;
const members = async (as: Somebody, group: string, state = "member") =>
  memberListSchema.parse(await (await as.fetch(`/v1/groups/${group}/members?state=${state}`)).json()).items;
const ids = async (as: Somebody, group: string, state = "member") =>
  (await members(as, group, state)).map(({ person }) => person.id).toSorted();
const own = async (as: Somebody, show: string) =>
  z
    .object({ items: z.array(groupSchema) })
    .parse(await (await as.fetch(`/v1/groups?show=${show}`)).json())
    .items.map(({ id }) => id);

let owner: Somebody;
let near: Somebody;
let far: Somebody;
beforeAll(async () => {
  [owner, near, far] = await Promise.all([
    somebody("eu", { name: "Ada" }),
    somebody("eu", { name: "Ben" }),
    somebody("us", { name: "Cid" }),
  ]);
});

describe("an open group", () => {
  test("is found, joined at once by people of any region, and read by its members", async () => {
    const { id } = await found(owner, "open");
    expect(await own(near, "open")).toContain(id);
    expect((await near.fetch(`/v1/groups/${id}/members`)).status).toBe(404);
    for (const one of [near, far, far]) expect((await join(one, id)).status).toBe(200);
    expect(await ids(far, id)).toEqual([owner, near, far].map(({ person }) => person.id).toSorted());
    expect((await members(far, id)).map(({ person }) => person.name)).toContain("Ben");
    expect(await own(far, "member")).toContain(id);
    expect(await groupsOf(context, far.person.id)).toContain(id);
    expect(await shareGroup(context, far.person.id, near.person.id)).toBe(true);
    expect([await roleIn(context, idOf(id), owner.person.id), await roleIn(context, idOf(id), far.person.id)]).toEqual(["owner", "member"]);
    expect((await membersOf(context, idOf(id))).length).toBe(3);
    expect(await leave(far, id)).toBe(204);
    expect([await own(far, "member"), await roleIn(context, idOf(id), far.person.id)]).toEqual([[], undefined]);
  });

  test("hides from a member whom they block", async () => {
    const { id } = await found(owner, "open");
    await join(far, id);
    await call(far, "POST", "/v1/me/blocks", { person: owner.person.id });
    expect(await ids(far, id)).toEqual([far.person.id]);
    expect(await ids(owner, id)).toEqual([owner.person.id]);
    await call(far, "DELETE", `/v1/me/blocks/${owner.person.id}`);
  });
});

describe("a group that one asks to join", () => {
  test("lets in whom an administrator agrees to, and forgets whom one refuses", async () => {
    const { id } = await found(owner, "request");
    expect(await (await join(far, id)).json()).toMatchObject({ you: { state: "asked" } });
    expect(await own(far, "asked")).toEqual([id]);
    expect((await far.fetch(`/v1/groups/${id}/members`)).status).toBe(404);
    expect(await ids(owner, id, "asked")).toEqual([far.person.id]);
    expect((await call(owner, "POST", `/v1/groups/${id}/members/${far.person.id}/acceptance`)).status).toBe(204);
    expect(await roleIn(context, idOf(id), far.person.id)).toBe("member");
    await join(near, id);
    expect((await call(owner, "DELETE", `/v1/groups/${id}/members/${near.person.id}`)).status).toBe(204);
    expect((await call(owner, "POST", `/v1/groups/${id}/members/${near.person.id}/acceptance`)).status).toBe(404);
  });

  test("shows who waits to administrators alone", async () => {
    const { id } = await found(owner, "open");
    await join(near, id);
    expect((await near.fetch(`/v1/groups/${id}/members?state=asked`)).status).toBe(403);
    expect((await call(near, "PATCH", `/v1/groups/${id}`, { name: "Mine" })).status).toBe(403);
    expect((await call(near, "DELETE", `/v1/groups/${id}`)).status).toBe(403);
  });
});

describe("a group by invitation", () => {
  test("exists for those alone who are in it or invited", async () => {
    const { id } = await found(owner, "invitation");
    expect((await near.fetch(`/v1/groups/${id}`)).status).toBe(404);
    expect((await join(near, id)).status).toBe(404);
    expect(await own(near, "open")).not.toContain(id);
    expect((await call(owner, "POST", `/v1/groups/${id}/members`, { person: far.person.id })).status).toBe(202);
    expect(await own(far, "invited")).toEqual([id]);
    expect(await (await join(far, id)).json()).toMatchObject({ you: { state: "member" } });
  });

  test("does not invite on behalf of whom somebody blocks", async () => {
    const { id } = await found(owner, "invitation");
    const shy = await somebody("us");
    await call(shy, "POST", "/v1/me/blocks", { person: owner.person.id });
    expect((await call(owner, "POST", `/v1/groups/${id}/members`, { person: shy.person.id })).status).toBe(202);
    expect(await own(shy, "invited")).toEqual([]);
  });
});

test("a ban puts somebody out, and the group does not exist for them until it is lifted", async () => {
  const { id } = await found(owner, "open");
  await join(far, id);
  expect((await call(owner, "POST", `/v1/groups/${id}/bans`, { person: far.person.id })).status).toBe(201);
  expect((await far.fetch(`/v1/groups/${id}`)).status).toBe(404);
  expect((await join(far, id)).status).toBe(404);
  expect(await own(far, "open")).not.toContain(id);
  expect(await ids(owner, id, "banned")).toEqual([far.person.id]);
  expect((await call(owner, "DELETE", `/v1/groups/${id}/bans/${far.person.id}`)).status).toBe(204);
  expect((await join(far, id)).status).toBe(200);
});

test("a group keeps an owner: the last one neither leaves nor steps down, until somebody else is one", async () => {
  const { id } = await found(owner, "open");
  await join(near, id);
  const role = async (who: Somebody, next: string) =>
    (await call(owner, "PATCH", `/v1/groups/${id}/members/${who.person.id}`, { role: next })).status;
  expect([await leave(owner, id), await role(owner, "member")]).toEqual([409, 409]);
  expect(await role(near, "admin")).toBe(200);
  expect((await call(near, "DELETE", `/v1/groups/${id}/members/${owner.person.id}`)).status).toBe(403);
  expect(await role(near, "owner")).toBe(200);
  const left = await Promise.all([leave(owner, id), leave(near, id)]);
  // The one who is left takes the group along, or keeps it.
  expect(left.filter((status) => status === 204).length).toBeGreaterThanOrEqual(1);
  const rest = await membersOf(context, idOf(id));
  expect(rest.every((one) => one.role === "owner")).toBe(true);
});

test("the last member takes the group along", async () => {
  const { id } = await found(owner, "open");
  expect(await leave(owner, id)).toBe(204);
  expect((await owner.fetch(`/v1/groups/${id}`)).status).toBe(404);
});

test("where the last owner is erased, the longest-standing administrator owns the group, and one without members is gone", async () => {
  const { id } = await found(owner, "open");
  const alone = await found(owner, "open");
  await join(near, id);
  await join(far, id);
  await call(owner, "PATCH", `/v1/groups/${id}/members/${far.person.id}`, { role: "admin" });
  const { records } = regional(env, "eu");
  await records.batch(leaveAllGroups(records, owner.person.id));
  expect(await roleIn(context, idOf(id), far.person.id)).toBe("owner");
  expect(await roleIn(context, idOf(id), near.person.id)).toBe("member");
  expect(await membersOf(context, idOf(alone.id))).toEqual([]);
});

test("a change is refused where somebody else changed the group first", async () => {
  const { id } = await found(owner, "open");
  const change = async (tag: string, name: string) =>
    (
      await owner.fetch(`/v1/groups/${id}`, {
        method: "PATCH",
        headers: { "content-type": "application/json", "if-match": tag },
        body: JSON.stringify({ name }),
      })
    ).status;
  expect([await change('"1"', "Walkers"), await change('"1"', "Swimmers")]).toEqual([200, 412]);
});

test.each(Object.entries({ FIND_QUERY, MINE_QUERY, LIST_QUERY }))("%s is answered from indexes", async (_name, sql) => {
  const values = Array.from({ length: new Set(sql.match(/\?\d/g)).size }, () => "[]");
  const { results } = await env.RECORDS_EU.prepare(`explain query plan ${sql}`)
    .bind(...values)
    .all<{ detail: string }>();
  const plan = results.map(({ detail }) => detail);
  expect(
    plan.filter(
      (detail) => /^SCAN (?!CONSTANT|json_each|\(subquery)(?!.*USING (?:COVERING )?INDEX)/.test(detail) || /TEMP B-TREE/.test(detail),
    ),
  ).toEqual([]);
});
