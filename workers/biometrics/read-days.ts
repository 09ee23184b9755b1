import type { DaysQuery } from "../../durable-objects/vault/pages";
import { idOf } from "../../shared/context";
import { openCursor, sealCursor } from "../../shared/http/cursor";
import { listOf, type ReadPorts } from "./ports";
import { type ReadPurpose, saidPurpose, withheldMember } from "./withheld";

/** What a client asks of daily summaries; dates are days since 1970-01-01, both ends included. */
export interface ReadDays {
  readonly from: number;
  readonly to: number;
  readonly recording?: DaysQuery["recording"];
  readonly purpose?: ReadPurpose;
  readonly limit: number;
  readonly cursor?: string | undefined;
}

/** One page of daily summaries as JSON text: `limit` dates at a time, those without data left out. */
export async function readDays(ports: ReadPorts, input: ReadDays): Promise<string> {
  const { vault, keys, actor } = ports;
  const scope = listOf(ports, `days ${input.from} ${input.to} ${input.recording ?? ""} ${input.purpose ?? ""}`);
  const first = input.cursor === undefined ? input.from : await openCursor<number>(keys, idOf(actor), scope, input.cursor);
  const last = Math.min(input.to, first + input.limit - 1);
  const items = await vault.days(actor, {
    from: first,
    to: last,
    every: false,
    recording: input.recording,
    purpose: saidPurpose(input.purpose),
  });
  const next = last < input.to ? await sealCursor(keys, idOf(actor), scope, last + 1) : null;
  return `{"items":${items},"next":${JSON.stringify(next)}${await withheldMember(ports, input.purpose)}}`;
}

/** The summary of one date as JSON text; a date without data has no metrics. */
export async function readDay(
  ports: ReadPorts,
  date: number,
  { recording, purpose }: Pick<ReadDays, "recording" | "purpose">,
): Promise<string> {
  const { vault, actor } = ports;
  const text = await vault.days(actor, { from: date, to: date, every: true, recording, purpose: saidPurpose(purpose) });
  return `${text.slice(1, -2)}${await withheldMember(ports, purpose)}}`;
}
