import { DurableObject } from "cloudflare:workers";
import type { BenchEnv } from "./bench-env";

/** Rows per statement: the text of a bound value must stay under 2 MB. */
const ROWS_AT_ONCE = 5_000;

/** What anybody would write first: one table, one statement a call. */
export class BareRows extends DurableObject<BenchEnv> {
  constructor(ctx: DurableObjectState, env: BenchEnv) {
    super(ctx, env);
    ctx.storage.sql.exec(
      "CREATE TABLE IF NOT EXISTS readings (type TEXT NOT NULL, at INTEGER NOT NULL, value REAL NOT NULL, id TEXT NOT NULL, PRIMARY KEY (type, at)) WITHOUT ROWID",
    );
  }

  async insert(type: string, at: number, value: number): Promise<void> {
    this.ctx.storage.sql.exec("INSERT OR IGNORE INTO readings (type, at, value, id) VALUES (?, ?, ?, '')", type, at, value);
  }

  /** Parses a push, checks every record, and inserts the rows in few statements. Answers how many. */
  async bulk(body: ArrayBuffer): Promise<number> {
    const rows = rowsOf(JSON.parse(new TextDecoder().decode(body)));
    this.ctx.storage.transactionSync(() => {
      for (let i = 0; i < rows.length; i += ROWS_AT_ONCE) {
        this.ctx.storage.sql.exec(
          "INSERT OR IGNORE INTO readings (type, at, value, id) SELECT value->>0, value->>1, value->>2, value->>3 FROM json_each(?)",
          JSON.stringify(rows.slice(i, i + ROWS_AT_ONCE)),
        );
      }
    });
    return rows.length;
  }
}

type BareRow = [type: string, at: number, value: number, id: string];

function rowsOf(body: unknown): BareRow[] {
  if (!isObject(body) || !isObject(body["data"]) || !Array.isArray(body["data"]["records"])) throw new TypeError("not a push");
  return body["data"]["records"].map((record: unknown) => {
    if (!isObject(record)) throw new TypeError("not a record");
    const { id, type, startDate, value, unit } = record;
    if (typeof type !== "string" || typeof value !== "number" || typeof startDate !== "string" || typeof unit !== "string")
      throw new TypeError("not a record");
    const at = Date.parse(startDate);
    if (Number.isNaN(at) || !Number.isFinite(value)) throw new TypeError("not a record");
    return [type, at, value, typeof id === "string" ? id : ""];
  });
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** A hibernating fan-out in its smallest form: every message goes to every watcher. */
export class BareRoom extends DurableObject<BenchEnv> {
  override async fetch(request: Request): Promise<Response> {
    const { 0: client, 1: server } = new WebSocketPair();
    const role = new URL(request.url).searchParams.get("role") ?? "watcher";
    this.ctx.acceptWebSocket(server, [role]);
    return new Response(null, { status: 101, webSocket: client });
  }

  override webSocketMessage(_: WebSocket, message: string | ArrayBuffer): void {
    for (const socket of this.ctx.getWebSockets("watcher")) socket.send(message);
  }

  override webSocketClose(socket: WebSocket): void {
    socket.close();
  }
}
