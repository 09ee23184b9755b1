import type { SyncAnswer } from "../../durable-objects/vault/connections/connections";
import { type ConnectionId, type PersonId, regionOf, type VendorCredentialId } from "../../shared/id";
import { pointersIn, type SyncPointer, type VaultPointer } from "../../shared/vendors/pointer";
import { regional, vaultOf } from "../regional";
import { bringPushes } from "./bring-pushes";
import { accountById, ownAccountStores } from "./own-accounts";
import { clearDue, registerConnection, setDue } from "./register-connection";

/** Seconds before a message is delivered again after its vault could not be reached the first time. */
const FIRST_DELAY_S = 10;
const LONGEST_DELAY_S = 3_600;

/** Between the answer of one vault and the call of the next; who has not answered for so long is not waited for. */
const SLOW_MS = 50;
const PAUSE_MS = 5;

/** What is to become of a pointer: seconds until it comes again, or undefined where it is done. */
type Verdict = number | undefined;

/** How far a message is: pointers that are not settled yet, and the longest that one of them wants to wait. */
interface Book {
  left: number;
  delayS: Verdict;
}

interface Delivery {
  readonly message: Message;
  readonly pointer: SyncPointer;
}

/**
 * Hands the pointers to their vaults, all of one person in one call; a vault takes them into its own list of work. A message is done when all its
 * pointers are; else it comes again whole, and what was done of it is done again, which changes nothing. A message that holds no pointer can
 * never be done; it is delivered again until it lands in the dead-letter queue. Data that wait at a gate are brought from there.
 */
export async function consumeSync(batch: MessageBatch, env: Env): Promise<void> {
  const books = new Map<Message, Book>();
  const deliveries: Delivery[] = [];
  for (const message of batch.messages) {
    const { pointers, faults } = pointersIn(message.body);
    if (pointers.length === 0) message.retry({ delaySeconds: FIRST_DELAY_S });
    else books.set(message, { left: pointers.length, delayS: faults > 0 ? FIRST_DELAY_S : undefined });
    for (const pointer of pointers) deliveries.push({ message, pointer });
  }
  const work: Promise<void>[] = [];
  for (const [person, own] of Map.groupBy(deliveries, ({ pointer }) => pointer.person)) {
    // What people wait for goes between: a hundred vaults in a row would hold it up. One that is slow holds up the others but shortly.
    const last = work.at(-1);
    if (last !== undefined) {
      await Promise.race([last, scheduler.wait(SLOW_MS)]);
      await scheduler.wait(PAUSE_MS);
    }
    work.push(
      deliver(person, own, env).then((verdicts) => {
        for (const [i, { message }] of own.entries()) enter(message, books.get(message)!, verdicts[i]);
      }),
    );
  }
  await Promise.all(work);
}

/** Notes what becomes of one pointer of a message; with the last one the message is done, or comes again. */
function enter(message: Message, book: Book, verdict: Verdict): void {
  book.left--;
  if (verdict !== undefined) book.delayS = Math.max(verdict, book.delayS ?? 0);
  if (book.left > 0) return;
  if (book.delayS === undefined) message.ack();
  else message.retry({ delaySeconds: book.delayS });
}

async function deliver(person: PersonId, deliveries: readonly Delivery[], env: Env): Promise<readonly Verdict[]> {
  // What a vendor sent before it told of an end is there before the end.
  const failed = new Set<ConnectionId>();
  const pushed = new Map(deliveries.flatMap(({ pointer }) => (pointer.kind === "pushed" ? [[pointer.connection, pointer]] : [])));
  for (const [connection, pointer] of pushed) await bringPushes(env, pointer).catch(() => failed.add(connection));
  const others = deliveries.flatMap(({ pointer }) => (pointer.kind === "pushed" ? [] : [pointer]));
  let answers: readonly SyncAnswer[] = [];
  try {
    if (others.length > 0) answers = await vaultOf(env, person).sync(others);
  } catch {
    // Each comes again.
  }
  const answered = new Map<SyncPointer, SyncAnswer | undefined>(others.map((pointer, i) => [pointer, answers[i]]));
  return await Promise.all(
    deliveries.map(async ({ message, pointer }) => {
      if (pointer.kind === "pushed") return failed.has(pointer.connection) ? delayOf(message) : undefined;
      return await settle(message, pointer, answered.get(pointer), env);
    }),
  );
}

/** Keeps the books of one pointer that its vault has answered, and then it is done. */
async function settle(message: Message, pointer: VaultPointer, answer: SyncAnswer | undefined, env: Env): Promise<Verdict> {
  if (answer === undefined) return delayOf(message);
  if (answer.outcome === "later") return answer.retryAfterS;
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
    return undefined;
  } catch {
    return delayOf(message);
  }
}

/** Brings a vault the present state of the organisation's account that a connection goes through. */
async function renewAccount(env: Env, person: PersonId, connection: ConnectionId, credential: VendorCredentialId): Promise<void> {
  const found = await accountById(ownAccountStores(env), credential);
  await vaultOf(env, person).renewAccount(connection, credential, found === undefined ? null : JSON.stringify(found.own));
}

/** Seconds until a message comes again; they double with every attempt. */
function delayOf(message: Message): number {
  return Math.min(LONGEST_DELAY_S, FIRST_DELAY_S * 2 ** Math.min(message.attempts - 1, 20));
}

/** Pointers that could not be delivered for good become visible on their connection. What is no pointer belongs to nobody. */
export async function consumeDeadSync(batch: MessageBatch, env: Env): Promise<void> {
  for (const message of batch.messages) {
    const { pointers } = pointersIn(message.body);
    await Promise.all(pointers.map((pointer) => vaultOf(env, pointer.person).failSync(pointer)));
    message.ack();
  }
}
