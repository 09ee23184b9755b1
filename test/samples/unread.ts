/** Why Meridian does not read a kind of file: by the beginning of its name, the most telling first. */
const REASONS: readonly (readonly [beginning: string, reason: string])[] = [
  ["fhir/", "resources that are neither Observations nor reports are counted, and not taken in"],
  ["cgm/", "says what there is, and holds no value"],
  [
    "fitbit/",
    "descriptions, goals, devices and subscriptions of the Fitbit Web API, and replies without a date: no value that could be placed",
  ],
  ["google_fit/", "descriptions and mappings, and no data"],
  ["google_health/", "a description of the API, and no data"],
  ["garmin/fit/", "what an independent reader found in the file beside it"],
  ["garmin/cyberjunky_sample_workout", "a plan of a workout, and not one that took place"],
  ["labs/", "a table of a survey: a row for each of many people, and no results of one person"],
  ["oura/", "a description of the API, and no data"],
  ["polar/", "a description of the API, and no data"],
  ["rr/", "recordings of beat intervals whose names do not say when they were made, as a plain list must"],
  ["strava/", "a description of the API, and no data"],
  ["whoop/", "a description of the API, and no data"],
  ["withings/", "descriptions, devices, goals and subscriptions of Withings: no value that could be placed"],
  ["catalogue/", "catalogues of foods and exercises are not loaded"],
];

/** Says why a sample has no reader. */
export function unreadReason(file: string): string {
  return REASONS.find(([beginning]) => file.startsWith(beginning))?.[1] ?? "there is no reader for it";
}
