import type { AccountFacts } from "../../shared/exports/status";
import { problem } from "../../shared/problem";
import { addressPlace } from "../credentials";
import { requireSession, sessionGuard } from "../sessions";
import { ACCOUNT_KINDS, type AccountKind } from "./account-kinds";
import type { ExportPorts } from "./ports";

type Row = Record<string, string | number | null>;

/** Whoever has a second factor must have used it: a session from before counts no longer. */
const ASSURED = `select 1 where exists (select 1 from sessions where id = ?1 and acr = 'aal2')
  or not exists (select 1 from totp where person_id = ?2 and confirmed_at is not null)`;

/** What the region's records know of the person, in one round trip. Problems `session_ended`, `step_up_required`. */
export async function readAccount(ports: ExportPorts): Promise<AccountFacts[]> {
  const { actor, records } = ports;
  const [guard, assured, ...found] = await records.batch<Row>([
    sessionGuard(records, actor, ports.now()),
    records.prepare(ASSURED).bind(actor.session, actor.person),
    ...ACCOUNT_KINDS.map(({ sql }) => records.prepare(sql).bind(actor.person)),
  ]);
  requireSession(guard);
  if (assured === undefined || assured.results.length === 0) throw problem("step_up_required", "Prove who you are with both factors.");
  const facts = ACCOUNT_KINDS.map((kind, i) => factsOf(kind, found[i]?.results ?? []));
  return await Promise.all(facts.map(async (one) => (one.kind === "account" ? await withAddress(ports, one) : one)));
}

function factsOf({ kind, json = [] }: AccountKind, rows: readonly Row[]): AccountFacts {
  const shown = rows.map((row) =>
    Object.fromEntries(
      Object.entries(row).map(([name, value]) => {
        if (typeof value === "number" && name.endsWith("At")) return [name, new Date(value).toISOString()];
        return [name, typeof value === "string" && json.includes(name) ? (JSON.parse(value) as unknown) : value];
      }),
    ),
  );
  return { kind, columns: Object.keys(shown[0] ?? { id: null }), records: shown };
}

async function withAddress(ports: ExportPorts, facts: AccountFacts): Promise<AccountFacts> {
  const records = facts.records.map(async (record) => {
    const { email } = record;
    return { ...record, email: typeof email === "string" ? await ports.unseal(addressPlace(ports.actor.person), email) : null };
  });
  return { ...facts, records: await Promise.all(records) };
}
