import { localDay, offsetAt } from "../../shared/health/zone";
import { problem } from "../../shared/problem";

/** One end of a period: a local date (days since 1970-01-01) or an instant (epoch milliseconds). */
export type AskedEnd = { readonly date: number } | { readonly at: number };

/** A period as somebody asks for it. A date at its end is included, an instant is not. */
export interface AskedPeriod {
  readonly from?: AskedEnd | undefined;
  readonly to?: AskedEnd | undefined;
}

const USUAL_DAYS = 30;
const MOST_DAYS = 366;

/** The local dates of a period, both included; the last 30 where nothing is asked. Problem `invalid` where it is empty or too long. */
export function datesOf(timeZone: string, { from, to }: AskedPeriod, now: number): { readonly from: number; readonly to: number } {
  const dateOf = (at: number): number => localDay(at, offsetAt(timeZone, at));
  const last = to === undefined ? dateOf(now) : "date" in to ? to.date : dateOf(to.at - 1);
  const first = from === undefined ? last - USUAL_DAYS + 1 : "date" in from ? from.date : dateOf(from.at);
  const fault =
    first > last ? "The end must lie after the beginning." : last - first >= MOST_DAYS ? `At most ${MOST_DAYS} days.` : undefined;
  if (fault !== undefined) throw problem("invalid", undefined, { errors: [{ pointer: "/to", code: "out_of_bounds", message: fault }] });
  return { from: first, to: last };
}
