/** What was asked of the simulator, for assertions like "the token endpoint was called once". Secrets are left out. */
import type { JsonObject } from "../person/wire.ts";
import type { State } from "./state.ts";

export interface LogEntry {
  n: number;
  at: string;
  method: string;
  path: string;
  query: JsonObject;
  status: number;
  durationMs: number;
  person?: string;
  fault?: string;
  grantType?: string;
}

const KEEP = 5000;
const SECRET = new Set(["code", "client_secret", "refresh_token", "token", "code_verifier", "access_token"]);

/** Appends an entry and counts it under `METHOD path`, under `token:<grant_type>` and in total. */
export function record(state: State, entry: Omit<LogEntry, "n">): void {
  const bump = (name: string): number => {
    const next = (state.counters.get(name) ?? 0) + 1;
    state.counters.set(name, next);
    return next;
  };
  const n = bump("total");
  bump(`${entry.method} ${entry.path}`);
  bump(`status:${entry.status}`);
  if (entry.grantType) bump(`token:${entry.grantType}`);
  state.log.push({ n, ...entry });
  if (state.log.length > KEEP) state.log.splice(0, state.log.length - KEEP);
}

/** The query as an object, secrets masked. */
export function safeQuery(query: URLSearchParams): JsonObject {
  return Object.fromEntries([...query].map(([name, value]) => [name, SECRET.has(name) ? "…" : value]));
}
