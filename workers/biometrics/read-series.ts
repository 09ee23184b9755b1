import type { SeriesPosition, SeriesQuery } from "../../durable-objects/vault/answers";
import { DAY_MS } from "../../shared/clock";
import { idOf } from "../../shared/context";
import { openCursor, sealCursor } from "../../shared/http/cursor";
import { listOf, type ReadPorts } from "./ports";
import { type ReadPurpose, saidPurpose, withheldMember } from "./withheld";

/** What a client asks of a series; times epoch ms. */
export interface ReadSeries {
  readonly key: string;
  readonly from?: number | undefined;
  readonly to?: number | undefined;
  readonly resolution: SeriesQuery["resolution"];
  readonly source?: number | "all" | undefined;
  readonly recording?: SeriesQuery["recording"];
  readonly purpose?: ReadPurpose;
  readonly limit: number;
  readonly cursor?: string | undefined;
}

/** Without a beginning, as much as one screen shows. */
const DEFAULT_SPAN_MS = { raw: DAY_MS, minute: DAY_MS, hour: 30 * DAY_MS, day: 366 * DAY_MS } as const;

interface Place {
  readonly from: number;
  readonly to: number;
  readonly after: SeriesPosition;
}

/**
 * One page of a metric's series as JSON text. The cursor keeps the period of the first page, so that pages without `from` and `to` go on
 * where the last one ended although time has moved.
 */
export async function readSeries(ports: ReadPorts, input: ReadSeries, now: number): Promise<string> {
  const { vault, keys, actor } = ports;
  const scope = listOf(
    ports,
    `series ${input.key} ${input.resolution} ${input.source ?? "best"} ${input.recording ?? ""} ${input.purpose ?? ""} ${input.from ?? ""} ${input.to ?? ""}`,
  );
  const place = input.cursor === undefined ? undefined : await openCursor<Place>(keys, idOf(actor), scope, input.cursor);
  const to = place?.to ?? input.to ?? now + 1;
  const from = place?.from ?? input.from ?? to - DEFAULT_SPAN_MS[input.resolution];
  const page = await vault.series(actor, {
    key: input.key,
    from,
    to,
    resolution: input.resolution,
    choice: input.source ?? "best",
    recording: input.recording,
    purpose: saidPurpose(input.purpose),
    limit: input.limit,
    after: place?.after,
  });
  const next = page.next === null ? null : await sealCursor(keys, idOf(actor), scope, { from, to, after: page.next } satisfies Place);
  const { key, unit, resolution, coverage, attributions } = page;
  const head = JSON.stringify({ key, unit, resolution, coverage, attributions });
  return `${head.slice(0, -1)},"items":${page.items},"next":${JSON.stringify(next)}${await withheldMember(ports, input.purpose)}}`;
}
