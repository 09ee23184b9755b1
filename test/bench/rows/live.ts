import { setTimeout as sleep } from "node:timers/promises";
import { type Bench, newPerson, type Part, signIn } from "../bench.ts";
import { type Paired, paired } from "../paired.ts";
import { ratioRow, type Row } from "../row.ts";
import { startServer } from "../server.ts";
import { CountingSocket } from "../sockets.ts";

const WATCHERS = 500;
const PUBLISHERS = 10;
/** Publishes a second of each publisher: below the limit of a socket, and together more than a bare object can fan out. */
const PACE = 40;
/** Publishes of each publisher in a sample. */
const PUBLISHES = 40;
const LONGEST_MS = 60_000;
/** A watcher confirms what it has after so many bytes, as clients do. */
const CONFIRMED_BYTES = 100_000;
const ITEM = Buffer.from('"metric":');

interface Room {
  readonly watchers: readonly CountingSocket[];
  readonly publishers: readonly CountingSocket[];
  readonly counter: { readings: number };
  readonly message: (n: number, publisher: number) => string;
}

/** Readings published to one person's stream, and what 500 watchers get of them. */
export const live: Part = {
  name: "live",
  async run(bench: Bench): Promise<Row[]> {
    const { server } = bench;
    const person = await newPerson(bench);
    const headers = await signIn(bench, person);
    const ours = await open(
      (role) =>
        CountingSocket.open(server.app, role === "watcher" ? "/v1/me/live?metrics=heart_rate" : "/v1/me/live?metrics=steps", headers),
      ourMessage,
    );
    // What the bare object has yet to send is more than an isolate may keep.
    const other = await startServer({ isBounded: false });
    try {
      const bare = await open((role) => CountingSocket.open(other.bare, `/room/${person}?role=${role}`), bareMessage);
      const result = await paired(
        [...bench.pids, other.pid],
        bench.rounds,
        () => fanOut(ours),
        () => fanOut(bare),
      );
      for (const { watchers, publishers } of [ours, bare]) for (const socket of [...watchers, ...publishers]) socket.close();
      return [rowOf(result)];
    } finally {
      await other.stop();
    }
  },
};

function rowOf(result: Paired): Row {
  return ratioRow(
    `live fan-out to ${WATCHERS} watchers`,
    "readings delivered/s",
    result,
    0.8,
    `${PUBLISHERS} publishers, ${PACE} readings a second each; ours checks, stores and numbers them and sends by ticks, bare forwards every message, and has the memory of the machine`,
  );
}

async function open(connect: (role: string) => Promise<CountingSocket>, message: Room["message"]): Promise<Room> {
  const counter = { readings: 0 };
  const watchers: CountingSocket[] = [];
  for (let i = 0; i < WATCHERS; i += 50) watchers.push(...(await Promise.all(Array.from({ length: 50 }, () => connect("watcher")))));
  for (const watcher of watchers) count(watcher, counter);
  return { watchers, publishers: await Promise.all(Array.from({ length: PUBLISHERS }, () => connect("publisher"))), counter, message };
}

function count(watcher: CountingSocket, counter: { readings: number }): void {
  let unconfirmed = 0;
  watcher.onText = (text) => {
    for (let at = text.indexOf(ITEM); at !== -1; at = text.indexOf(ITEM, at + 60)) counter.readings++;
    unconfirmed += text.length;
    if (unconfirmed < CONFIRMED_BYTES) return;
    const seq = /"seq":(\d+)/.exec(text.toString("latin1", 0, 100))?.[1];
    if (seq !== undefined) watcher.send(`{"type":"seen","seq":${seq}}`);
    unconfirmed = 0;
  };
}

let sent = 0;

/** Publishes at a steady pace, waits until every watcher has everything, and answers the readings delivered a second. */
async function fanOut(room: Room): Promise<number> {
  const startedAt = performance.now();
  const wanted = room.counter.readings + PUBLISHES * PUBLISHERS * WATCHERS;
  for (let tick = 0; tick < PUBLISHES; tick++) {
    for (const [i, publisher] of room.publishers.entries()) publisher.send(room.message(sent++, i));
    await sleep(Math.max(0, startedAt + ((tick + 1) * 1_000) / PACE - performance.now()));
  }
  while (room.counter.readings < wanted) {
    if (performance.now() - startedAt > LONGEST_MS) throw new Error(`${wanted - room.counter.readings} deliveries are missing`);
    await sleep(5);
  }
  if (room.watchers.some((watcher) => watcher.closed)) throw new Error("the server closed a watcher");
  return (PUBLISHES * PUBLISHERS * WATCHERS * 1_000) / (performance.now() - startedAt);
}

const begin = Date.now() - 3_600_000;

function ourMessage(n: number, publisher: number): string {
  const item = `{"metric":"heart_rate","at":"${new Date(begin + n * 10).toISOString()}","value":${60 + (n % 40)}}`;
  return `{"type":"publish","ref":"${n}","items":[${item}],"device":{"name":"strap ${publisher}"}}`;
}

function bareMessage(n: number, publisher: number): string {
  return `{"seq":${n},"metric":"heart_rate","at":"${new Date(begin + n * 10).toISOString()}","value":${60 + (n % 40)},"unit":"/min","source":"src_${publisher}"}`;
}
