import type { AccountFacts } from "../../shared/exports/status";
import { problem } from "../../shared/problem";
import { REGIONS } from "../../shared/region";
import { requireSession, sessionGuard } from "../sessions";
import { ACCOUNT_KINDS, type AccountKind } from "./account-kinds";
import type { ExportPorts } from "./ports";

type Row = Record<string, string | number | null>;

/** Whoever has a second factor must have used it: a session from before counts no longer. */
const ASSURED = `select 1 where exists (select 1 from sessions where id = ?1 and acr = 'aal2')
  or not exists (select 1 from totp where person_id = ?2 and confirmed_at is not null)`;

/** What the region's records know of the person, in one round trip, and those of the others. Problems `session_ended`, `step_up_required`. */
export async function readAccount(ports: ExportPorts): Promise<AccountFacts[]> {
  const { actor, records } = ports;
  const [guard, assured, ...found] = await records.batch<Row>([
    sessionGuard(records, actor, ports.now()),
    records.prepare(ASSURED).bind(actor.session, actor.person),
    ...ACCOUNT_KINDS.map(({ sql }) => records.prepare(sql).bind(actor.person)),
  ]);
  requireSession(guard);
  if (assured === undefined || assured.results.length === 0) throw problem("step_up_required", "Prove who you are with both factors.");
  const elsewhere = await readElsewhere(ports);
  return await Promise.all(
    ACCOUNT_KINDS.map(async (kind, i) => {
      const rows = [...(found[i]?.results ?? []), ...(elsewhere.get(kind.kind) ?? [])];
      return factsOf(kind, await Promise.all(rows.map(async (row) => await opened(ports, kind, row))));
    }),
  );
}

/** What lies in the regions of others, by kind. */
async function readElsewhere({ actor, region, recordsOf }: ExportPorts): Promise<ReadonlyMap<string, Row[]>> {
  const kinds = ACCOUNT_KINDS.filter(({ everywhere }) => everywhere === true);
  const found = await Promise.all(
    REGIONS.filter((one) => one !== region).map(async (one) => {
      const records = recordsOf(one);
      return await records.batch<Row>(kinds.map(({ sql }) => records.prepare(sql).bind(actor.person)));
    }),
  );
  return new Map(kinds.map(({ kind }, i) => [kind, found.flatMap((results) => results[i]?.results ?? [])]));
}

/** The row with what is sealed in it opened by the person's vault. */
async function opened(ports: ExportPorts, { sealed }: AccountKind, row: Row): Promise<Row> {
  if (sealed === undefined) return row;
  const text = row[sealed.field];
  return { ...row, [sealed.field]: typeof text === "string" ? await ports.unseal(sealed.place(String(row["id"])), text) : null };
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
