/** Replies in Strava's shape, written for these tests. */
export const LISTED = {
  resource_state: 2,
  athlete: { id: 4711, resource_state: 1 },
  name: "Round the lake",
  distance: 30_050.4,
  moving_time: 3_500,
  elapsed_time: 3_600,
  total_elevation_gain: 210,
  type: "Ride",
  sport_type: "Ride",
  id: 11_223_344_556,
  upload_id: 987_654_321_234_567_900_000,
  start_date: "2026-06-22T06:00:00Z",
  start_date_local: "2026-06-22T08:00:00Z",
  timezone: "(GMT+01:00) Europe/Berlin",
  utc_offset: 7200,
  device_name: "Edge 540",
  trainer: false,
  commute: true,
  manual: false,
  average_speed: 8.586,
  max_speed: 15.2,
  average_cadence: 82.5,
  average_temp: 19,
  average_watts: 180.5,
  max_watts: 640,
  weighted_average_watts: 195,
  kilojoules: 631.8,
  device_watts: true,
  average_heartrate: 141.2,
  max_heartrate: 169,
  suffer_score: 75,
};

export const DETAILED = {
  ...LISTED,
  resource_state: 3,
  description: "with the neighbours",
  calories: 702.5,
  segment_efforts: [{ id: 1, name: "Up" }],
  laps: [
    { id: 1, start_date: "2026-06-22T06:00:00Z", elapsed_time: 1_800, moving_time: 1_750, distance: 15_000, average_heartrate: 138 },
    { id: 2, elapsed_time: 5 },
  ],
};

export const STREAMS = {
  time: { data: [0, 1, 3], series_type: "time", original_size: 3, resolution: "high" },
  heartrate: { data: [101, 0, 104] },
  watts: { data: [0, null, 210] },
  velocity_smooth: { data: [0, 4.2, 8.1] },
  cadence: { data: [0, 61, 80] },
  altitude: { data: [34.2, 34.4, 34.8] },
  latlng: {
    data: [
      [52.5, 13.3],
      [52.5001, 13.3001],
      [52.5003, 13.3004],
    ],
  },
};

/** What Strava says of an activity that is not there. */
export const FAULT = { message: "Record Not Found", errors: [{ resource: "Activity", field: "", code: "not found" }] };
