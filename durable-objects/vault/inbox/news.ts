import type { News } from "../../../shared/notifications/types";
import type { InboxEntry } from "./inbox";

/** The thread of an entry of the inbox among notifications. */
export function threadOfInbox(id: string): string {
  return `inbox/${id}`;
}

/** What the person is told of an entry: that it is there. Its words are health data, and are read in the inbox. */
export function newsOfInbox({
  id,
  kind,
  isUrgent,
  updatedAt,
  from,
}: Pick<InboxEntry, "id" | "kind" | "isUrgent" | "updatedAt" | "from">): News {
  return {
    type: kind === "plan" ? "plan" : "care",
    key: `${id}/${updatedAt}`,
    about: { inbox: id, kind, from: from.id },
    thread: threadOfInbox(id),
    priority: isUrgent ? "high" : "normal",
  };
}
