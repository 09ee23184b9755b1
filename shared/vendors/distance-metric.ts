/** Canonical type → the distance it covers; by part of the name, since sports have many variants. The order matters. */
const DISTANCES: readonly (readonly [RegExp, string])[] = [
  [/hand_cycling|wheelchair/, "distance_wheelchair"],
  [/cycl|bik/, "distance_cycling"],
  [/swim/, "distance_swimming"],
  [/rowing/, "distance_rowing"],
  [/paddl|kayak|canoe/, "distance_paddle"],
  [/cross_country_ski|nordic_ski/, "distance_xc_ski"],
  [/skiing|snowboard/, "distance_downhill_snow"],
  [/skat/, "distance_skating"],
  [/run|walk|hik|treadmill|trek|mountaineer|orienteer|ruck|snowshoe/, "distance_walk_run"],
];

/** The catalogue key of the distance that a workout of a canonical type covers; `distance` where the sport does not tell. */
export function distanceMetric(type: string): string {
  return DISTANCES.find(([pattern]) => pattern.test(type))?.[1] ?? "distance";
}
