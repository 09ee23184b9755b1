import { HOUR_MS } from "../../../shared/clock";
import type { Entry } from "./entries";
import { type HourPart, hourParts } from "./rows";

/** So many hours are read at once: an hour at 1 Hz is some kilobytes, and of a page that is merged with others not all may be shown. */
const AT_ONCE = 10;

/** The hours of a page of entries, read some at once in the order of the page where the first of them is asked for. */
export class HoursAhead {
  readonly #sql: SqlStorage;
  /** By series, the hours that were not read yet. */
  readonly #waiting = new Map<string, number[]>();
  readonly #read = new Map<string, HourPart[]>();

  constructor(sql: SqlStorage, entries: readonly Entry[]) {
    this.#sql = sql;
    for (const { stream, start } of entries) {
      if (stream.table !== "segments") continue;
      const key = seriesOf(stream);
      const hours = this.#waiting.get(key);
      if (hours === undefined) this.#waiting.set(key, [hourAt(start)]);
      else hours.push(hourAt(start));
    }
  }

  /** The parts of the hour of an entry, each asked for once. */
  take({ stream, start }: Entry): readonly HourPart[] {
    const hour = hourAt(start);
    const key = `${seriesOf(stream)} ${hour}`;
    if (!this.#read.has(key)) this.#readFrom(stream, hour);
    const parts = this.#read.get(key) ?? [];
    this.#read.delete(key);
    return parts;
  }

  #readFrom({ metric, source }: Entry["stream"], hour: number): void {
    const series = seriesOf({ metric, source });
    const waiting = this.#waiting.get(series) ?? [];
    const at = waiting.indexOf(hour);
    const hours = at < 0 ? [hour] : waiting.splice(at, AT_ONCE);
    for (const one of hours) this.#read.set(`${series} ${one}`, []);
    for (const part of hourParts(this.#sql, metric, source, hours)) this.#read.get(`${series} ${part.hour}`)?.push(part);
  }
}

function seriesOf({ metric, source }: Pick<Entry["stream"], "metric" | "source">): string {
  return `${metric} ${source}`;
}

function hourAt(start: number): number {
  return Math.floor(start / HOUR_MS);
}
