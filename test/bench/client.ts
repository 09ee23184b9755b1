import { connect, type Socket } from "node:net";
import { percentile } from "./stats.ts";

/** A small closed-loop HTTP/1.1 client over keep-alive sockets: a general client would need more CPU than the server it measures. */
export interface Load {
  readonly connections: number;
  /** How long new requests begin; all of them are awaited. */
  readonly durationMs?: number;
  /** How many requests in all. */
  readonly total?: number;
  /** The bytes of the `n`-th request of a connection; see `requestBytes`. */
  readonly request: (connection: number, n: number) => Uint8Array;
}

export interface Answers {
  readonly count: number;
  /** Answers with a status of 400 and above. */
  readonly failed: number;
  readonly seconds: number;
  /** Sorted, milliseconds. */
  readonly latencies: Float64Array;
  readonly perSecond: number;
  readonly p50: number;
  readonly p99: number;
}

/** One request as bytes. */
export function requestBytes(
  method: string,
  path: string,
  headers: Readonly<Record<string, string>>,
  body?: string | Uint8Array,
): Uint8Array {
  const content = typeof body === "string" ? Buffer.from(body) : body;
  const lines = [`${method} ${path} HTTP/1.1`, "host: 127.0.0.1", ...Object.entries(headers).map(([name, value]) => `${name}: ${value}`)];
  if (content !== undefined) lines.push(`content-length: ${content.length}`);
  const head = Buffer.from(`${lines.join("\r\n")}\r\n\r\n`);
  return content === undefined ? head : Buffer.concat([head, content]);
}

/** Sends requests in a closed loop: each connection has one under way. Throws where the server closes a connection. */
export async function load(origin: URL, options: Load): Promise<Answers> {
  const { connections, durationMs = Number.POSITIVE_INFINITY, total = Number.POSITIVE_INFINITY, request } = options;
  const lines = await Promise.all(Array.from({ length: connections }, () => Line.open(origin)));
  const latencies: number[] = [];
  let failed = 0;
  let begun = 0;
  const startedAt = performance.now();
  const drive = async (line: Line, connection: number): Promise<void> => {
    for (let n = 0; begun < total && performance.now() - startedAt < durationMs; n++) {
      begun++;
      const sentAt = performance.now();
      const status = await line.ask(request(connection, n));
      latencies.push(performance.now() - sentAt);
      if (status >= 400) failed++;
    }
  };
  try {
    await Promise.all(lines.map(drive));
  } finally {
    for (const line of lines) line.close();
  }
  const seconds = (performance.now() - startedAt) / 1_000;
  const sorted = Float64Array.from(latencies).sort();
  return {
    count: latencies.length,
    failed,
    seconds,
    latencies: sorted,
    perSecond: latencies.length / seconds,
    p50: percentile(sorted, 0.5),
    p99: percentile(sorted, 0.99),
  };
}

const HEAD_END = Buffer.from("\r\n\r\n");
const LAST_CHUNK = Buffer.from("0\r\n\r\n");

/** One keep-alive connection. */
class Line {
  readonly #socket: Socket;
  #pending: Buffer = Buffer.alloc(0);
  #answer: { resolve: (status: number) => void; reject: (error: Error) => void } | undefined;

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.setNoDelay(true);
    socket.on("data", (chunk: Buffer) => this.#take(chunk));
    socket.on("error", (error) => this.#answer?.reject(error));
    socket.on("close", () => this.#answer?.reject(new Error("the server closed the connection")));
  }

  static async open(origin: URL): Promise<Line> {
    return await new Promise((resolve, reject) => {
      const socket = connect(Number(origin.port), origin.hostname, () => resolve(new Line(socket)));
      socket.once("error", reject);
    });
  }

  async ask(bytes: Uint8Array): Promise<number> {
    return await new Promise((resolve, reject) => {
      this.#answer = { resolve, reject };
      this.#socket.write(bytes);
    });
  }

  close(): void {
    this.#answer = undefined;
    this.#socket.destroy();
  }

  #take(chunk: Buffer): void {
    const bytes = this.#pending.length === 0 ? chunk : Buffer.concat([this.#pending, chunk]);
    this.#pending = bytes;
    const headEnd = bytes.indexOf(HEAD_END);
    if (headEnd === -1) return;
    const head = bytes.toString("latin1", 0, headEnd).toLowerCase();
    const length = /\r\ncontent-length: (\d+)/.exec(head)?.[1];
    const isWhole = length === undefined ? isChunkedWhole(head, bytes) : bytes.length >= headEnd + 4 + Number(length);
    if (!isWhole) return;
    this.#pending = Buffer.alloc(0);
    const answer = this.#answer;
    this.#answer = undefined;
    answer?.resolve(Number(head.slice(9, 12)));
  }
}

function isChunkedWhole(head: string, bytes: Buffer): boolean {
  if (!head.includes("transfer-encoding: chunked")) return true;
  return bytes.subarray(bytes.length - LAST_CHUNK.length).equals(LAST_CHUNK);
}
