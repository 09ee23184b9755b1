import type { Metric } from "./catalogue";
import type { Source } from "./reading";

/**
 * Which source to believe when several tell the same hour: device type first, then how it was recorded, then the door it came
 * through. Lower ranks win. Values of two sources are never added.
 */
const WORN: Readonly<Record<string, number>> = { chest_strap: 0, watch: 1, band: 1, ring: 2, earbuds: 3, phone: 5, scale: 6 };
const NIGHT: Readonly<Record<string, number>> = { ring: 0, watch: 1, band: 1, mat: 1, chest_strap: 3, phone: 5, scale: 6 };
const BODY: Readonly<Record<string, number>> = { scale: 0, watch: 3, band: 3, ring: 3, phone: 4 };
const UNKNOWN_DEVICE = 4;

const METHOD: Readonly<Record<string, number>> = { active: 0, automatic: 1, unknown: 2, manual: 3 };
/** Where somebody types a value in because no device measures it, the typed one is as good. */
const TYPED = new Set(["nutrition", "reproductive", "mental", "labs"]);

/** A device's own account before a copy of it in a file; a vendor's cloud between the two. */
const DOOR: Readonly<Record<string, number>> = {
  live: 0,
  healthkit: 1,
  health_connect: 1,
  samsung_health: 1,
  google_health: 2,
  apple_health_export: 3,
  fit_file: 3,
  tcx_file: 4,
  gpx_file: 5,
  manual: 4,
};

/** The rank of a source for a metric; lower is better. */
export function sourceRank(metric: Pick<Metric, "sensitivity">, source: Source): number {
  const devices = metric.sensitivity === "body" ? BODY : metric.sensitivity === "sleep" ? NIGHT : WORN;
  const device = devices[deviceOf(source)] ?? UNKNOWN_DEVICE;
  const method = TYPED.has(metric.sensitivity) ? 0 : (METHOD[source.recordingMethod ?? "unknown"] ?? 2);
  const manual = method === 3 ? 1_000 : 0;
  return manual + device * 100 + method * 10 + (DOOR[source.vendor] ?? 2);
}

/** The kind of device behind a source, from its type or, failing that, from its name and model; `unknown` where nothing tells. */
export function deviceOf(source: Source): string {
  if (source.deviceType !== undefined && source.deviceType !== "unknown") return source.deviceType;
  const text = `${source.deviceModel ?? ""} ${source.deviceName ?? ""} ${source.app ?? ""}`.toLowerCase();
  for (const [word, type] of NAMED) if (text.includes(word)) return type;
  return "unknown";
}

const NAMED: readonly (readonly [word: string, type: string])[] = [
  ["watch", "watch"],
  ["ring", "ring"],
  ["scale", "scale"],
  ["strap", "chest_strap"],
  ["band", "band"],
  ["iphone", "phone"],
  ["phone", "phone"],
];

/** The better of two sources; of equals the one with the lower number, so that the choice is stable. */
export function betterSource(
  a: { readonly rank: number; readonly number: number },
  b: { readonly rank: number; readonly number: number },
): boolean {
  return a.rank < b.rank || (a.rank === b.rank && a.number < b.number);
}
