import type { RoomId } from "../../shared/id";
import { keepReport, type SocialContext } from "../social";
import type { RoomPorts } from "./ports";

/**
 * Puts what was reported and nobody of the room may decide before the moderators of the room's region, with what was there then. Idempotent: the queue
 * brings a report at least once, and the room tells of it until it was taken.
 */
export async function handReport(ports: Pick<RoomPorts, "room">, context: SocialContext, room: RoomId, no: number): Promise<void> {
  const stub = ports.room(room);
  const report = await stub.reportToHand(no);
  if (report === undefined) return;
  const { seq, author, reporter, reason, note, evidence } = report;
  await keepReport(context, {
    kind: "message",
    subject: `${room}.${seq}`,
    within: room,
    author: author ?? undefined,
    reporter,
    reason,
    note,
    quote: evidence,
  });
  await stub.reportHanded(no);
}
