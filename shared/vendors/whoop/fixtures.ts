/** Records in WHOOP's shape, one for each resource; ids, dates and numbers are invented. */

const NIGHT = "6f0c8f2e-1111-4222-8333-444455556666";
const head = { user_id: 4711, created_at: "2026-06-22T05:10:00.000Z", updated_at: "2026-06-22T05:20:00.000Z", score_state: "SCORED" };

export const RECORDS: Readonly<Record<string, Readonly<Record<string, unknown>>>> = {
  recovery: {
    ...head,
    cycle_id: 900_001,
    sleep_id: NIGHT,
    score: {
      user_calibrating: false,
      recovery_score: 66,
      resting_heart_rate: 51,
      hrv_rmssd_milli: 62.375,
      spo2_percentage: 96.5,
      skin_temp_celsius: 33.9,
    },
  },
  sleep: {
    ...head,
    id: NIGHT,
    cycle_id: 900_001,
    start: "2026-06-21T21:00:00.000Z",
    end: "2026-06-22T05:00:00.000Z",
    timezone_offset: "+02:00",
    nap: false,
    score: {
      stage_summary: {
        total_in_bed_time_milli: 28_800_000,
        total_awake_time_milli: 1_800_000,
        total_no_data_time_milli: 60_000,
        total_light_sleep_time_milli: 14_400_000,
        total_slow_wave_sleep_time_milli: 5_400_000,
        total_rem_sleep_time_milli: 7_140_000,
        sleep_cycle_count: 5,
        disturbance_count: 7,
      },
      sleep_needed: {
        baseline_milli: 27_000_000,
        need_from_sleep_debt_milli: 600_000,
        need_from_recent_strain_milli: 300_000,
        need_from_recent_nap_milli: 0,
      },
      respiratory_rate: 15.25,
      sleep_performance_percentage: 91,
      sleep_consistency_percentage: 80,
      sleep_efficiency_percentage: 93.5,
    },
  },
  workout: {
    ...head,
    id: "0a1b2c3d-1111-4222-8333-444455556666",
    start: "2026-06-22T15:00:00.000Z",
    end: "2026-06-22T16:00:00.000Z",
    timezone_offset: "+02:00",
    sport_name: "running",
    sport_id: 0,
    score: {
      strain: 11.5,
      average_heart_rate: 148,
      max_heart_rate: 176,
      kilojoule: 2092,
      percent_recorded: 100,
      distance_meter: 9800,
      altitude_gain_meter: 85,
      altitude_change_meter: -3,
      zone_durations: { zone_zero_milli: 0, zone_one_milli: 600_000, zone_two_milli: 3_000_000 },
    },
  },
  cycle: {
    ...head,
    id: 900_001,
    start: "2026-06-21T21:00:00.000Z",
    end: "2026-06-22T21:30:00.000Z",
    timezone_offset: "+02:00",
    score: { strain: 13.2, kilojoule: 10_460, average_heart_rate: 68, max_heart_rate: 176 },
  },
  body_measurement: { height_meter: 1.78, weight_kilogram: 75.5, max_heart_rate: 193 },
};
