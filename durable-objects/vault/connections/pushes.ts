import * as z from "zod";
import { SECOND_MS } from "../../../shared/clock";
import type { LabBatch } from "../../../shared/labs/result";
import type { PushedPointer } from "../../../shared/vendors/pointer";
import { liveVendor } from "../../../shared/vendors/vendors";
import type { VaultState } from "../state";
import { type Connection, type ConnectionRows, LIVE_STATES } from "./connection-rows";
import type { ConnectionPorts } from "./ports";
import { type Fate, type Push, PushRows } from "./push-rows";
import { ALARM_SLICE, type PushedPart, type Runner } from "./runner";

/** Stores laboratory results that a vendor sent for a connection. */
export type LabKeeper = (labs: LabBatch, connection: string) => Promise<void>;

export interface PushPorts {
  readonly runner: Pick<Runner, "take">;
  readonly recordLabs: LabKeeper;
  /** Looks at what a connection wants to read next: a push may have brought what was waited for. */
  readonly wake: (connection: string) => void;
  /** The gate that keeps what a pointer names. */
  readonly gate: ConnectionPorts["pushGate"];
}

const TIMER = "connections-pushes";
/**
 * Vendors that push send many calls in a row: what comes within this time at most is read together. A call speaks of many people, whose
 * vaults should not all work at the same moment.
 */
const WAIT_MS = SECOND_MS;
const MOST_TOGETHER = 500;
/** What is parsed and held in memory at a time. */
const LETTERS_AT_ONCE = 4_000_000;
/** A row holds 2 MB; a letter takes up to three bytes. */
const LONGEST_KEPT = 600_000;
/** Failures after which pushes are read one by one. */
const ATTEMPTS_TOGETHER = 3;

const partsSchema = z.array(z.object({ resource: z.string(), reply: z.unknown() }));

/** Data that vendors' calls bring themselves: kept as they came, and read a moment later, many calls by one write. */
export class Pushes {
  readonly #state: VaultState;
  readonly #connections: Pick<ConnectionRows, "get" | "addEvent">;
  readonly #ports: PushPorts;
  readonly #rows: PushRows;
  /** Connections whose timer is set: storing a push then asks nothing about timers. */
  readonly #awaited = new Set<string>();
  readonly #turns = new Map<string, Promise<void>>();

  constructor(state: VaultState, connections: Pick<ConnectionRows, "get" | "addEvent">, ports: PushPorts) {
    this.#state = state;
    this.#connections = connections;
    this.#ports = ports;
    this.#rows = new PushRows(state.sql);
    state.timers.on(TIMER, (id, attempts) => this.#alarm(id, attempts));
  }

  /**
   * Takes a push of a connection that was too long to wait at the gate, after what waits there. It is durable when this answers, and is read within
   * a second, or at once where it is too long for a row too. False where nobody takes it: the connection did not live when it came.
   *
   * @param stay throws where the vault is about to leave: what it stores then stays behind
   */
  async take(id: string, push: Push, from: PushedPointer, stay: () => void): Promise<boolean> {
    return await this.#inTurn(id, async () => {
      await this.#fetchAll(id, from, stay);
      stay();
      return push.parts.length > LONGEST_KEPT ? await this.#readLong(id, push, stay) : this.#keep(id, [push])[0] === "kept";
    });
  }

  /**
   * Fetches all that waits for a connection at a gate, in the order in which it came, and keeps it; what is kept, or was removed by the person, the
   * gate forgets. Returns the numbers of what nobody takes here.
   *
   * @param only of these alone, which came for another connection; whoever asks tells the gate, since others may want them too
   */
  async fetch(id: string, from: PushedPointer, stay: () => void, only?: readonly number[]): Promise<number[]> {
    return await this.#inTurn(id, async () => await this.#fetchAll(id, from, stay, only));
  }

  async #fetchAll(id: string, from: PushedPointer, stay: () => void, only?: readonly number[]): Promise<number[]> {
    const gate = this.#ports.gate(from);
    const left: number[] = [];
    for (let after = 0; ;) {
      const waiting = await gate.waitingPushes(from.connection, after, LETTERS_AT_ONCE, only);
      const last = waiting.at(-1);
      if (last === undefined) return left;
      stay();
      const fates = this.#keep(id, waiting);
      const done: number[] = [];
      for (const [i, push] of waiting.entries()) (fates[i] === "refused" ? left : done).push(push.id);
      // Not before the write is durable: calls wait for that.
      if (done.length > 0 && only === undefined) await gate.donePushes(done);
      after = last.id;
    }
  }

  /** One after the other for a connection: an older version of a reading must not come after a newer one. */
  async #inTurn<T>(id: string, work: () => Promise<T>): Promise<T> {
    const turn = (this.#turns.get(id) ?? Promise.resolve()).then(work);
    const over = turn.then(
      () => undefined,
      () => undefined,
    );
    this.#turns.set(id, over);
    try {
      return await turn;
    } finally {
      if (this.#turns.get(id) === over) this.#turns.delete(id);
    }
  }

  #keep(id: string, pushes: readonly Push[]): readonly Fate[] {
    const { timers, now } = this.#state;
    const fates = this.#rows.add(id, pushes);
    if (fates.includes("kept")) {
      if (!this.#awaited.has(id)) timers.setOnce(TIMER, id, now() + WAIT_MS * Math.random());
      this.#awaited.add(id);
    }
    return fates;
  }

  async #readLong(id: string, { cameAt, parts }: Push, stay: () => void): Promise<boolean> {
    while (this.#rows.isWaiting(id)) await this.#readOldest(id, MOST_TOGETHER);
    stay();
    // Meanwhile the person may have ended it, with all its data.
    const connection = this.#connections.get(id);
    if (connection === undefined || !LIVE_STATES.has(connection.state)) return false;
    await this.#read(connection, partsOf(parts, cameAt));
    return true;
  }

  /** Reads on after a pause, or in another region. */
  wake(id: string): void {
    if (this.#rows.isWaiting(id)) this.#state.timers.set(TIMER, id, this.#state.now());
  }

  /** Forgets what waits of a connection whose data the person does not want. */
  forget(id: string): void {
    this.#rows.forget(id);
  }

  /**
   * Reads what waits. One push that cannot be read does not hold up the others: after some attempts together they are read one by one, and one
   * whose text is at fault is set aside, which the person sees. Where something else fails, a bucket say, it is tried again for as long as it takes.
   */
  async #alarm(id: string, attempts: number): Promise<number | undefined> {
    const until = this.#state.now() + ALARM_SLICE.ms;
    this.#awaited.delete(id);
    if (attempts < ATTEMPTS_TOGETHER) await this.#readOldest(id, MOST_TOGETHER);
    else while (this.#rows.isWaiting(id) && this.#state.now() < until) await this.#readAlone(id);
    return this.#rows.isWaiting(id) ? this.#state.now() : undefined;
  }

  async #readAlone(id: string): Promise<void> {
    try {
      await this.#readOldest(id, 1);
    } catch (error) {
      if (!isFaultOfText(error)) throw error;
      this.#rows.giveUp(this.#rows.next(id, 1, LETTERS_AT_ONCE), this.#state.now());
      this.#connections.addEvent(id, "malformed_push", this.#state.now());
    }
  }

  /** Reads the oldest pushes. Read again after a crash in the middle, they change nothing. */
  async #readOldest(id: string, most: number): Promise<void> {
    const pushes = this.#rows.next(id, most, LETTERS_AT_ONCE);
    const connection = this.#connections.get(id);
    // What came while the connection lived is the person's, also if they have paused or ended it since.
    if (connection !== undefined) {
      await this.#read(
        connection,
        pushes.flatMap(({ parts, cameAt }) => partsOf(parts, cameAt)),
      );
    }
    this.#rows.done(pushes);
  }

  async #read(connection: Connection, parts: readonly PushedPart[]): Promise<void> {
    const labs = this.#ports.runner.take(connection, liveVendor(connection.vendor), parts);
    if (LIVE_STATES.has(connection.state)) this.#ports.wake(connection.id);
    if (labs.reports.length + labs.results.length > 0) await this.#ports.recordLabs(labs, connection.id);
  }
}

function partsOf(text: string, at: number): PushedPart[] {
  return partsSchema.parse(JSON.parse(text)).map(({ resource, reply }) => ({ resource, reply, at }));
}

/** Whether a text will never be read, however often that is tried. */
function isFaultOfText(error: unknown): boolean {
  return error instanceof SyntaxError || error instanceof z.ZodError || error instanceof TypeError || error instanceof RangeError;
}
