import { type Fields, fieldsIn, isFields, textAt } from "../fhir/r4/issue";

/** What others write to a person, and which resources it is. */
export const INBOX_TYPES = {
  Communication: "message",
  Task: "task",
  CarePlan: "plan",
  Goal: "goal",
  ServiceRequest: "order",
} as const;
export type InboxType = keyof typeof INBOX_TYPES;
export type InboxKind = (typeof INBOX_TYPES)[InboxType];
export const INBOX_KINDS = ["message", "task", "plan", "goal", "order"] as const;

/** How a person answers what asks for an answer. */
export const ANSWERS = ["accepted", "rejected", "in-progress", "completed"] as const;
export type InboxAnswer = (typeof ANSWERS)[number];

export function isInboxType(type: string): type is InboxType {
  return Object.hasOwn(INBOX_TYPES, type);
}

/** What of a resource is said in words. */
export interface InboxWords {
  readonly title: string | null;
  readonly text: string | null;
  /** As the resource has it. */
  readonly status: string | null;
}

/** Title, text and status of a resource that lies in an inbox. */
export function wordsOf(resource: Fields): InboxWords {
  const type = textAt(resource, "resourceType") ?? "";
  const code = conceptText(resource["code"]);
  const notes = fieldsIn(resource["note"] ?? []).flatMap((note) => textAt(note, "text") ?? []);
  switch (type) {
    case "Communication": {
      const parts = fieldsIn(resource["payload"] ?? []).flatMap((part) => textAt(part, "contentString") ?? []);
      return { title: conceptText(resource["topic"]), text: joined([...parts, ...notes]), status: textAt(resource, "status") ?? null };
    }
    case "Goal":
      return { title: conceptText(resource["description"]), text: joined(notes), status: textAt(resource, "lifecycleStatus") ?? null };
    case "CarePlan": {
      const activities = fieldsIn(resource["activity"] ?? []).flatMap(({ detail }) => textAt(detail, "description") ?? []);
      const parts = [textAt(resource, "description") ?? "", ...activities, ...notes];
      return { title: textAt(resource, "title") ?? null, text: joined(parts), status: textAt(resource, "status") ?? null };
    }
    default:
      return {
        title: code,
        text: joined([textAt(resource, "description") ?? "", textAt(resource, "patientInstruction") ?? "", ...notes]),
        status: textAt(resource, "status") ?? null,
      };
  }
}

/** Whether a resource is urgent, and whether it waits for the person. */
export function weightOf(resource: Fields): { readonly isUrgent: boolean; readonly isOpen: boolean } {
  const status = textAt(resource, "status") ?? "";
  const isUrgent = ["urgent", "asap", "stat"].includes(textAt(resource, "priority") ?? "");
  switch (textAt(resource, "resourceType")) {
    case "Task":
      return { isUrgent, isOpen: ["requested", "received", "ready", "accepted", "in-progress", "on-hold"].includes(status) };
    case "Communication":
      return { isUrgent, isOpen: isUrgent };
    case "CarePlan":
      return { isUrgent, isOpen: status === "draft" };
    case "Goal":
      return { isUrgent, isOpen: textAt(resource, "lifecycleStatus") === "proposed" };
    default:
      return { isUrgent, isOpen: false };
  }
}

/** The statuses that an answer makes, by type; a type that is not here is answered in words. */
const STATUSES: Partial<Readonly<Record<InboxType, Partial<Readonly<Record<InboxAnswer, readonly [element: string, status: string]>>>>>> = {
  Task: {
    accepted: ["status", "accepted"],
    rejected: ["status", "rejected"],
    "in-progress": ["status", "in-progress"],
    completed: ["status", "completed"],
  },
  CarePlan: { accepted: ["status", "active"], rejected: ["status", "revoked"], completed: ["status", "completed"] },
  Goal: {
    accepted: ["lifecycleStatus", "accepted"],
    rejected: ["lifecycleStatus", "rejected"],
    completed: ["lifecycleStatus", "completed"],
  },
};

/** The resource with the status that an answer makes; undefined where the type knows no such answer. `at` is when, as an instant. */
export function answered(resource: Fields, answer: InboxAnswer, at: string): Fields | undefined {
  const type = textAt(resource, "resourceType") ?? "";
  const made = isInboxType(type) ? STATUSES[type]?.[answer] : undefined;
  if (made === undefined) return undefined;
  const [element, status] = made;
  return { ...resource, [element]: status, ...(type === "Task" && { lastModified: at }) };
}

/** A reply in words: a Communication about, or in response to, what lies in the inbox. It is of the same category, for the same eyes. */
export function replyTo(resource: Fields, patient: string, text: string, at: string): Fields {
  const reference = { reference: `${textAt(resource, "resourceType")}/${textAt(resource, "id")}` };
  const isMessage = resource["resourceType"] === "Communication";
  const writer = [resource["sender"], resource["requester"], resource["author"]].find((one) => isFields(one));
  return {
    resourceType: "Communication",
    status: "completed",
    ...(Array.isArray(resource["category"]) && { category: resource["category"] }),
    ...(isMessage ? { inResponseTo: [reference] } : { about: [reference] }),
    subject: { reference: `Patient/${patient}` },
    sender: { reference: `Patient/${patient}` },
    ...(writer !== undefined && { recipient: [writer] }),
    sent: at,
    payload: [{ contentString: text }],
  };
}

function conceptText(concept: unknown): string | null {
  const [coding] = fieldsIn(isFields(concept) ? (concept["coding"] ?? []) : []);
  return textAt(concept, "text") ?? textAt(coding, "display") ?? textAt(coding, "code") ?? null;
}

function joined(parts: readonly string[]): string | null {
  const said = parts.filter((part) => part.trim() !== "");
  return said.length === 0 ? null : said.join("\n");
}
