import type { SyncAnswer } from "../../durable-objects/vault/connections/connections";
import { type ConnectionId, type PersonId, regionOf, type VendorCredentialId } from "../../shared/id";
import { type SyncPointer, syncPointerSchema } from "../../shared/vendors/pointer";
import { regional, vaultOf } from "../regional";
import { accountById, ownAccountStores } from "./own-accounts";
import { clearDue, registerConnection, setDue } from "./register-connection";

/** Seconds before a message is delivered again after its vault could not be reached; doubles with every attempt. */
const FIRST_DELAY_S = 10;
const LONGEST_DELAY_S = 3_600;

interface Delivery {
  readonly message: Message;
  readonly pointer: SyncPointer;
}

/**
 * Hands the pointers to their vaults, all of one person in one call; a vault takes them into its own list of work, and then their messages
 * are done. A message that is no pointer can never be done; it is delivered again until it lands in the dead-letter queue.
 */
export async function consumeSync(batch: MessageBatch, env: Env): Promise<void> {
  const deliveries: Delivery[] = [];
  for (const message of batch.messages) {
    const pointer = syncPointerSchema.safeParse(message.body);
    if (pointer.success) deliveries.push({ message, pointer: pointer.data });
    else message.retry({ delaySeconds: FIRST_DELAY_S });
  }
  const byPerson = Map.groupBy(deliveries, ({ pointer }) => pointer.person);
  await Promise.all([...byPerson].map(([person, own]) => deliver(person, own, env)));
}

async function deliver(person: PersonId, deliveries: readonly Delivery[], env: Env): Promise<void> {
  let answers: readonly SyncAnswer[];
  try {
    answers = await vaultOf(env, person).sync(deliveries.map(({ pointer }) => pointer));
  } catch {
    for (const { message } of deliveries) again(message);
    return;
  }
  await Promise.all(deliveries.map(({ message, pointer }, i) => settle(message, pointer, answers[i], env)));
}

/** Keeps the books of one pointer that its vault has answered, and then its message is done. */
async function settle(message: Message, pointer: SyncPointer, answer: SyncAnswer | undefined, env: Env): Promise<void> {
  if (answer === undefined) return again(message);
  if (answer.outcome === "later") return message.retry({ delaySeconds: answer.retryAfterS });
  const { person, connection, kind } = pointer;
  const { records } = regional(env, regionOf(person));
  try {
    if (pointer.kind === "credential") await renewAccount(env, person, connection, pointer.credential);
    else if (answer.outcome === "dropped") await clearDue(records, connection);
    else if (kind === "connected" && answer.registration !== undefined) {
      const { registration } = answer;
      await registerConnection(env.DIRECTORY, records, person, registration);
      // The account may have changed while nobody could be told: before it was findable, or during a move.
      if (registration.credential !== null) await renewAccount(env, person, connection, registration.credential);
    } else if (kind === "due" && answer.registration !== undefined) await setDue(records, person, connection, answer.registration.dueAt);
    message.ack();
  } catch {
    again(message);
  }
}

/** Brings a vault the present state of the organisation's account that a connection goes through. */
async function renewAccount(env: Env, person: PersonId, connection: ConnectionId, credential: VendorCredentialId): Promise<void> {
  const found = await accountById(ownAccountStores(env), credential);
  await vaultOf(env, person).renewAccount(connection, credential, found === undefined ? null : JSON.stringify(found.own));
}

function again(message: Message): void {
  message.retry({ delaySeconds: Math.min(LONGEST_DELAY_S, FIRST_DELAY_S * 2 ** Math.min(message.attempts - 1, 20)) });
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
