import { regionOf } from "../../shared/id";
import { syncPointerSchema } from "../../shared/vendors/pointer";
import { regional, vaultOf } from "../regional";
import { clearDue, registerConnection, setDue } from "./register-connection";

/** Seconds before a message is delivered again after its vault could not be reached; doubles with every attempt. */
const FIRST_DELAY_S = 10;
const LONGEST_DELAY_S = 3_600;

/**
 * Hands each pointer to its vault, which takes it into its own list of work: a message is done once the vault has it. A message that is
 * no pointer can never be done; it is delivered again until it lands in the dead-letter queue.
 */
export async function consumeSync(batch: MessageBatch, env: Env): Promise<void> {
  await Promise.all(batch.messages.map((message) => consume(message, env)));
}

async function consume(message: Message, env: Env): Promise<void> {
  const pointer = syncPointerSchema.safeParse(message.body);
  if (!pointer.success) return message.retry({ delaySeconds: FIRST_DELAY_S });
  const { person, connection } = pointer.data;
  try {
    const answer = await vaultOf(env, person).sync(pointer.data);
    const { records } = regional(env, regionOf(person));
    if (answer.outcome === "later") return message.retry({ delaySeconds: answer.retryAfterS });
    if (answer.outcome === "dropped") await clearDue(records, connection);
    else if (pointer.data.kind === "connected") await registerConnection(env.DIRECTORY, records, person, answer.registration);
    else if (pointer.data.kind === "due") await setDue(records, person, connection, answer.registration.dueAt);
    message.ack();
  } catch {
    message.retry({ delaySeconds: Math.min(LONGEST_DELAY_S, FIRST_DELAY_S * 2 ** Math.min(message.attempts - 1, 20)) });
  }
}

/** Pointers that could not be delivered for good become visible on their connection. What is no pointer belongs to nobody. */
export async function consumeDeadSync(batch: MessageBatch, env: Env): Promise<void> {
  await Promise.all(
    batch.messages.map(async (message) => {
      const pointer = syncPointerSchema.safeParse(message.body);
      if (pointer.success) await vaultOf(env, pointer.data.person).failSync(pointer.data);
      message.ack();
    }),
  );
}
