import { utc } from "../../../shared/exports/records";
import { parseId } from "../../../shared/id";
import { roomDoor } from "../../doors";
import { type ExportKind, tableKind } from "./kind";

/** Records that are asked of a room at once. */
const AT_ONCE = 500;
/** A page of an export is shorter than this, in characters of its records. */
const LONGEST_PAGE = 2_000_000;

/** Conversations: the list of them, and what the person wrote and did in each, as the room has it. */
export const ROOM_KINDS: readonly ExportKind[] = [
  tableKind({
    kind: "rooms",
    tables: ["rooms"],
    resource: "room",
    columns: ["room", "kind", "state", "peer", "since"],
    notReimported: "proof",
    from: "rooms",
    key: ["room"],
    record: (row) => ({ room: row["room"], kind: row["kind"], state: row["state"], peer: row["peer"], since: utc(Number(row["since"])) }),
  }),
  {
    kind: "room-messages",
    tables: [],
    resource: "room",
    columns: [
      "seq",
      "at",
      "thread",
      "kind",
      "text",
      "sealed",
      "replyTo",
      "attachments",
      "card",
      "poll",
      "editedAt",
      "before",
      "name",
      "createdAt",
      "membership",
    ],
    notReimported: "proof",
    parts: ({ state }) =>
      state.sql
        .exec<{ room: string }>("SELECT room FROM rooms ORDER BY room")
        .toArray()
        .map(({ room }) => ({ part: room, records: 100 })),
    async rows({ state }, after, part) {
      const room = parseId("room", part);
      if (room === undefined) return [];
      const found: [readonly number[], Record<string, unknown>][] = [];
      let from = Number(after?.[0] ?? 0);
      for (let length = 0; length < LONGEST_PAGE;) {
        const records = JSON.parse(await roomDoor(state.env, room).exportOf(state.person, from, AT_ONCE)) as Record<string, unknown>[];
        for (const record of records) {
          length += JSON.stringify(record).length;
          found.push([[Number(record["seq"])], record]);
        }
        const last = Number(records.at(-1)?.["seq"] ?? 0);
        if (records.length < AT_ONCE || last <= from) return found;
        from = last;
      }
      return found;
    },
  },
];
