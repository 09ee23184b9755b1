import { Hono } from "hono";
import type { InboxEntry, InboxMark } from "../../durable-objects/vault/inbox/inbox";
import { type RegionalKeys, regionalKeys } from "../../shared/crypto/keys";
import { type AppContext, type AppEnv, personOf } from "../../shared/http/app-env";
import { openCursor, sealCursor } from "../../shared/http/cursor";
import { route } from "../../shared/http/route";
import { validate } from "../../shared/http/validate";
import { regionOf } from "../../shared/id";
import { namesOf } from "../partners";
import { regional, vaultOf } from "../regional";
import { answerBody, changeEntryBody, entryParam, entrySchema, type InboxEntryView, inboxQuery, inboxSchema } from "./schemas";

const TAGS = ["Inbox"] as const;

/** What others have written to the person, and their answers. */
export const inboxRoutes = new Hono<AppEnv>()
  .get(
    "/v1/me/inbox",
    route({
      policy: "person",
      summary: "What others have written to you: messages, tasks, plans",
      description:
        "By those whom you allow to advise you, the newest first. Each entry is a FHIR resource, shown as it is now; changing it makes it unread again. New ones are told on the live stream.",
      tags: TAGS,
      responses: { 200: inboxSchema },
      problems: ["invalid"],
    }),
    validate("query", inboxQuery),
    async (c) => {
      const actor = personOf(c);
      const { state, limit, cursor } = c.req.valid("query");
      const keys = keysOf(c);
      const scope = `inbox ${state}`;
      const after = cursor === undefined ? undefined : await openCursor<InboxMark>(keys, actor.person, scope, cursor);
      const page = await vaultOf(c.env, actor.person).inbox(actor, { unread: state === "unread", limit, after });
      const next = page.next === null ? null : await sealCursor(keys, actor.person, scope, page.next);
      return c.json({ items: await viewsOf(c, page.items), next, unread: page.unread });
    },
  )
  .patch(
    "/v1/me/inbox/:noticeId",
    route({
      policy: "person",
      summary: "Mark an entry of your inbox as read, or as unread",
      tags: TAGS,
      responses: { 200: entrySchema },
      problems: ["malformed", "invalid", "not_found"],
    }),
    validate("param", entryParam),
    validate("json", changeEntryBody),
    async (c) => {
      const actor = personOf(c);
      const entry = await vaultOf(c.env, actor.person).markInbox(actor, c.req.valid("param").noticeId, c.req.valid("json").read);
      return c.json(await viewOf(c, entry));
    },
  )
  .post(
    "/v1/me/inbox/:noticeId/answer",
    route({
      policy: "person",
      summary: "Answer an entry of your inbox",
      description:
        "A status changes the Task, CarePlan or Goal; words become a Communication in response. Whoever wrote it hears of both by their Subscription, as long as you share that with them.",
      tags: TAGS,
      responses: { 200: entrySchema },
      problems: ["malformed", "invalid", "not_found", "gone", "conflict"],
    }),
    validate("param", entryParam),
    validate("json", answerBody),
    async (c) => {
      const actor = personOf(c);
      const { status, text } = c.req.valid("json");
      const entry = await vaultOf(c.env, actor.person).answerInbox(actor, c.req.valid("param").noticeId, status, text);
      return c.json(await viewOf(c, entry));
    },
  );

function keysOf(c: AppContext): RegionalKeys {
  return regionalKeys(regional(c.env, regionOf(personOf(c).person)).keys);
}

async function viewOf(c: AppContext, entry: InboxEntry): Promise<InboxEntryView> {
  const [name] = await namesOf((region) => regional(c.env, region).records, [entry.from.id]);
  return shown(entry, name?.[1]);
}

/** Names are asked for once a page, and once a region. */
async function viewsOf(c: AppContext, entries: readonly InboxEntry[]): Promise<InboxEntryView[]> {
  const ids = entries.filter(({ from }) => from.kind === "organisation").map(({ from }) => from.id);
  const names = new Map(await namesOf((region) => regional(c.env, region).records, ids));
  return entries.map((entry) => shown(entry, names.get(entry.from.id)));
}

function shown(
  { isUrgent, isOpen, from, createdAt, updatedAt, readAt, answeredAt, ...rest }: InboxEntry,
  name: string | undefined,
): InboxEntryView {
  const iso = (at: number) => new Date(at).toISOString();
  return {
    ...rest,
    from: { ...from, name: name ?? null },
    urgent: isUrgent,
    open: isOpen,
    createdAt: iso(createdAt),
    updatedAt: iso(updatedAt),
    readAt: readAt === null ? null : iso(readAt),
    answeredAt: answeredAt === null ? null : iso(answeredAt),
  };
}
