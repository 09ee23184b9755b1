import { metric as metricOf } from "../../shared/health/catalogue";
import { type Cutover, type RankReason, refusedSettings, type SourceSettings } from "../../shared/health/source-settings";
import { sourceId } from "../../shared/health/source-id";
import { notFound, problem } from "../../shared/problem";
import type { Sources } from "./store/sources";
import type { Store } from "./store/store";

/** The settings as their person sees them. Dates are days since 1970-01-01. */
export interface SourceSettingsView extends SourceSettings {
  readonly version: number;
  /** Feeds of the same devices of which both are here, with the date that counts now. */
  readonly handovers: readonly (Omit<Cutover, "date"> & { readonly date: number | null; readonly derived: boolean })[];
  /** The sources in the order that holds for the asked metric. */
  readonly order?: readonly { readonly source: string; readonly reason: RankReason }[];
}

/** What is chosen, and for a metric what follows from it. Problem `not_found` for an unknown metric. */
export function viewSettings(sources: Sources, key: string | undefined): SourceSettingsView {
  const { version, settings } = sources.settings;
  const handovers = sources.handovers().map((handover) => {
    const date = sources.cutoverOf(handover);
    const { from, to } = handover;
    return {
      from,
      to,
      date: Number.isFinite(date) ? date : null,
      derived: !settings.cutovers.some((one) => one.from === from && one.to === to),
    };
  });
  return { version, ...settings, handovers, ...(key === undefined ? {} : { order: orderOf(sources, key) }) };
}

function orderOf(sources: Sources, key: string): readonly { readonly source: string; readonly reason: RankReason }[] {
  const metric = metricOf(key);
  if (metric === undefined) throw notFound("metric");
  return sources
    .withReadings()
    .flatMap(({ number }) => {
      const rank = sources.rank(metric, number);
      return rank === undefined ? [] : [{ number, ...rank }];
    })
    .toSorted((a, b) => a.rank - b.rank || a.number - b.number)
    .map(({ number, reason }) => ({ source: sourceId(number), reason }));
}

/** Replaces the settings. Problems `invalid` for what is not known here, `precondition_failed` where they have changed meanwhile. */
export function changeSettings(store: Store, settings: SourceSettings, ifVersion: number | undefined): void {
  if (ifVersion !== undefined && ifVersion !== store.sources.settings.version) throw problem("precondition_failed");
  const errors = refusedSettings(settings, store.sources.all());
  if (errors.length > 0) throw problem("invalid", undefined, { errors });
  store.choose(settings);
}
