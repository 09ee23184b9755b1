import * as z from "zod";
import { parseId } from "../../shared/id";
import { vaultOf } from "../regional";
import { bulkPointer, buryBulk, workBulk } from "./bulk-job";

const pointerSchema = z.strictObject({
  kind: z.literal("fhir-forward"),
  person: z.string().transform((text, ctx) => parseId("person", text) ?? (ctx.addIssue("not a person's id"), z.NEVER)),
  target: z.string().transform((text, ctx) => parseId("target", text) ?? (ctx.addIssue("not a target's id"), z.NEVER)),
});

const LONGEST_DELAY_S = 43_200;

/** Asks each pointer's vault to send what is due, and works at exports. The message comes back where the target wants time; the vault counts the attempts. */
export async function consumeForwards(batch: MessageBatch, env: Env): Promise<void> {
  await Promise.all(
    batch.messages.map(async (message) => {
      const bulk = bulkPointer.safeParse(message.body);
      if (bulk.success) {
        try {
          await workBulk(env, bulk.data.id);
          return message.ack();
        } catch {
          return message.retry({ delaySeconds: Math.min(2 ** message.attempts, LONGEST_DELAY_S) });
        }
      }
      const pointer = pointerSchema.safeParse(message.body);
      // A message that is no pointer will never become one.
      if (!pointer.success) return message.ack();
      try {
        const { retryAfterMs } = await vaultOf(env, pointer.data.person).forwardFhir(pointer.data.target);
        if (retryAfterMs === undefined) return message.ack();
        message.retry({ delaySeconds: Math.min(Math.ceil(retryAfterMs / 1_000), LONGEST_DELAY_S) });
      } catch {
        message.retry({ delaySeconds: Math.min(2 ** message.attempts, LONGEST_DELAY_S) });
      }
    }),
  );
}

/** What ran out of attempts is written down in the person's vault, where they see it and may send it again. */
export async function buryForwards(batch: MessageBatch, env: Env): Promise<void> {
  await Promise.all(
    batch.messages.map(async (message) => {
      const pointer = pointerSchema.safeParse(message.body);
      const bulk = bulkPointer.safeParse(message.body);
      if (bulk.success) await buryBulk(env, bulk.data.id);
      if (pointer.success) await vaultOf(env, pointer.data.person).buryFhir(pointer.data.target);
      message.ack();
    }),
  );
}
