import type { RoomPointer, RoomsMark } from "../../durable-objects/vault/rooms/rooms";
import type { PersonActor } from "../../shared/context";
import { openCursor, sealCursor } from "../../shared/http/cursor";
import { regionOf, type RoomId } from "../../shared/id";
import type { MessageView, RoomView } from "../../shared/messaging/views";
import { isProblem } from "../../shared/problem";
import type { RoomPorts } from "./ports";

/** Rooms that are asked at once. */
const AT_ONCE = 25;
/** Rooms that are counted and looked through for a person. */
const MOST_COUNTED = 200;
const MOST_SEARCHED = 50;

export interface RoomsQuery {
  readonly state: "active" | "invited";
  readonly archived: "with" | "without" | "only";
  readonly limit: number;
  readonly cursor?: string | undefined;
}

/** One page of the actor's rooms, as each of them shows itself to the actor now: its counts are its own. */
export async function listRooms(
  ports: RoomPorts,
  actor: PersonActor,
  { state, archived, limit, cursor }: RoomsQuery,
): Promise<{ items: RoomView[]; next: string | null }> {
  const keys = ports.keys(regionOf(actor.person));
  const scope = `rooms ${state} ${archived}`;
  let before = cursor === undefined ? undefined : await openCursor<RoomsMark>(keys, actor.person, scope, cursor);
  const items: RoomView[] = [];
  for (;;) {
    const page = await ports.vault(actor.person).rooms(actor, state, before, limit);
    const views = await viewsOf(ports, actor, page);
    for (const [i, view] of views.entries()) {
      const pointer = page[i];
      if (pointer !== undefined) before = { since: pointer.since, room: pointer.room };
      if (view !== undefined && (archived === "with" || view.own.archived === (archived === "only"))) items.push(view);
      if (items.length === limit && (i < page.length - 1 || page.length === limit)) {
        return { items, next: await sealCursor(keys, actor.person, scope, before) };
      }
    }
    if (page.length < limit) return { items, next: null };
  }
}

/** What is unread in all of the actor's rooms together, of the latest of them; muted and archived ones do not count. */
export async function unreadTotals(ports: RoomPorts, actor: PersonActor) {
  const vault = ports.vault(actor.person);
  const [active, invited] = [
    await vault.rooms(actor, "active", undefined, MOST_COUNTED),
    await vault.rooms(actor, "invited", undefined, MOST_COUNTED),
  ];
  const now = ports.now();
  const views = (await viewsOf(ports, actor, active)).filter(
    (view): view is RoomView =>
      view !== undefined && !view.own.archived && (view.own.mutedUntil === null || Date.parse(view.own.mutedUntil) <= now),
  );
  const counts = views.map(({ unread }) => ({
    messages: unread.messages + unread.threads.reduce((sum, { messages }) => sum + messages, 0),
    mentions: unread.mentions + unread.threads.reduce((sum, { mentions }) => sum + mentions, 0),
    marked: unread.marked,
  }));
  return {
    rooms: counts.filter(({ messages, marked }) => messages > 0 || marked).length,
    messages: counts.reduce((sum, { messages }) => sum + messages, 0),
    mentions: counts.reduce((sum, { mentions }) => sum + mentions, 0),
    invitations: invited.length,
  };
}

/** Looks for words in the actor's own rooms, the latest of them; the newest messages first. Sealed rooms are left out. */
export async function searchOwn(ports: RoomPorts, actor: PersonActor, words: string, limit: number) {
  const page = await ports.vault(actor.person).rooms(actor, "active", undefined, MOST_SEARCHED);
  const found: { room: RoomId; message: MessageView; highlights: readonly (readonly number[])[] }[] = [];
  let searched = 0;
  await eachOf(page, async ({ room }) => {
    try {
      const hits = await ports.room(room).search(actor.person, { words, limit });
      searched++;
      found.push(...hits.map((hit) => ({ room, message: hit.message, highlights: hit.highlights })));
    } catch (error) {
      if (!isProblem(error) || !["conflict", "not_found"].includes(error.code)) throw error;
    }
  });
  const items = found.toSorted((a, b) => (a.message.at < b.message.at ? 1 : -1)).slice(0, limit);
  return { items, searched };
}

async function viewsOf(ports: RoomPorts, actor: PersonActor, page: readonly RoomPointer[]): Promise<(RoomView | undefined)[]> {
  return await eachOf(page, async ({ room }) => await ports.room(room).viewIfMember(actor.person));
}

/** Asks rooms, each an object of its own, some at once; answers in their order. */
async function eachOf<T>(page: readonly RoomPointer[], ask: (pointer: RoomPointer) => Promise<T>): Promise<T[]> {
  const answers: T[] = [];
  for (let i = 0; i < page.length; i += AT_ONCE) answers.push(...(await Promise.all(page.slice(i, i + AT_ONCE).map(ask))));
  return answers;
}
