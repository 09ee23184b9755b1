import { runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { SELECT_INBOX } from "../../durable-objects/vault/inbox/inbox";
import { expect, test } from "vitest";
import { WHOLE_REACH } from "../../shared/fhir/reach";
import { newId, systemRandom } from "../../shared/id";
import { type RegisteredPerson, registerPerson } from "../../test/people";
import { connectVault } from "../../test/live-client";
import { vaultOf } from "../regional";

interface Entry {
  readonly id: string;
  readonly kind: string;
  readonly reference: string;
  readonly title: string | null;
  readonly text: string | null;
  readonly status: string | null;
  readonly urgent: boolean;
  readonly open: boolean;
  readonly readAt: string | null;
  readonly answeredAt: string | null;
}

/** An app of the person's, by whose hand something is written. */
function appOf({ person }: RegisteredPerson) {
  const session = newId("session", person.region, Date.now(), systemRandom);
  return { kind: "person", person: person.id, session, reach: WHOLE_REACH } as const;
}
const patientOf = ({ person }: RegisteredPerson) => ({ reference: `Patient/${person.id.replaceAll("_", "-")}` });
async function write(ada: RegisteredPerson, resource: { readonly resourceType: string } & Record<string, unknown>): Promise<string> {
  const { json = "{}" } = await vaultOf(env, ada.person.id).fhir(appOf(ada), {
    kind: "create",
    type: resource.resourceType,
    resource: JSON.stringify(resource),
  });
  return (JSON.parse(json) as { id: string }).id;
}
async function list(ada: RegisteredPerson, query = ""): Promise<{ items: Entry[]; next: string | null; unread: number }> {
  return await (await ada.fetch(`/v1/me/inbox${query}`)).json();
}
async function post(ada: RegisteredPerson, method: string, path: string, body: unknown) {
  const response = await ada.fetch(path, { method, headers: { "content-type": "application/json" }, body: JSON.stringify(body) });
  return { status: response.status, body: (await response.json()) as Entry & { errors?: { code: string }[] } };
}
const message = (ada: RegisteredPerson, text: string) => ({
  resourceType: "Communication",
  status: "completed",
  priority: "urgent",
  subject: patientOf(ada),
  payload: [{ contentString: text }],
});
const task = (ada: RegisteredPerson) => ({
  resourceType: "Task",
  status: "requested",
  intent: "order",
  code: { text: "Measure your weight" },
  description: "Every morning",
  for: patientOf(ada),
});

test("holds what others write, newest first, until it is read, and again once they change it; what the person writes is no news", async () => {
  const ada = await registerPerson("eu");
  const first = await write(ada, message(ada, "Your heart beats fast. Rest."));
  await write(ada, task(ada));
  await write(ada, { resourceType: "Goal", lifecycleStatus: "proposed", description: { text: "Walk more" }, subject: patientOf(ada) });
  const own = await ada.fetch("/fhir/r4/Task", {
    method: "POST",
    headers: { "content-type": "application/fhir+json" },
    body: JSON.stringify(task(ada)),
  });
  expect(own.status).toBe(201);
  const { items, unread } = await list(ada);
  expect(unread).toBe(3);
  expect(items.map(({ kind, title, text, status, urgent, open }) => [kind, title, text, status, urgent, open])).toEqual([
    ["goal", "Walk more", null, "proposed", false, true],
    ["task", "Measure your weight", "Every morning", "requested", false, true],
    ["message", null, "Your heart beats fast. Rest.", "completed", true, true],
  ]);
  const page = await list(ada, "?limit=2");
  const rest = await list(ada, `?limit=2&cursor=${encodeURIComponent(page.next ?? "")}`);
  expect([...page.items, ...rest.items].map(({ id }) => id)).toEqual(items.map(({ id }) => id));

  const entry = items[2];
  expect(await post(ada, "PATCH", `/v1/me/inbox/${entry?.id}`, { read: true })).toMatchObject({
    status: 200,
    body: { readAt: expect.stringContaining("T") as unknown },
  });
  expect((await list(ada, "?state=unread")).items.length).toBe(2);
  const changed = { ...message(ada, "Come by."), id: first };
  await vaultOf(env, ada.person.id).fhir(appOf(ada), {
    kind: "update",
    type: "Communication",
    id: first,
    resource: JSON.stringify(changed),
  });
  expect((await list(ada, "?state=unread")).items[0]).toMatchObject({ id: entry?.id, text: "Come by.", readAt: null });
  expect((await ada.fetch(`/fhir/r4/Communication/${first}`, { method: "DELETE" })).status).toBe(204);
  expect((await list(ada)).items.map(({ kind }) => kind)).toEqual(["goal", "task"]);
});

test("an answer becomes the status of a task, and words become a message in response", async () => {
  const ada = await registerPerson("eu");
  const id = await write(ada, task(ada));
  const [entry] = (await list(ada)).items;
  const path = `/v1/me/inbox/${entry?.id}/answer`;
  expect(await post(ada, "POST", path, { status: "accepted", text: "I will." })).toMatchObject({
    status: 200,
    body: {
      status: "accepted",
      open: true,
      answeredAt: expect.stringContaining("T") as unknown,
      readAt: expect.stringContaining("T") as unknown,
    },
  });
  expect(await post(ada, "POST", path, { status: "completed" })).toMatchObject({ body: { status: "completed", open: false } });
  const replies = await (await ada.fetch("/fhir/r4/Communication")).json<{ entry: { resource: object }[] }>();
  expect(replies.entry.map(({ resource }) => resource)).toMatchObject([
    { about: [{ reference: `Task/${id}` }], sender: patientOf(ada), payload: [{ contentString: "I will." }] },
  ]);
  // Their own words are no news to them.
  expect((await list(ada)).items.length).toBe(1);

  await write(ada, message(ada, "How are you?"));
  const [question] = (await list(ada)).items;
  expect(await post(ada, "POST", `/v1/me/inbox/${question?.id}/answer`, { status: "accepted" })).toMatchObject({
    status: 422,
    body: { errors: [{ code: "not_answerable" }] },
  });
  expect(await post(ada, "POST", `/v1/me/inbox/${question?.id}/answer`, { text: "Well." })).toMatchObject({ body: { open: false } });
});

test("is told on the person's live stream as it fills", async () => {
  const ada = await registerPerson("eu");
  const socket = await connectVault(vaultOf(env, ada.person.id), { ...appOf(ada), reach: undefined });
  expect((await socket.next()).type).toBe("hello");
  await write(ada, message(ada, "Rest."));
  // The words are asked for.
  const notice = await socket.next();
  expect(notice).toMatchObject({ type: "notice", kind: "message", urgent: true, unread: 1 });
  expect(JSON.stringify(notice)).not.toContain("Rest.");
  socket.close();
});

test("pages are read through their index", async () => {
  const ada = await registerPerson("eu");
  const plans = await runInDurableObject(vaultOf(env, ada.person.id), (_vault, { storage }) =>
    [
      `${SELECT_INBOX} ORDER BY updated_at DESC, id DESC LIMIT ?`,
      `${SELECT_INBOX} AND read_at IS NULL ORDER BY updated_at DESC, id DESC LIMIT ?`,
    ].map((query) =>
      storage.sql
        .exec<{ detail: string }>(`EXPLAIN QUERY PLAN ${query}`, 1, "", 1)
        .toArray()
        .map(({ detail }) => detail)
        .join(),
    ),
  );
  expect(plans).toEqual([expect.stringContaining("USING INDEX inbox_by_time"), expect.stringContaining("USING INDEX inbox_unread")]);
});
