/**
 * Civil time. A civil instant is kept as "the UTC milliseconds that would show the same clock face"; a civil day as the
 * number of days since 1970-01-01. Both make arithmetic and comparison trivial.
 */
export const MINUTE = 60_000;
export const HOUR = 3_600_000;
export const DAY = 86_400_000;

const formats = new Map<string, Intl.DateTimeFormat>();
const offsets = new Map<string, number>();

function offsetUncached(zone: string, ms: number): number {
  let format = formats.get(zone);
  if (!format) {
    format = new Intl.DateTimeFormat("en-US", {
      timeZone: zone,
      hourCycle: "h23",
      year: "numeric",
      month: "numeric",
      day: "numeric",
      hour: "numeric",
      minute: "numeric",
      second: "numeric",
    });
    formats.set(zone, format);
  }
  const part: Record<string, number> = {};
  for (const { type, value } of format.formatToParts(ms)) part[type] = Number(value);
  const face = Date.UTC(
    part["year"] ?? 1970,
    (part["month"] ?? 1) - 1,
    part["day"] ?? 1,
    part["hour"] ?? 0,
    part["minute"] ?? 0,
    part["second"] ?? 0,
  );
  return face - Math.floor(ms / 1000) * 1000;
}

/** UTC offset in milliseconds; zones change their offset only on quarter hours, so one answer serves fifteen minutes. */
export function offsetMs(zone: string, ms: number): number {
  const slot = Math.floor(ms / (15 * MINUTE));
  const key = `${zone}|${slot}`;
  let offset = offsets.get(key);
  if (offset === undefined) {
    if (offsets.size > 200_000) offsets.clear();
    offset = offsetUncached(zone, slot * 15 * MINUTE);
    offsets.set(key, offset);
  }
  return offset;
}

/** Physical → civil. */
export function civilOf(zone: string, ms: number): number {
  return ms + offsetMs(zone, ms);
}

/** Civil → physical; in a spring gap the later clock face, in an autumn fold the first one. */
export function physicalOf(zone: string, civilMs: number): number {
  const first = civilMs - offsetMs(zone, civilMs - 12 * HOUR);
  return civilOf(zone, first) === civilMs ? first : civilMs - offsetMs(zone, first);
}

/** The civil day an instant falls in. */
export function dayOf(zone: string, ms: number): number {
  return Math.floor(civilOf(zone, ms) / DAY);
}

/** The instant a civil day begins. */
export function dayStart(zone: string, day: number): number {
  return physicalOf(zone, day * DAY);
}

/** 0 = Sunday … 6 = Saturday. */
export function weekday(day: number): number {
  return (((day + 4) % 7) + 7) % 7;
}

/** `YYYY-MM-DD` → civil day number. */
export function dayNumber(date: string): number {
  return Math.floor(Date.parse(`${date}T00:00:00Z`) / DAY);
}
