import { isoWithOffset } from "../health/zone";

const LARGEST_OFFSET_S = 14 * 3_600;
const DATE_TIME = /^(\d{4}-\d{2}-\d{2})T(\d{2}:\d{2}:\d{2}(?:\.\d+)?)(Z|[+-]\d{2}:\d{2})$/;

/**
 * A FHIR dateTime with the reading's own offset (seconds east of UTC). FHIR writes offsets in whole minutes up to 14 hours; others
 * become UTC, which keeps the instant.
 */
export function dateTime(at: number, offsetS: number): string {
  const fits = offsetS % 60 === 0 && Math.abs(offsetS) <= LARGEST_OFFSET_S;
  return isoWithOffset(at, fits ? offsetS : 0);
}

/** Instant (epoch milliseconds) and offset (seconds) of a FHIR dateTime with time and zone; undefined for any other text. */
export function parseDateTime(text: string): { readonly at: number; readonly zone: number } | undefined {
  const match = DATE_TIME.exec(text);
  if (match === null) return undefined;
  const at = Date.parse(text);
  if (Number.isNaN(at)) return undefined;
  const offset = match[3] ?? "Z";
  if (offset === "Z") return { at, zone: 0 };
  const seconds = Number(offset.slice(1, 3)) * 3_600 + Number(offset.slice(4, 6)) * 60;
  return { at, zone: offset.startsWith("-") ? -seconds : seconds };
}
