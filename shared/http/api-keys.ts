import * as z from "zod";
import { HOUR_MS } from "../clock";
import type { PersonActor } from "../context";
import { regionOfApiKey } from "../crypto/api-key";
import { sha256Hex } from "../crypto/sha256";
import { parseId } from "../id";
import { problem } from "../problem";
import type { AppContext } from "./app-env";

/** What a key may be allowed to do. */
export const API_SCOPES = ["data:read", "data:write"] as const;
export type ApiScope = (typeof API_SCOPES)[number];

interface Rule {
  readonly scope: ApiScope;
  readonly methods: readonly string[];
  readonly path: RegExp;
}

/** Where keys are accepted, and with which scope. Everything else, and all that comes later, is closed to them. */
const RULES: readonly Rule[] = [
  { scope: "data:read", methods: ["GET", "HEAD"], path: /^\/v1\/me\/(?:metrics|days|sleep|workouts|sources|quarantine)(?:\/|$)/ },
  { scope: "data:read", methods: ["GET", "HEAD"], path: /^\/v1\/imports(?:\/|$)/ },
  { scope: "data:read", methods: ["GET", "HEAD"], path: /^\/fhir\/[rR]4\/[A-Za-z]+(?:\/|$)/ },
  { scope: "data:read", methods: ["POST"], path: /^\/fhir\/[rR]4\/[A-Za-z]+\/_search$/ },
  { scope: "data:write", methods: ["POST"], path: /^\/v1\/(?:ingest\/|imports(?:\/|$))/ },
];

/** How often the use of a key is noted. */
const NOTED_MS = HOUR_MS;

const scopesSchema = z.array(z.enum(API_SCOPES));

interface Row {
  id: string;
  person_id: string;
  session_id: string;
  scopes: string;
  last_used_at: number | null;
}

/**
 * The person whose key this is, acting in the key's own session, so that whatever ends a session ends the key.
 *
 * Problems: `unauthenticated` for a key that is none, revoked or expired; `forbidden` for a call that it does not allow.
 */
export async function personOfApiKey(c: AppContext, text: string): Promise<PersonActor> {
  const region = regionOfApiKey(text);
  if (region === undefined) throw problem("unauthenticated");
  const now = c.get("now")();
  const records = c.get("records")(region);
  const row = await records
    .prepare(
      `select api_keys.id, api_keys.person_id, api_keys.session_id, api_keys.scopes, api_keys.last_used_at
       from api_keys join sessions on sessions.id = api_keys.session_id
       where api_keys.key_hash = ? and sessions.revoked_at is null and sessions.absolute_expiry > ?`,
    )
    .bind(await sha256Hex(text), now)
    .first<Row>();
  const person = row === null ? undefined : parseId("person", row.person_id);
  const session = row === null ? undefined : parseId("session", row.session_id);
  if (row === null || person === undefined || session === undefined) throw problem("unauthenticated");
  if (!allows(scopesSchema.parse(JSON.parse(row.scopes)), c.req.method, c.req.path)) {
    throw problem("forbidden", "This API key does not allow the call.");
  }
  if (row.last_used_at === null || row.last_used_at <= now - NOTED_MS) {
    await records.prepare("update api_keys set last_used_at = ? where id = ?").bind(now, row.id).run();
  }
  return Object.freeze({ kind: "person", person, session });
}

/** Whether keys with these scopes may make a call. */
export function allows(scopes: readonly ApiScope[], method: string, path: string): boolean {
  return RULES.some((rule) => scopes.includes(rule.scope) && rule.methods.includes(method) && rule.path.test(path));
}
