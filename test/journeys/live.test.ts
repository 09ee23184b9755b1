import { WebSocket as ReconnectingSocket } from "partysocket";
import { afterAll, beforeAll, expect, test } from "vitest";
import * as z from "zod";
import { Meridian } from "./harness.ts";
import { Client } from "./person.ts";
import { rawSeries, receipt } from "./wire.ts";

const ticketReply = z.object({ ticket: z.string(), expiresIn: z.number() });
const item = z.object({ metric: z.string(), at: z.string(), value: z.number(), unit: z.string() });
const message = z.discriminatedUnion("type", [
  z.object({ type: z.literal("hello"), seq: z.number() }),
  z.object({ type: z.literal("readings"), seq: z.number(), prev: z.number(), items: z.array(item) }),
  z.object({ type: z.literal("changed"), seq: z.number(), prev: z.number(), metric: z.string() }),
  z.object({ type: z.literal("snapshot"), seq: z.number(), items: z.array(item) }),
  z.object({ type: z.literal("ack"), ref: z.string(), accepted: z.number(), duplicate: z.number() }),
  z.object({ type: z.literal("error"), code: z.string(), ref: z.string().optional() }),
]);

/** An app's client: reconnects by itself, gets a ticket for each connection, and asks for what it missed. */
class Stream {
  readonly values: number[] = [];
  readonly faults: string[] = [];
  readonly #socket: ReconnectingSocket;
  readonly #open = new Map<string, string>();
  #connections = 0;
  #last: number | undefined;
  #changed: () => void = () => {};

  constructor(origin: string, client: Client, metrics: string) {
    const address = async () => {
      const { ticket } = ticketReply.parse((await client.call("POST", "/v1/tickets")).body);
      const after = this.#last === undefined ? "" : `&after=${this.#last}`;
      return `${origin.replace("http", "ws")}/v1/me/live?metrics=${metrics}&ticket=${encodeURIComponent(ticket)}${after}`;
    };
    this.#socket = new ReconnectingSocket(address, undefined, { minReconnectionDelay: 100, maxReconnectionDelay: 500 });
    this.#socket.addEventListener("message", ({ data }) => this.#read(String(data)));
  }

  /** Publishes; published again after a reconnection until it is acknowledged. */
  publish(ref: string, metric: string, at: number, value: number): void {
    const text = JSON.stringify({
      type: "publish",
      ref,
      items: [{ metric, at: new Date(at).toISOString(), value }],
      device: { name: "Strap" },
    });
    this.#open.set(ref, text);
    if (this.#socket.readyState === this.#socket.OPEN) this.#socket.send(text);
  }

  get unacknowledged(): number {
    return this.#open.size;
  }

  get connections(): number {
    return this.#connections;
  }

  /** Resolves once the condition holds; looked at with every message. */
  async until(holds: () => boolean): Promise<void> {
    while (!holds()) await new Promise<void>((resolve) => (this.#changed = resolve));
  }

  close(): void {
    this.#socket.close();
  }

  #read(text: string): void {
    const read = message.parse(JSON.parse(text));
    if (read.type === "hello") {
      this.#connections++;
      this.#last = read.seq;
      for (const waiting of this.#open.values()) this.#socket.send(waiting);
    } else if (read.type === "ack") this.#open.delete(read.ref);
    else if (read.type === "readings" && read.seq > (this.#last ?? 0)) {
      if (read.prev > (this.#last ?? 0)) this.faults.push(`${read.prev} is missing`);
      this.#last = read.seq;
      this.values.push(...read.items.map(({ value }) => value));
    } else if (read.type !== "readings") this.faults.push(text);
    this.#changed();
  }
}

let meridian: Meridian;
beforeAll(async () => {
  meridian = await Meridian.start();
});
afterAll(async () => {
  await meridian.dispose();
});

test("a watcher misses nothing and sees nothing twice, through power cuts", async () => {
  const client = await Client.register(meridian);
  const strap = new Stream(meridian.origin, client, "steps");
  const screen = new Stream(meridian.origin, client, "heart_rate");
  await Promise.all([strap.until(() => strap.connections === 1), screen.until(() => screen.connections === 1)]);
  const start = Math.floor(Date.now() / 1_000) * 1_000 - 600_000;
  const sent: number[] = [];
  for (let round = 0; round < 3; round++) {
    for (let i = 0; i < 10; i++) {
      const n = round * 10 + i;
      sent.push(60 + n);
      strap.publish(`r${n}`, "heart_rate", start + n * 1_000, 60 + n);
    }
    // The power goes while some are still unacknowledged.
    if (round < 2) await meridian.cutPower();
    await strap.until(() => strap.unacknowledged === 0 && strap.connections >= Math.min(round + 2, 3));
    await screen.until(() => screen.values.length === sent.length);
  }
  const pushed = await client.call("POST", "/v1/ingest/healthkit", {
    data: {
      records: [
        {
          id: "p1",
          type: "HKQuantityTypeIdentifierHeartRate",
          startDate: new Date(start + 99_000).toISOString(),
          endDate: new Date(start + 99_000).toISOString(),
          value: 99,
          unit: "count/min",
        },
      ],
      sleep: [],
      workouts: [],
    },
    deleted: [],
  });
  expect(receipt.parse(pushed.body).accepted).toBe(1);
  await screen.until(() => screen.values.includes(99));
  expect(screen.values.toSorted((a, b) => a - b)).toEqual([...sent, 99]);
  expect([...screen.faults, ...strap.faults]).toEqual([]);
  const range = `from=${new Date(start).toISOString()}&to=${new Date(start + 100_000).toISOString()}`;
  const stored = await client.get(`/v1/me/metrics/heart_rate?resolution=raw&source=all&${range}`, rawSeries);
  expect(new Set(stored.items.map(({ value }) => value))).toEqual(new Set([...sent, 99]));
  strap.close();
  screen.close();
});
