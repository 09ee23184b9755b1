import { metric as metricOf, type Metric } from "./catalogue";
import type { Source } from "./reading";
import { parseSourceId, sourceId } from "./source-id";
import { deviceOf, sourceRank } from "./source-rank";

/** The list that holds for every metric. */
export const EVERY_METRIC = "*";

/** Which sources come first for a metric, best first: ids (`src_3`), vendors (`vendor:healthkit`) or kinds of devices (`device:watch`). */
export interface PriorityList {
  /** Catalogue key (`sleep` and `workout` for sessions), or `*`. */
  readonly metric: string;
  readonly sources: readonly string[];
}

/** From which local date on the newer of two feeds of the same devices counts. */
export interface Cutover {
  readonly from: string;
  readonly to: string;
  /** Days since 1970-01-01. */
  readonly date: number;
}

/** What a person has chosen; whatever is not named here goes by its default. */
export interface SourceSettings {
  readonly priorities: readonly PriorityList[];
  readonly cutovers: readonly Cutover[];
}

export const NO_SETTINGS: SourceSettings = { priorities: [], cutovers: [] };

/** Two vendors that tell of the same devices: the older feed and its successor, by their names in sources. */
export interface Handover {
  readonly from: string;
  readonly to: string;
}

/** The Fitbit Web API ended in favour of the Google Health API, which tells the same days again. */
export const HANDOVERS: readonly Handover[] = [{ from: "fitbit", to: "google_health" }];

/** Why a source stands where it does. */
export type RankReason = "metric_priority" | "general_priority" | "default_order";

export interface Rank {
  /** Lower is better. */
  readonly rank: number;
  readonly reason: RankReason;
}

const VENDOR = "vendor:";
const DEVICE = "device:";
const UNLISTED = 999;
/** More than any default rank. */
const STEP = 10_000;

/** How a source is ranked for a metric: by the metric's own list, then by that for every metric, then by the defaults. */
export function rankOf(
  settings: SourceSettings,
  metric: Pick<Metric, "key" | "sensitivity">,
  { number, source }: { readonly number: number; readonly source: Source },
): Rank {
  const own = placeIn(ownList(settings, metric), number, source);
  const general = placeIn(
    settings.priorities.find((list) => list.metric === EVERY_METRIC),
    number,
    source,
  );
  return {
    rank: (own * (UNLISTED + 1) + general) * STEP + sourceRank(metric, source),
    reason: own < UNLISTED ? "metric_priority" : general < UNLISTED ? "general_priority" : "default_order",
  };
}

/** Figures of a night follow the list of `sleep` where they have none of their own. */
function ownList({ priorities }: SourceSettings, { key, sensitivity }: Pick<Metric, "key" | "sensitivity">): PriorityList | undefined {
  const own = priorities.find((list) => list.metric === key);
  return own ?? (sensitivity === "sleep" ? priorities.find((list) => list.metric === "sleep") : undefined);
}

function placeIn(list: PriorityList | undefined, number: number, source: Source): number {
  if (list === undefined) return UNLISTED;
  const id = sourceId(number);
  const place = list.sources.findIndex(
    (entry) => entry === id || entry === `${VENDOR}${source.vendor}` || entry === `${DEVICE}${deviceOf(source)}`,
  );
  return place === -1 ? UNLISTED : place;
}

/** What is wrong with settings, by JSON pointer: unknown metrics and sources, and what is named twice. */
export function refusedSettings(
  { priorities, cutovers }: SourceSettings,
  known: readonly { readonly number: number; readonly source: Source }[],
): readonly { readonly pointer: string; readonly code: string; readonly message: string }[] {
  const names = new Set(
    known.flatMap(({ number, source }) => [sourceId(number), `${VENDOR}${source.vendor}`, `${DEVICE}${deviceOf(source)}`]),
  );
  const lists = priorities.flatMap((list, i) => [
    ...(list.metric === EVERY_METRIC || metricOf(list.metric) !== undefined
      ? []
      : [{ pointer: `/priorities/${i}/metric`, code: "unknown_metric", message: "The catalogue does not have this metric." }]),
    ...(priorities.findIndex((one) => one.metric === list.metric) === i
      ? []
      : [{ pointer: `/priorities/${i}/metric`, code: "repeated", message: "This metric has a list already." }]),
    ...list.sources.flatMap((entry, k) => [
      ...(names.has(entry)
        ? []
        : [{ pointer: `/priorities/${i}/sources/${k}`, code: "unknown_source", message: "No source of yours is called so." }]),
      ...(list.sources.indexOf(entry) === k
        ? []
        : [{ pointer: `/priorities/${i}/sources/${k}`, code: "repeated", message: "This source is in the list already." }]),
    ]),
  ]);
  const dates = cutovers.flatMap((cutover, i) => {
    const isKnown = HANDOVERS.some(({ from, to }) => from === cutover.from && to === cutover.to);
    const isFirst = cutovers.findIndex(({ from, to }) => from === cutover.from && to === cutover.to) === i;
    if (isKnown && isFirst) return [];
    return isKnown
      ? [{ pointer: `/cutovers/${i}`, code: "repeated", message: "These two feeds have a date already." }]
      : [{ pointer: `/cutovers/${i}`, code: "unknown_source", message: "These two are not feeds of the same devices." }];
  });
  return [...lists, ...dates];
}

/** The same settings with source ids replaced, entries without a replacement left out. */
export function mapSources({ priorities, cutovers }: SourceSettings, idOf: (id: string) => string | undefined): SourceSettings {
  const mapped = priorities.map(({ metric, sources }) => ({
    metric,
    sources: sources.flatMap((entry) => (parseSourceId(entry) === undefined ? [entry] : (idOf(entry) ?? []))),
  }));
  return { priorities: mapped.filter(({ sources }) => sources.length > 0), cutovers };
}

/**
 * Which of two feeds of the same devices is passed over on a local date: never both, and none where only one has that date. Before the
 * cut-over the older feed counts, from then on the newer one.
 */
export function passedOver(
  date: number,
  cutover: number,
  has: { readonly from: boolean; readonly to: boolean },
): "from" | "to" | undefined {
  if (!has.from || !has.to) return undefined;
  return date < cutover ? "to" : "from";
}
