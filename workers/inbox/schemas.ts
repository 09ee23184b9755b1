import * as z from "zod";
import { ANSWERS, INBOX_KINDS } from "../../shared/inbox/inbox";

const EXAMPLE = "ntc_eu_01kad7wjcm0000000000000000";
export const entryParam = z.strictObject({ noticeId: z.string().min(1).max(64).meta({ example: EXAMPLE }) });

export const inboxQuery = z.strictObject({
  state: z.enum(["all", "unread"]).default("all"),
  limit: z.coerce.number().int().min(1).max(100).default(50),
  cursor: z.string().max(2_048).optional(),
});
export type InboxListQuery = z.output<typeof inboxQuery>;

export const changeEntryBody = z.strictObject({ read: z.boolean() }).meta({ id: "InboxChange", example: { read: true } });

export const answerBody = z
  .strictObject({
    status: z.enum(ANSWERS).optional().describe("Of a task, a plan or a goal"),
    text: z.string().trim().min(1).max(4_000).optional().describe("In words: becomes a Communication in response"),
  })
  .refine(({ status, text }) => status !== undefined || text !== undefined, "Answer by a status, in words, or both.")
  .meta({ id: "InboxAnswer", example: { status: "accepted", text: "I will." } });

const at = z.iso.datetime();
export const entrySchema = z
  .object({
    id: z.string(),
    kind: z.enum(INBOX_KINDS),
    reference: z.string().describe("The FHIR resource that it is"),
    from: z.object({ kind: z.enum(["organisation", "person", "app"]), id: z.string(), name: z.string().nullable() }),
    title: z.string().nullable(),
    text: z.string().nullable(),
    status: z.string().nullable().describe("As the resource has it"),
    urgent: z.boolean(),
    open: z.boolean().describe("Whether it waits for an answer"),
    createdAt: at,
    updatedAt: at,
    readAt: at.nullable(),
    answeredAt: at.nullable(),
  })
  .meta({ id: "InboxEntry" });
export type InboxEntryView = z.infer<typeof entrySchema>;
export const inboxSchema = z
  .object({ items: z.array(entrySchema), next: z.string().nullable(), unread: z.number().int() })
  .meta({ id: "Inbox" });
