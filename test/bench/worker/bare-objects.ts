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
    ctx.storage.sql.exec(
      "CREATE TABLE IF NOT EXISTS resources (n INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, code TEXT NOT NULL, at INTEGER NOT NULL, body TEXT NOT NULL)",
    );
    ctx.storage.sql.exec(
      "CREATE TABLE IF NOT EXISTS notifications (id INTEGER PRIMARY KEY, user TEXT NOT NULL, type TEXT NOT NULL, object TEXT NOT NULL, at TEXT NOT NULL)",
    );
    ctx.storage.sql.exec("CREATE INDEX IF NOT EXISTS resources_by_code ON resources (code, at)");
  }

  /** Parses one resource and keeps it with an id. */
  async keep(body: string): Promise<string> {
    return this.#keep(JSON.parse(body));
  }

  /** Parses a transaction and keeps its resources. */
  async keepAll(body: string): Promise<number> {
    const { entry } = JSON.parse(body) as { entry: { resource: BareResource }[] };
    this.ctx.storage.transactionSync(() => {
      for (const { resource } of entry) this.#keep(resource);
    });
    return entry.length;
  }

  /** Repeats a page of 50 of a code in a time, the newest first, as JSON text; answers the length of it. */
  async repeatPage(code: string, from: number, to: number, times: number): Promise<number> {
    let length = 0;
    for (let i = 0; i < times; i++) {
      const rows = this.ctx.storage.sql.exec<{ body: string }>(
        "SELECT body FROM resources WHERE code = ? AND at >= ? AND at < ? ORDER BY at DESC LIMIT 50",
        code,
        from,
        to,
      );
      length += [...rows].map(({ body }) => body).join(",").length;
    }
    return length;
  }

  #keep(resource: BareResource): string {
    const id = crypto.randomUUID();
    const body = JSON.stringify({ ...resource, id });
    const [{ code = "" } = {}] = resource.code.coding;
    this.ctx.storage.sql.exec(
      "INSERT INTO resources (id, code, at, body) VALUES (?, ?, ?, ?)",
      id,
      code,
      Date.parse(resource.effectiveDateTime),
      body,
    );
    return id;
  }

  /** Keeps what a notification names. */
  async note({ user_id, data_type, object_id, event_time }: Readonly<Record<string, string>>): Promise<void> {
    this.ctx.storage.sql.exec(
      "INSERT INTO notifications (user, type, object, at) VALUES (?, ?, ?, ?)",
      user_id,
      data_type,
      object_id,
      event_time,
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

interface BareResource {
  readonly code: { readonly coding: readonly { readonly code?: string }[] };
  readonly effectiveDateTime: string;
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
