import { setTimeout as sleep } from "node:timers/promises";
import { ask, type Bench, load, type Part, requestBytes } from "../bench.ts";
import { boardAlias } from "../board-data.ts";
import { quietSample } from "../noise.ts";
import { paired, spread } from "../paired.ts";
import { command, Redis } from "../redis.ts";
import { ratioRow, type Row } from "../row.ts";
import { CountingSocket } from "../sockets.ts";
import { figure, median, percentile } from "../stats.ts";

type Work = "update" | "durable" | "rank" | "mixed" | "top" | "around";

/** What is asked of a board, how often in a sample, and of Redis; goals hold at a million entries. */
const WORKS: readonly {
  readonly work: Work;
  readonly name: string;
  /** What asking costs without doing it. */
  readonly asking: "nothing" | "names" | "batches";
  readonly unit: string;
  readonly times: number;
  readonly least?: number;
  readonly redis: (alias: string, n: number) => string;
  readonly redisTimes: number;
}[] = [
  {
    work: "update",
    name: "update in memory",
    asking: "batches",
    unit: "updates/s",
    times: 400_000,
    least: 1_000_000,
    redis: zadd,
    redisTimes: 100_000,
  },
  {
    work: "durable",
    name: "durable update",
    asking: "batches",
    unit: "updates/s",
    times: 100_000,
    least: 200_000,
    redis: zadd,
    redisTimes: 100_000,
  },
  {
    work: "rank",
    name: "rank",
    asking: "names",
    unit: "ranks/s",
    times: 400_000,
    least: 1_000_000,
    redis: (alias) => command("ZREVRANK", "b", alias),
    redisTimes: 100_000,
  },
  {
    work: "mixed",
    name: "update and rank in turn",
    asking: "batches",
    unit: "of both/s",
    times: 100_000,
    redis: (alias, n) => zadd(alias, n) + command("ZREVRANK", "b", alias),
    redisTimes: 50_000,
  },
  {
    work: "top",
    name: "top 100",
    asking: "nothing",
    unit: "reads/s",
    times: 5_000,
    redis: () => command("ZREVRANGE", "b", 0, 99, "WITHSCORES"),
    redisTimes: 4_000,
  },
  {
    work: "around",
    name: "around me, 11",
    asking: "names",
    unit: "reads/s",
    times: 40_000,
    // Redis needs the rank first: a script asks for both in one go.
    redis: (alias) => command("EVALSHA", AROUND_SHA, 1, "b", alias),
    redisTimes: 20_000,
  },
];

const AROUND = `local r=redis.call('ZREVRANK',KEYS[1],ARGV[1]) local a=math.max(0,r-5) return redis.call('ZREVRANGE',KEYS[1],a,a+10,'WITHSCORES')`;
const AROUND_SHA = await sha1(AROUND);
const PIPELINE = 1_000;
const MOST_COLD_MS = 1_000;
const WATCHERS = 500;
const UPDATES_PER_SECOND = 200;
const WATCH_SECONDS = 5;

/** Boards inside their object beside Redis' sorted sets, over HTTP beside an object that knows nothing, and live. */
export const boards: Part = {
  name: "boards",
  inMemory: true,
  async run(bench: Bench): Promise<Row[]> {
    const redis = await Redis.start();
    if (redis === undefined) bench.say("no redis-server on this machine: boards are measured without it");
    const rows: Row[] = [];
    try {
      for (const count of bench.quick ? [10_000, 100_000] : [10_000, 100_000, 1_000_000]) rows.push(...(await rowsOf(bench, redis, count)));
    } finally {
      redis?.stop();
    }
    rows.push(await liveRow(bench));
    return rows;
  },
};

async function rowsOf(bench: Bench, redis: Redis | undefined, count: number): Promise<Row[]> {
  const size = count.toLocaleString("en-US");
  const { board } = await ask<{ board: string }>(bench, `/board?count=${count}`, "POST");
  if (redis !== undefined) await fillRedis(redis, count);
  const pids = [...bench.pids, ...(redis === undefined ? [] : [redis.pid])];
  const repeat = async (work: string, times: number) =>
    await seconds(async () => await ask(bench, `/board/${board}/${work}?times=${times}`, "POST"));
  const rows: Row[] = [];
  for (const { work, name, asking, unit, times, least, redis: encode, redisTimes } of WORKS) {
    const ours = async () => times / ((await repeat(work, times)) - (await repeat(asking, times)));
    const goal = count === 1_000_000 ? least : undefined;
    const how = HOW[work];
    await ours();
    if (redis === undefined) {
      const samples: number[] = [];
      for (let i = 0; i < bench.rounds; i++) samples.push((await quietSample(pids, ours)).value);
      rows.push({
        name: `board of ${size}: ${name}`,
        ours: `${spread(samples)} ${unit}`,
        target: targetOf(goal),
        pass: passes(median(samples), goal),
        how,
      });
      continue;
    }
    const commands = pipelines(count, redisTimes, encode);
    const theirs = async () =>
      redisTimes /
      (await seconds(async () => {
        for (const each of commands) await redis.pipeline(each);
      }));
    const samples: number[] = [];
    const result = await paired(
      pids,
      bench.rounds,
      async () => {
        const value = await ours();
        samples.push(value);
        return value;
      },
      theirs,
    );
    const isAhead = result.ratio >= 1;
    rows.push({
      name: `board of ${size}: ${name}`,
      ours: `${result.ours} ${unit}`,
      bare: `Redis ${redis.version}: ${result.bare} ${unit}`,
      ratio: result.ratio,
      target: goal === undefined ? "≥ Redis" : `${targetOf(goal)}, ≥ Redis`,
      pass: isAhead && passes(median(samples), goal) !== false,
      how,
    });
  }
  rows.push(await coldRow(bench, count, repeat));
  await ask(bench, `/board/${board}/settle`, "POST");
  rows.push(await httpRow(bench, board, count, "board-rank"), await httpRow(bench, board, count, "board"));
  return rows;
}

const HOW: Readonly<Record<Work, string>> = {
  update: "batches of 1,000 scores of random aliases, in the object, making them subtracted; Redis: ZADD by pipelines of 1,000",
  durable: "the same batches with their line in the log and pages in turn; Redis: ZADD by pipelines of 1,000, nothing kept",
  mixed:
    "one score, then the rank of another alias, one by one: what has just changed is counted through; Redis: both by pipelines of 1,000",
  rank: "of a random alias, one by one, in the object, making it subtracted; Redis: ZREVRANK by pipelines of 1,000",
  top: "100 entries with alias, score, time and rank, in the object; Redis: ZREVRANGE with scores by pipelines of 1,000",
  around: "rank and 11 entries, in the object; Redis: a script with ZREVRANK and ZREVRANGE by pipelines of 1,000",
};

async function coldRow(bench: Bench, count: number, repeat: (work: string, times: number) => Promise<number>): Promise<Row> {
  const samples: number[] = [];
  for (let i = 0; i < Math.min(5, bench.rounds); i++)
    samples.push((await quietSample(bench.pids, async () => 1_000 * (await repeat("load", 1)))).value);
  return {
    name: `board of ${count.toLocaleString("en-US")}: cold load`,
    ours: `${spread(samples)} ms`,
    target: count === 1_000_000 ? `< ${MOST_COLD_MS} ms` : "–",
    pass: count === 1_000_000 ? median(samples) < MOST_COLD_MS : undefined,
    how: "pages and the log after the updates above read from SQLite, aliases indexed and entries sorted",
  };
}

/** What `path` takes beside the same call of an object that does the least. */
async function httpRow(bench: Bench, board: string, count: number, path: "board" | "board-rank"): Promise<Row> {
  const sample = async (prefix: string) => {
    const { failed, perSecond } = await load(bench.server.bare, {
      connections: 16,
      durationMs: bench.sampleMs / 2,
      request: (connection, n) =>
        requestBytes("GET", `/${prefix}${path}/${board}?alias=${boardAlias((n * 7_919 + connection * 104_729) % count)}`, {}),
    });
    if (failed > 0) throw new Error(`${path} was refused`);
    return perSecond;
  };
  await sample("");
  const result = await paired(
    bench.pids,
    Math.min(5, bench.rounds),
    async () => await sample(""),
    async () => await sample("bare-"),
  );
  const isRank = path === "board-rank";
  return ratioRow(
    `board of ${count.toLocaleString("en-US")}: ${isRank ? "rank" : "one durable update"} over HTTP`,
    "requests/s",
    result,
    0.7,
    isRank
      ? "16 connections; bare is the same call of an object that answers without looking"
      : "16 connections; bare is the same call of an object that writes one row for the alias",
  );
}

/** Five hundred watchers and two hundred updates a second: how late a watcher learns of a new leader. */
async function liveRow(bench: Bench): Promise<Row> {
  const count = 10_000;
  const { board } = await ask<{ board: string }>(bench, `/board?count=${count}`, "POST");
  await ask(bench, `/board/${board}/settle`, "POST");
  const sentAt = new Map<number, number>();
  const late: number[] = [];
  const sockets: CountingSocket[] = [];
  for (let i = 0; i < WATCHERS; i++) {
    const watch = JSON.stringify({
      period: 0,
      alias: boardAlias(i),
      top: 10,
      around: 5,
      least: 0,
      tag: `t${i}`,
      until: Date.now() + 3_600_000,
    });
    const socket = await CountingSocket.open(bench.server.bare, `/board-live/${board}`, { "x-meridian-watch": watch });
    socket.onText = (text) => {
      for (const [, score] of text.toString("latin1").matchAll(/"rank":1,"alias":"a000000000","score":(\d+)/g)) {
        const at = sentAt.get(Number(score));
        if (at !== undefined) late.push(performance.now() - at);
      }
    };
    sockets.push(socket);
  }
  const startedAt = performance.now();
  const total = UPDATES_PER_SECOND * WATCH_SECONDS;
  for (let n = 0; n < total; n++) {
    // Every tenth score makes the same alias lead with a new best, so that everybody has something to learn.
    const isBest = n % 10 === 0;
    const score = isBest ? 1_000_000 + n : n;
    if (isBest) sentAt.set(score, performance.now());
    const alias = isBest ? boardAlias(0) : boardAlias((n * 7_919) % count);
    void fetch(new URL(`/board/${board}?alias=${alias}&score=${score}&version=${10_000_000 + n}`, bench.server.bare));
    await sleep(Math.max(0, startedAt + ((n + 1) * 1_000) / UPDATES_PER_SECOND - performance.now()));
  }
  await sleep(1_500);
  if (sockets.some(({ closed }) => closed)) throw new Error("the server closed a watcher");
  for (const socket of sockets) socket.close();
  late.sort((a, b) => a - b);
  const p99 = percentile(late, 0.99);
  return {
    name: `board live: ${WATCHERS} watchers, ${UPDATES_PER_SECOND} updates/s`,
    ours: `p50 ${figure(median(late))} ms, p99 ${figure(p99)} ms, ${figure(late.length / WATCHERS)} messages a watcher`,
    target: "p99 < 1 s",
    pass: late.length >= WATCHERS && p99 < 1_000,
    how: `from the sending of a score that takes the lead until a watcher has it, ${WATCH_SECONDS} s; what is overtaken by a later score within a tick is not told`,
  };
}

async function fillRedis(redis: Redis, count: number): Promise<void> {
  await redis.pipeline(Buffer.from(command("FLUSHALL") + command("SCRIPT", "LOAD", AROUND)));
  for (let from = 0; from < count; from += PIPELINE) {
    const lines = Array.from({ length: Math.min(PIPELINE, count - from) }, (_, i) => zadd(boardAlias(from + i), from + i));
    await redis.pipeline(Buffer.from(lines.join("")));
  }
}

function pipelines(count: number, times: number, encode: (alias: string, n: number) => string): Buffer[] {
  return Array.from({ length: times / PIPELINE }, (_, p) =>
    Buffer.from(Array.from({ length: PIPELINE }, (__, i) => encode(boardAlias(roll(p * PIPELINE + i, count)), p * PIPELINE + i)).join("")),
  );
}

function zadd(alias: string, n: number): string {
  return command("ZADD", "b", roll(n, 100_000), alias);
}

/** A number that looks random, from its place. */
function roll(n: number, below: number): number {
  return (Math.imul(n + 1, 2_654_435_761) >>> 0) % below;
}

async function seconds(work: () => Promise<unknown>): Promise<number> {
  const startedAt = performance.now();
  await work();
  return (performance.now() - startedAt) / 1_000;
}

function targetOf(goal: number | undefined): string {
  return goal === undefined ? "–" : `≥ ${figure(goal)}`;
}

function passes(value: number, goal: number | undefined): boolean | undefined {
  return goal === undefined ? undefined : value >= goal;
}

async function sha1(text: string): Promise<string> {
  return Buffer.from(await crypto.subtle.digest("SHA-1", new TextEncoder().encode(text))).toString("hex");
}
