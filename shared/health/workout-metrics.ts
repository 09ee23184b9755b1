/** The metrics that belong to a kind of workout: by part of its canonical type, since sports have many variants. The order matters. */
const FOOT = /run|walk|hik|treadmill|trek|mountaineer|orienteer|ruck|snowshoe/;
const CYCLE = /cycl|bik/;

const DISTANCES: readonly (readonly [RegExp, string])[] = [
  [/motor|water_ski/, "distance"],
  [/hand_cycling|wheelchair/, "distance_wheelchair"],
  [CYCLE, "distance_cycling"],
  [/swim/, "distance_swimming"],
  [/rowing/, "distance_rowing"],
  [/paddl|kayak|canoe/, "distance_paddle"],
  [/cross_country_ski|nordic_ski/, "distance_xc_ski"],
  [/skiing|snowboard/, "distance_downhill_snow"],
  [/skat/, "distance_skating"],
  [FOOT, "distance_walk_run"],
];

const SPEEDS: readonly (readonly [RegExp, string])[] = [
  [/motor|hand_cycling|wheelchair/, "speed"],
  [CYCLE, "speed_cycle"],
  [/rowing/, "speed_row"],
  [/paddl|kayak|canoe/, "speed_paddle"],
  [/cross_country_ski|nordic_ski/, "speed_xc_ski"],
  [/run/, "speed_run"],
];

/** The distance that a workout of a canonical type covers. */
export function distanceMetric(type: string): string {
  return keyOf(DISTANCES, type) ?? "distance";
}

/** The speed of a workout of a canonical type. */
export function speedMetric(type: string): string {
  return keyOf(SPEEDS, type) ?? "speed";
}

/** The power of a workout of a canonical type. */
export function powerMetric(type: string): string {
  if (/motor/.test(type)) return "power";
  return CYCLE.test(type) ? "power_cycle" : /run/.test(type) ? "power_run" : "power";
}

/** The cadence that a workout of a canonical type has, or undefined where the catalogue has none: strokes of a swim, say. */
export function cadenceMetric(type: string): "cadence_run" | "cadence_cycle" | undefined {
  if (/motor|wheelchair/.test(type)) return undefined;
  return CYCLE.test(type) ? "cadence_cycle" : FOOT.test(type) ? "cadence_run" : undefined;
}

function keyOf(table: readonly (readonly [RegExp, string])[], type: string): string | undefined {
  return table.find(([pattern]) => pattern.test(type))?.[1];
}
