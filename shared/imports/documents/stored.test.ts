import { describe, expect, test } from "vitest";
import { zip } from "../../../test/fixtures/zip";
import { readFileAs, type ReadFile } from "../../../test/fixtures/read-import";
import { isProblem } from "../../problem";

const told = ({ values }: ReadFile) =>
  values.map(({ metric, kind, at, date, value }) => [metric, kind, date ?? new Date(at).toISOString(), value]);

async function refusal(content: string): Promise<string> {
  try {
    await readFileAs(content);
  } catch (error) {
    return isProblem(error) ? error.code : "no kind";
  }
  return "read";
}

describe("Fitbit", () => {
  test("an account's export is read file by file: UTC by the minute, pounds, centimetres, and folders that are not known are named", async () => {
    const archive = zip([
      { name: "Takeout/Fitbit/Global Export Data/steps-2025-03-01.json", content: '[{"dateTime":"03/01/25 08:00:00","value":"12"}]' },
      { name: "Takeout/Fitbit/Global Export Data/distance-2025-03-01.json", content: '[{"dateTime":"03/01/25 08:00:00","value":"950"}]' },
      {
        name: "Takeout/Fitbit/Global Export Data/heart_rate-2025-03-01.json",
        content: '[{"dateTime":"03/01/25 08:00:05","value":{"bpm":64,"confidence":2}}]',
      },
      {
        name: "Takeout/Fitbit/Global Export Data/resting_heart_rate-2025-03-01.json",
        content: '[{"dateTime":"03/01/25 00:00:00","value":{"date":"03/01/25","value":57.5}}]',
      },
      {
        name: "Takeout/Fitbit/Global Export Data/weight-2025-03-01.json",
        content: '[{"logId":1,"weight":150,"bmi":22,"date":"03/01/25","time":"07:00:00"}]',
      },
      { name: "Takeout/Fitbit/Other/badge.json", content: '[{"earned":true}]' },
    ]);
    const read = await readFileAs(archive, { zone: "Europe/Berlin" });
    expect(read.kind).toBe("fitbit");
    expect(told(read).toSorted()).toEqual([
      ["bmi", "sample", "2025-03-01T06:00:00.000Z", 22],
      ["body_weight", "sample", "2025-03-01T06:00:00.000Z", expect.closeTo(68.0388555, 6)],
      ["distance_walk_run", "interval", "2025-03-01T08:00:00.000Z", 9.5],
      ["heart_rate", "sample", "2025-03-01T08:00:05.000Z", 64],
      ["resting_heart_rate", "daily", "2025-03-01", 57.5],
      ["steps", "interval", "2025-03-01T08:00:00.000Z", 12],
    ]);
    expect(read.report.warnings.map(({ detail }) => detail)).toContainEqual(expect.stringContaining("Fitbit/Other"));
  });

  test("the tables of an account's export are read with the vendor's units, each told once, and minutes without a signal are none", async () => {
    const read = await readFileAs(
      zip([
        { name: "Takeout/Fitbit/Global Export Data/steps-2025-03-01.json", content: '[{"dateTime":"03/01/25 08:00:00","value":"12"}]' },
        {
          name: "Takeout/Fitbit/Physical Activity_GoogleData/steps_2025-03-01.csv",
          content: "timestamp,steps,data source\n2025-03-01T08:00:00Z,12,Pixel Watch\n",
        },
        {
          name: "Takeout/Fitbit/Physical Activity_GoogleData/heart_rate_2025-03-01.csv",
          content: "timestamp,beats per minute,data source\n2025-03-01T08:00:01Z,61,Pixel Watch\n",
        },
        {
          name: "Takeout/Fitbit/Physical Activity_GoogleData/weight.csv",
          content: "timestamp,weight grams,data source\n2025-03-01T07:00:00Z,93400,Aria\n",
        },
        {
          name: "Takeout/Fitbit/Heart Rate Variability/Daily Heart Rate Variability Summary - 2025-03-(1).csv",
          content: "timestamp,rmssd,nremhr,entropy\n2025-03-01T00:00:00,42.5,55.1,2.4\n",
        },
        {
          name: "Takeout/Fitbit/Heart Rate Variability/Heart Rate Variability Details - 2025-03-01.csv",
          content: "timestamp,rmssd,coverage,low_frequency,high_frequency\n2025-03-01T02:05:00,38.2,0.9,512,301\n",
        },
        {
          name: "Takeout/Fitbit/Oxygen Saturation (SpO2)/Minute SpO2 - 2025-03-01.csv",
          content: "timestamp,value\n2025-03-01T02:05:00Z,95.5\n2025-03-01T02:06:00Z,50.0\n",
        },
        {
          name: "Takeout/Fitbit/Oxygen Saturation (SpO2)/Daily SpO2 - 2025-03-01-2025-03-31.csv",
          content: "timestamp,average_value,lower_bound,upper_bound\n2025-03-01T00:00:00Z,95.6,92,98\n",
        },
        {
          name: "Takeout/Fitbit/Sleep Score/sleep_score.csv",
          content: "sleep_log_entry_id,timestamp,overall_score,resting_heart_rate\n1,2025-03-01T06:14:30Z,73,57\n",
        },
        {
          name: "Takeout/Fitbit/Stress Score/Stress Score.csv",
          content:
            "DATE,UPDATED_AT,STRESS_SCORE,STATUS,CALCULATION_FAILED\n2025-03-01T00:00:00,2025-03-01T12:00:00,76,READY,false\n2025-03-02T00:00:00,,0,NO_DATA,false\n",
        },
        {
          name: "Takeout/Fitbit/Active Zone Minutes (AZM)/Active Zone Minutes - 2025-03-01.csv",
          content: "date_time,heart_zone_id,total_minutes\n2025-03-01T18:00,CARDIO,2\n",
        },
        {
          name: "Takeout/Fitbit/Global Export Data/estimated_oxygen_variation-2025-03-01.csv",
          content: "timestamp,Infrared to Red Signal Ratio\n03/01/25 02:05:00,12\n",
        },
      ]),
      { zone: "Europe/Berlin" },
    );
    expect(read.kind).toBe("fitbit");
    expect(told(read).toSorted()).toEqual([
      ["active_zone_minutes", "interval", "2025-03-01T17:00:00.000Z", 2],
      ["body_weight", "sample", "2025-03-01T07:00:00.000Z", 93.4],
      ["heart_rate", "sample", "2025-03-01T08:00:01.000Z", 61],
      ["hrv_rmssd", "daily", "2025-03-01", 42.5],
      ["hrv_rmssd", "sample", "2025-03-01T01:05:00.000Z", 38.2],
      ["score.sleep", "daily", "2025-03-01", 73],
      ["score.stress", "daily", "2025-03-01", 76],
      ["spo2", "daily", "2025-03-01", 95.6],
      ["spo2", "sample", "2025-03-01T02:05:00.000Z", 95.5],
      ["steps", "interval", "2025-03-01T08:00:00.000Z", 12],
    ]);
    expect(read.values.find(({ metric }) => metric === "heart_rate")?.source).toMatchObject({
      vendor: "fitbit",
      deviceName: "Pixel Watch",
    });
    expect(read.report.byType).toMatchObject({ "Minute SpO2": { read: 2, rejected: 1 }, "Stress Score": { read: 2, rejected: 1 } });
  });

  test("kilometres of the Web API become metres, minutes begin on the person's clock, and short wakes are cut into a night", async () => {
    const days = await readFileAs('{"activities-distance":[{"dateTime":"2025-03-01","value":"5.25"}]}');
    expect(told(days)).toEqual([["distance_walk_run", "daily", "2025-03-01", 5_250]]);
    const minutes = await readFileAs(
      '{"activities-steps":[{"dateTime":"2025-03-01","value":"9"}],"activities-steps-intraday":{"dataset":[{"time":"08:00:00","value":9}],"datasetInterval":15,"datasetType":"minute"}}',
      { zone: "Europe/Berlin" },
    );
    expect(minutes.values.find(({ kind }) => kind === "interval")).toMatchObject({
      at: Date.UTC(2025, 2, 1, 7),
      end: Date.UTC(2025, 2, 1, 7, 15),
    });
    const levels = {
      data: [{ dateTime: "2025-03-01T00:00:00.000", level: "light", seconds: 3_600 }],
      shortData: [{ dateTime: "2025-03-01T00:20:00.000", level: "wake", seconds: 60 }],
    };
    const night = await readFileAs(
      JSON.stringify({
        sleep: [
          { logId: 7, dateOfSleep: "2025-03-01", startTime: "2025-03-01T00:00:00.000", duration: 3_600_000, isMainSleep: true, levels },
        ],
      }),
    );
    expect(night.sleeps[0]?.stages.map(({ stage, start, end }) => [stage, (end - start) / 60_000])).toEqual([
      ["light", 20],
      ["awake", 1],
      ["light", 39],
    ]);
  });

  test.each([
    '{"errors":[{"errorType":"invalid_request"}],"success":false}',
    '{"sleep":[{"dateOfSleep":"2025-03-01","levels":{',
    "{ apiSubscriptions:[ {} ] }",
  ])("%s is refused", async (content) => {
    expect(await refusal(content)).not.toBe("read");
  });
});

test("iHealth's seconds are of the wall clock, and its zeroes are no values", async () => {
  const read = await readFileAs(
    '{"WeightDataList":[{"DataID":"x","MDate":1740000000,"TimeZone":"-0800","WeightValue":150,"FatValue":0,"BMI":22}],"WeightUnit":1}',
  );
  expect(read.kind).toBe("ihealth");
  expect(told(read)).toEqual([
    ["body_weight", "sample", "2025-02-20T05:20:00.000Z", expect.closeTo(68.0388555, 6)],
    ["bmi", "sample", "2025-02-20T05:20:00.000Z", 22],
  ]);
});

test("points of Google Fit keep their milliseconds and what they are", async () => {
  const point = (dataTypeName: string, value: object) => ({
    startTimeNanos: "1740000000123456789",
    endTimeNanos: "1740000060000000000",
    dataTypeName,
    value: [value],
    modifiedTimeMillis: "5",
  });
  const read = await readFileAs(
    JSON.stringify({
      minStartTimeNs: "1",
      point: [
        point("com.google.height", { fpVal: 1.8 }),
        point("com.google.activity.segment", { intVal: 8 }),
        point("com.google.activity.segment", { intVal: 3 }),
        point("com.example.mood", { intVal: 1 }),
      ],
    }),
  );
  expect(read.kind).toBe("google-fit");
  expect(read.values.map(({ metric, at, value }) => [metric, at, value])).toEqual([["body_height", 1_740_000_000_123, 180]]);
  expect(read.workouts.map(({ type, end }) => [type, end])).toEqual([["running", 1_740_000_060_000]]);
});

describe("Open mHealth", () => {
  const body = { body_weight: { value: 150, unit: "lb" }, effective_time_frame: { date_time: "2025-02-20T05:20:00+01:00" } };

  test("a data point with its header keeps its id, source and qualifiers", async () => {
    const header = { id: "p1", schema_id: { namespace: "omh", name: "body-weight", version: "2.0" }, modality: "self-reported" };
    const read = await readFileAs(JSON.stringify([{ header, body: { ...body, descriptive_statistic: "minimum" } }]));
    expect(read.values[0]).toMatchObject({
      at: Date.UTC(2025, 1, 20, 4, 20),
      zone: 3_600,
      source: { recordingMethod: "manual" },
      reading: { id: "p1", attributes: { descriptive_statistic: "minimum" } },
    });
  });

  test.each([
    ["an empty document", {}],
    ["another unit", { ...body, body_weight: { value: 1, unit: "km" } }],
    ["no unit", { ...body, body_weight: { value: 1 } }],
    ["no time frame", { body_weight: body.body_weight }],
    ["half an interval", { ...body, effective_time_frame: { time_interval: { start_date_time: "2025-02-20T05:20:00Z" } } }],
    ["a part of a day", { ...body, effective_time_frame: { time_interval: { date: "2025-02-20", part_of_day: "morning" } } }],
    ["a statistic that is none", { ...body, descriptive_statistic: "minmum" }],
  ])("%s is refused", async (_what, content) => {
    expect(await refusal(JSON.stringify(content))).not.toBe("read");
  });
});
