import type { SessionPage, SessionPosition, SessionQuery } from "../../durable-objects/vault/pages";
import { DAY_MS } from "../../shared/clock";
import { idOf } from "../../shared/context";
import { openCursor, sealCursor } from "../../shared/http/cursor";
import { listOf, type ReadPorts } from "./ports";
import { type ReadPurpose, saidPurpose, withheldMember } from "./withheld";

/** What a client asks of sleep or workouts; times epoch ms. */
export interface ReadSessions {
  readonly from?: number | undefined;
  readonly to?: number | undefined;
  readonly source?: number | "all" | undefined;
  readonly recording?: SessionQuery["recording"];
  readonly purpose?: ReadPurpose;
  readonly limit: number;
  readonly cursor?: string | undefined;
}

const DEFAULT_SPAN_MS = 30 * DAY_MS;

interface Place {
  readonly from: number;
  readonly to: number;
  readonly after: SessionPosition;
}

/** One page of sleep sessions or workouts as JSON text; the last 30 days without a period. */
export async function readSessions(ports: ReadPorts, kind: "sleep" | "workouts", input: ReadSessions, now: number): Promise<string> {
  const { vault, keys, actor } = ports;
  const scope = listOf(
    ports,
    `${kind} ${input.source ?? "best"} ${input.recording ?? ""} ${input.purpose ?? ""} ${input.from ?? ""} ${input.to ?? ""}`,
  );
  const place = input.cursor === undefined ? undefined : await openCursor<Place>(keys, idOf(actor), scope, input.cursor);
  const to = place?.to ?? input.to ?? now + DAY_MS;
  const from = place?.from ?? input.from ?? to - DEFAULT_SPAN_MS;
  const query: SessionQuery = {
    from,
    to,
    choice: input.source ?? "best",
    recording: input.recording,
    purpose: saidPurpose(input.purpose),
    limit: input.limit,
    after: place?.after,
  };
  const page: SessionPage = kind === "sleep" ? await vault.sleep(actor, query) : await vault.workouts(actor, query);
  const next = page.next === null ? null : await sealCursor(keys, idOf(actor), scope, { from, to, after: page.next } satisfies Place);
  return `{"items":${page.items},"next":${JSON.stringify(next)}${await withheldMember(ports, input.purpose)}}`;
}
