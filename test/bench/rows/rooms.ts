import { spawn } from "node:child_process";
import { once } from "node:events";
import { setTimeout as sleep } from "node:timers/promises";
import { z } from "zod";
import { newAccount } from "../account.ts";
import type { Bench, Part } from "../bench.ts";
import { type Paired, paired } from "../paired.ts";
import { ratioRow, type Row } from "../row.ts";
import { startServer } from "../server.ts";
import { CountingSocket } from "../sockets.ts";

/** Others by `ROOM_SIZES=100 npm run bench -- --only rooms`. */
const SIZES = (process.env["ROOM_SIZES"] ?? "100,1000,5000").split(",").map(Number);
const SENDERS = 40;
/** Messages a second of each sender: below the limit of a socket, and together more than a bare object can fan out. */
const PACE = 40;
/** Deliveries of a sample, about. */
const DELIVERIES = 160_000;
const LONGEST_MS = 120_000;
const MESSAGE = Buffer.from('"room bench ');

interface Crowd {
  readonly watchers: readonly CountingSocket[];
  readonly senders: readonly CountingSocket[];
  readonly counter: { messages: number };
  readonly text: (n: number) => string;
}

/** What a room delivers to 100, 1,000 and 5,000 sockets, beside a bare hibernating object and beside `ws` on Node. */
export const rooms: Part = {
  name: "rooms",
  async run(bench: Bench): Promise<Row[]> {
    const { server } = bench;
    // A process may have so many files open only, and the runtime needs two for each socket. What a bare object has yet to send is more than
    // an isolate may keep.
    const other = await startServer({ isBounded: false });
    const node = spawn(process.execPath, ["test/bench/ws-server.mjs"], { stdio: ["ignore", "pipe", "inherit"] });
    const [port] = (await once(node.stdout, "data")) as [Buffer];
    const withOthers: Bench = { ...bench, pids: [...bench.pids, other.pid, node.pid ?? 0] };
    const ws = new URL(`http://127.0.0.1:${String(port).trim()}`);
    try {
      const rows: Row[] = [];
      for (const size of SIZES) {
        const person = await newAccount(bench);
        let headers = await person.signIn();
        const room = await openRoom(server.app, headers);
        let opened = 0;
        // A token is good for five minutes, and many sockets take a while.
        const enter = async () => {
          if (++opened % 500 === 0) headers = await person.signIn();
          return await CountingSocket.open(server.app, `/v1/rooms/${room}/live`, headers);
        };
        const begun = performance.now();
        const ours = await gather(size, enter, ourText, true);
        bench.say(`  ${size} sockets of a room opened in ${Math.round((performance.now() - begun) / 1_000)} s`);
        const beside = await besides(withOthers, ours, async () =>
          gather(size, async (role) => await CountingSocket.open(other.bare, `/room/${person.id}?role=${role}`), plainText, false),
        );
        const besideNode = await besides(withOthers, ours, async () =>
          gather(size, async (role) => await CountingSocket.open(ws, `/?role=${role}`), plainText, false),
        );
        dismiss(ours);
        rows.push(
          ratioRow(
            `room fan-out to ${size} sockets`,
            "messages delivered/s",
            beside,
            0.9,
            `${SENDERS} senders, ${PACE} messages a second each; ours checks, numbers and stores them and puts those of 20 ms into a frame, bare forwards each, and has the memory of the machine`,
          ),
          {
            name: `the same beside ws ${size}`,
            ours: `${besideNode.ours} messages delivered/s`,
            bare: `${besideNode.bare} messages delivered/s`,
            ratio: besideNode.ratio,
            target: "informs",
            pass: undefined,
            how: "The `ws` package on Node forwards each message, in a process of its own in the same run",
          },
        );
      }
      return rows;
    } finally {
      node.kill();
      await other.stop();
    }
  },
};

async function besides(bench: Bench, ours: Crowd, open: () => Promise<Crowd>): Promise<Paired> {
  const theirs = await open();
  try {
    return await paired(
      bench.pids,
      bench.rounds,
      async () => said(bench, "ours", await fanOut(ours)),
      async () => said(bench, "theirs", await fanOut(theirs)),
    );
  } finally {
    dismiss(theirs);
  }
}

function said(bench: Bench, whose: string, perSecond: number): number {
  bench.say(`  ${whose}: ${Math.round(perSecond)} messages delivered/s`);
  return perSecond;
}

function dismiss({ watchers, senders }: Crowd): void {
  for (const socket of [...watchers, ...senders]) socket.close();
}

async function openRoom(app: URL, headers: Readonly<Record<string, string>>): Promise<string> {
  const response = await fetch(new URL("/v1/rooms", app), {
    method: "POST",
    headers: { ...headers, "content-type": "application/json" },
    body: JSON.stringify({ kind: "group", name: "Bench" }),
  });
  return z.object({ id: z.string() }).parse(await response.json()).id;
}

/** Opens the sockets of a crowd. In a room whoever sends hears, too: senders are among those who watch. */
async function gather(
  size: number,
  connect: (role: string) => Promise<CountingSocket>,
  text: Crowd["text"],
  areOne: boolean,
): Promise<Crowd> {
  const counter = { messages: 0 };
  const watchers: CountingSocket[] = [];
  while (watchers.length < size) {
    const more = Math.min(50, size - watchers.length);
    watchers.push(...(await Promise.all(Array.from({ length: more }, async () => await connect("watcher")))));
  }
  for (const watcher of watchers) {
    watcher.onText = (frame) => {
      for (let at = frame.indexOf(MESSAGE); at !== -1; at = frame.indexOf(MESSAGE, at + 12)) counter.messages++;
    };
  }
  const senders = areOne
    ? watchers.slice(0, SENDERS)
    : await Promise.all(Array.from({ length: SENDERS }, async () => await connect("sender")));
  return { watchers, senders, counter, text };
}

let sent = 0;

/** Sends at a steady pace, waits until every watcher has everything, and answers the messages delivered a second. */
async function fanOut({ watchers, senders, counter, text }: Crowd): Promise<number> {
  const ticks = Math.max(1, Math.round(DELIVERIES / watchers.length / senders.length));
  const begun = performance.now();
  const total = ticks * senders.length * watchers.length;
  const wanted = counter.messages + total;
  for (let tick = 0; tick < ticks; tick++) {
    for (const sender of senders) sender.send(text(sent++));
    await sleep(Math.max(0, begun + ((tick + 1) * 1_000) / PACE - performance.now()));
  }
  while (counter.messages < wanted) {
    if (performance.now() - begun > LONGEST_MS) throw new Error(`${wanted - counter.messages} deliveries are missing`);
    await sleep(5);
  }
  if (watchers.some((watcher) => watcher.closed)) throw new Error("the server closed a watcher");
  return (total * 1_000) / (performance.now() - begun);
}

const words = (n: number) => `room bench ${n}: three sets of ten, then a slow kilometre home`;

function ourText(n: number): string {
  return `{"type":"send","clientId":"b${n}","text":"${words(n)}"}`;
}

/** As long as what a room tells of a message. */
function plainText(n: number): string {
  const author = '"author":{"member":1,"person":"per_eu_01k00000000000000000000000","alias":null}';
  return `{"seq":${n},"at":"2026-11-26T12:00:00.000Z","kind":"message","by":1,"of":${n},"message":{"seq":${n},${author},"text":"${words(n)}","sealed":null,"replyTo":null,"mentions":[],"attachments":[],"card":null,"poll":null,"system":null,"reactions":[],"replies":0,"editedAt":null,"deletedAt":null,"pinnedAt":null}}`;
}
