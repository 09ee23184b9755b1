import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { readFileAs, type ReadFile } from "../../test/fixtures/read-import";
import { zip } from "../../test/fixtures/zip";
import { variabilityOf } from "./beats/variability";

const told = ({ values }: ReadFile) =>
  values.map(({ metric, kind, at, date, value }) => [metric, kind, date ?? new Date(at).toISOString(), value]).toSorted();
const find = ({ values }: ReadFile, metric: string) => values.find((one) => one.metric === metric);

describe("Oura", () => {
  const archive = zip([
    {
      name: "App Data/dailysleep.csv",
      content: 'id;contributors;day;score;timestamp\na1;"{""deep_sleep"": 90}";2026-03-01;84;2026-03-01T00:00:00+01:00\n',
    },
    {
      name: "App Data/sleepmodel.csv",
      content: [
        "id;average_breath;average_hrv;bedtime_end;bedtime_start;day;efficiency;heart_rate;lowest_heart_rate;sleep_phase_5_min;total_sleep_duration;type",
        '"n1";14.5;52;2026-03-01T07:00:00+01:00;2026-03-01T06:45:00+01:00;2026-03-01;91;"{""interval"": 300, ""items"": [58, null, 57], ""timestamp"": ""2026-03-01T06:45:00.000+01:00""}";47;123;900;long_sleep',
      ].join("\n"),
    },
    {
      name: "App Data/heartrate.csv",
      content: "timestamp;bpm;source\n2026-03-01T06:00:00.000Z;61;awake\n2026-03-01T06:05:00.000Z;;awake\n",
    },
    { name: "App Data/temperature.csv", content: "timestamp;skin_temp\n2026-03-01T06:00:00.000Z;34.25\n" },
    {
      name: "App Data/workout.csv",
      content:
        "id;activity;calories;day;distance;end_datetime;intensity;source;start_datetime\nw1;running;310;2026-03-01;5200;2026-03-01T18:30:00+01:00;moderate;confirmed;2026-03-01T18:00:00+01:00\n",
    },
    { name: "App Data/ringbatterylevel.csv", content: "timestamp;level;charging\n2026-03-01T06:00:00Z;80;false\n" },
  ]);

  test("the tables of an account's export are read as Oura's own interface is, lists in their cells too", async () => {
    const read = await readFileAs(archive, { zone: "Europe/Berlin" });
    expect(read.kind).toBe("oura");
    expect(told(read)).toEqual([
      ["heart_rate", "sample", "2026-03-01T05:45:00.000Z", 58],
      ["heart_rate", "sample", "2026-03-01T05:55:00.000Z", 57],
      ["heart_rate", "sample", "2026-03-01T06:00:00.000Z", 61],
      ["hrv_rmssd", "daily", "2026-03-01", 52],
      ["respiratory_rate", "daily", "2026-03-01", 14.5],
      ["score.sleep", "daily", "2026-03-01", 84],
      ["skin_temp", "sample", "2026-03-01T06:00:00.000Z", 34.25],
      ["sleep_hr_min", "daily", "2026-03-01", 47],
    ]);
    expect(read.sleeps[0]?.stages.map(({ stage }) => stage)).toEqual(["deep", "light", "rem"]);
    expect(read.sleeps[0]).toMatchObject({ id: "sleep/n1", date: "2026-03-01" });
    expect(read.workouts).toMatchObject([{ type: "running", totals: { energy_active: 310, distance_walk_run: 5_200 } }]);
    expect(read.report.byType).toMatchObject({ sleep: { read: 6 }, heartrate: { read: 2, rejected: 1 }, workout: { read: 1 } });
    expect(read.report.warnings.map(({ code }) => code)).toContain("not_mapped");
    expect((await readFileAs(archive, { zone: "Europe/Berlin", resumes: true })).report).toEqual(read.report);
  });

  test("documents of its interface that were kept are read alone, in pages, and by what they hold", async () => {
    const day = { id: "r1", day: "2026-03-01", score: 82, temperature_deviation: -0.1, contributors: {} };
    for (const stored of [day, { data: [day], next_token: null }, { daily_readiness: [day] }]) {
      const read = await readFileAs(JSON.stringify(stored));
      expect([read.kind, ...told(read)]).toEqual([
        "oura",
        ["score.readiness", "daily", "2026-03-01", 82],
        ["skin_temp_deviation", "daily", "2026-03-01", -0.1],
      ]);
    }
  });
});

describe("WHOOP", () => {
  const CYCLES = [
    "Cycle start time,Cycle end time,Cycle timezone,Recovery score %,Resting heart rate (bpm),Heart rate variability (ms),Skin temp (celsius),Blood oxygen %,Day Strain,Energy burned (cal),Max HR (bpm),Average HR (bpm),Sleep onset,Wake onset,Sleep performance %,Asleep duration (min),In bed duration (min)",
    "2026-03-01 23:30:00,2026-03-02 23:00:00,UTC+01:00,67,52,44,33.5,96.5,12.4,2450,172,71,2026-03-01 23:30:00,2026-03-02 07:10:00,88,430,460",
  ].join("\n");
  const SLEEPS =
    "Cycle start time,Cycle end time,Cycle timezone,Sleep onset,Wake onset,Sleep performance %,Respiratory rate (rpm),Asleep duration (min),Light sleep duration (min),Nap\n" +
    "2026-03-01 23:30:00,2026-03-02 23:00:00,UTC+01:00,2026-03-01 23:30:00,2026-03-02 07:10:00,88,14.5,430,210,false\n" +
    "2026-03-01 23:30:00,2026-03-02 23:00:00,UTC+01:00,2026-03-02 14:00:00,2026-03-02 14:30:00,,,25,25,true\n";

  test("cycles, nights and workouts of an archive, each told once, on the clock of their zone", async () => {
    const read = await readFileAs(
      zip([
        { name: "my_whoop_data/physiological_cycles.csv", content: CYCLES },
        { name: "my_whoop_data/sleeps.csv", content: SLEEPS },
        {
          name: "my_whoop_data/workouts.csv",
          content:
            "Cycle start time,Cycle end time,Cycle timezone,Workout start time,Workout end time,Duration (min),Activity name,Activity Strain,Energy burned (cal),Max HR (bpm),Average HR (bpm),HR Zone 1 %,HR Zone 2 %\n" +
            "2026-03-01 23:30:00,2026-03-02 23:00:00,UTCZ,2026-03-02 17:00:00,2026-03-02 17:45:00,45,Running,11.2,520,175,150,10,40\n",
        },
        {
          name: "my_whoop_data/journal_entries.csv",
          content:
            "Cycle start time,Cycle end time,Cycle timezone,Question text,Answered yes,Notes\n2026-03-01 23:30:00,,UTC+01:00,Have any caffeine?,true,\n",
        },
      ]),
    );
    expect(read.kind).toBe("whoop");
    expect(told(read)).toEqual([
      ["energy_total", "daily", "2026-03-02", 2_450],
      ["heart_rate", "daily", "2026-03-02", 71],
      ["hrv_rmssd", "daily", "2026-03-02", 44],
      ["respiratory_rate", "daily", "2026-03-02", 14.5],
      ["resting_heart_rate", "daily", "2026-03-02", 52],
      ["score.recovery", "daily", "2026-03-02", 67],
      ["score.sleep", "daily", "2026-03-02", 88],
      ["score.strain", "daily", "2026-03-02", 12.4],
      ["skin_temp", "daily", "2026-03-02", 33.5],
      ["sleep_duration", "daily", "2026-03-02", 430],
      ["sleep_light", "daily", "2026-03-02", 210],
      ["spo2", "daily", "2026-03-02", 96.5],
    ]);
    expect(read.sleeps.map(({ start, zone, nap }) => [new Date(start).toISOString(), zone, nap])).toEqual([
      ["2026-03-01T22:30:00.000Z", 3_600, false],
      ["2026-03-02T13:00:00.000Z", 3_600, true],
    ]);
    expect(read.workouts).toMatchObject([
      {
        start: Date.UTC(2026, 2, 2, 17),
        type: "running",
        totals: { "score.strain": 11.2 },
        attributes: { zonesPct: { one: 10, two: 40 } },
      },
    ]);
    expect(read.report.warnings).toEqual([{ code: "not_mapped", detail: "Answers of the journal.", count: 1 }]);
  });

  test("cycles by themselves tell their nights, and an account's language is no matter", async () => {
    expect((await readFileAs(CYCLES)).sleeps).toHaveLength(1);
    const german = await readFileAs(
      "Startzeit des Zyklus,Endzeit des Zyklus,Zeitzone des Zyklus,Erholungswert %,Ruheherzfrequenz (Schläge pro Minute),Herzfrequenzvariabilität (ms),Tagesbelastung\n2026-03-02 00:30:00,,UTC+02:00,80,50,61,9.5\n",
    );
    expect(told(german)).toEqual([
      ["hrv_rmssd", "daily", "2026-03-02", 61],
      ["resting_heart_rate", "daily", "2026-03-02", 50],
      ["score.recovery", "daily", "2026-03-02", 80],
      ["score.strain", "daily", "2026-03-02", 9.5],
    ]);
    expect(find(german, "score.strain")?.reading?.attributes).toMatchObject({ open: true, rangeMax: 21 });
  });
});

describe("food diaries", () => {
  test("meals of MyFitnessPal are summed up by day, whatever their order, and weights wait for their unit", async () => {
    const archive = zip([
      {
        name: "Nutrition-Summary-2026-03-01-to-2026-03-02.csv",
        content:
          "Date,Meal,Calories,Fat (g),Saturated Fat,Cholesterol,Sodium (mg),Carbohydrates (g),Fiber,Protein (g),Vitamin A,Note\n" +
          '2026-03-01,Breakfast,"1,050.5",12,4,0,300,40,5,20,10,\n2026-03-02,Lunch,700,20,5,0,900,80,8,35,0,"a, b"\n2026-03-01,Dinner,500,10,2,0,500,50,4,30,0,\nTOTAL,,2250.5,42,11,0,1700,170,17,85,10,\n',
      },
      { name: "Measurement-Summary-2026-03-01-to-2026-03-02.csv", content: "Date,Weight,Body Fat %\n2026-03-01,175.0,18.5\n" },
      {
        name: "Exercise-Summary-2026-03-01-to-2026-03-02.csv",
        content:
          "Date,Exercise,Type,Exercise Calories,Exercise Minutes,Sets,Reps Per Set,Pounds,Steps,Note\n2026-03-01,Running,Cardio,350,30,,,,,\n2026-03-01,Garmin Connect calorie adjustment,Cardio,120,1,,,,5000,\n",
      },
    ]);
    const read = await readFileAs(archive);
    expect(read.kind).toBe("myfitnesspal");
    expect(told(read).filter(([, , date]) => date === "2026-03-01")).toEqual([
      ["body_fat_pct", "daily", "2026-03-01", 18.5],
      ["dietary_energy", "daily", "2026-03-01", 1_550.5],
      ["energy_active", "daily", "2026-03-01", 350],
      ["exercise_minutes", "daily", "2026-03-01", 30],
      ["nutrient.carbohydrates", "daily", "2026-03-01", 90],
      ["nutrient.fat_saturated", "daily", "2026-03-01", 6],
      ["nutrient.fat_total", "daily", "2026-03-01", 22],
      ["nutrient.fibre", "daily", "2026-03-01", 9],
      ["nutrient.protein", "daily", "2026-03-01", 50],
      ["nutrient.sodium", "daily", "2026-03-01", 800],
    ]);
    expect(find(read, "dietary_energy")?.reading?.attributes).toEqual({ parts: { Breakfast: 1_050.5, Dinner: 500 } });
    expect(read.report.byType["weight"]).toMatchObject({ read: 1, rejected: 1 });
    const mapping = {
      delimiter: ",",
      decimal: ".",
      headerLine: 1,
      dateOrder: "ymd",
      time: { date: "Date" },
      columns: [{ column: "Weight", metric: "body_weight", unit: "[lb_av]" }],
    } as const;
    expect(find(await readFileAs(archive, { mapping }), "body_weight")?.value).toBeCloseTo(79.378665, 5);
    expect((await readFileAs(archive, { resumes: true })).report).toEqual(read.report);
  });

  test("Cronometer's summary is the day, servings only where there is none, and what has a clock is placed by it", async () => {
    const servings =
      'Day,Time,Group,Food Name,Amount,Energy (kcal),Protein (g),Vitamin D (IU),Vitamin D (µg),Water (g)\n2026-03-01,08:15,Breakfast,"Oats, rolled",80 g,300.8,10.6,40,1,20\n2026-03-01,,Lunch,Soup,1 bowl,199.2,9.4,0,0.5,300\n';
    const alone = await readFileAs(servings);
    expect(alone.kind).toBe("cronometer");
    expect(told(alone)).toEqual([
      ["dietary_energy", "daily", "2026-03-01", 500],
      ["nutrient.protein", "daily", "2026-03-01", 20],
      ["nutrient.vitamin_d", "daily", "2026-03-01", 1.5],
      ["water_intake", "daily", "2026-03-01", 320],
    ]);
    const all = await readFileAs(
      zip([
        { name: "servings.csv", content: servings },
        {
          name: "dailysummary.csv",
          content:
            "Date,Energy (kcal),Caffeine (mg),B12 (Cobalamin) (µg),Net Carbs (g),Protein (g),Completed\n2026-03-01,510,95,2.4,40,21,true\n",
        },
        {
          name: "exercises.csv",
          content:
            "Day,Time,Group,Exercise,Minutes,Calories Burned\n2026-03-01,06:00 PM,Data,Running (Garmin),30,-310\n2026-03-01,,Data,Yoga,45,-120\n",
        },
        {
          name: "biometrics.csv",
          content:
            "Day,Time,Group,Metric,Unit,Amount\n2026-03-01,07:00 AM,,Weight (Scale),lbs,150\n2026-03-01,07:05 AM,,Blood Pressure,mmHg,120/80\n2026-03-01,,,Mood,1-5,4\n",
        },
      ]),
      { zone: "Europe/Berlin" },
    );
    expect(told(all)).toEqual([
      ["blood_pressure", "sample", "2026-03-01T06:05:00.000Z", null],
      ["body_weight", "sample", "2026-03-01T06:00:00.000Z", expect.closeTo(68.0388555, 6)],
      ["dietary_energy", "daily", "2026-03-01", 510],
      ["energy_active", "daily", "2026-03-01", 120],
      ["exercise_minutes", "daily", "2026-03-01", 45],
      ["nutrient.caffeine", "daily", "2026-03-01", 95],
      ["nutrient.protein", "daily", "2026-03-01", 21],
      ["nutrient.vitamin_b12", "daily", "2026-03-01", 2.4],
    ]);
    expect(all.workouts).toMatchObject([{ type: "running", start: Date.UTC(2026, 2, 1, 17), totals: { energy_active: 310 } }]);
  });
});

describe("intervals between beats", () => {
  const beats = Array.from({ length: 480 }, (_, i) => 900 + (i % 2 === 0 ? 20 : -20));

  test("variability is that of the definitions, whatever is no normal beat left out", () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 850, max: 950 }), { minLength: 3, maxLength: 300 }), (intervals) => {
        const mean = intervals.reduce((sum, one) => sum + one, 0) / intervals.length;
        const sdnn = Math.sqrt(intervals.reduce((sum, one) => sum + (one - mean) ** 2, 0) / (intervals.length - 1));
        const steps = intervals.slice(1).map((one, i) => (one - intervals[i]!) ** 2);
        const rmssd = Math.sqrt(steps.reduce((sum, one) => sum + one, 0) / steps.length);
        const found = variabilityOf(intervals)!;
        expect(found.rmssd).toBeCloseTo(rmssd, 6);
        expect(found.sdnn).toBeCloseTo(sdnn, 6);
        expect(found.heartRate).toBeCloseTo(60_000 / mean, 6);
      }),
    );
    expect(variabilityOf([900, 910, 0, 905, 1_700, 900])).toMatchObject({ beats: 3, rejected: 3 });
    expect(variabilityOf([0, 9_000])).toBeUndefined();
  });

  test("a list is placed by its name, in pieces of five minutes, and refused where nothing says when", async () => {
    const list = `${beats.join("\n")}\n`;
    const read = await readFileAs(list, { fileName: "2026-03-01 07-00-00.txt", zone: "Europe/Berlin" });
    expect(read.kind).toBe("rr-intervals");
    expect(told(read).filter(([metric]) => metric === "hrv_rmssd")).toEqual([
      ["hrv_rmssd", "sample", "2026-03-01T06:00:00.000Z", 40],
      ["hrv_rmssd", "sample", "2026-03-01T06:05:00.600Z", 40],
    ]);
    expect(find(read, "hrv_rmssd")?.reading?.attributes).toMatchObject({ derivedFrom: "rr_intervals", beats: 334, rejected: 0 });
    await expect(readFileAs(list, { fileName: "rest_rri.txt" })).rejects.toMatchObject({ code: "file_unreadable" });
  });

  test("recordings with a time a beat are cut at their pauses, and noise says nothing", async () => {
    const at = (i: number) => new Date(Date.UTC(2026, 2, 1, 6) + i * 900).toISOString().slice(0, 23);
    const polar = [
      "Phone timestamp;RR-interval [ms]",
      ...beats.slice(0, 100).map((beat, i) => `${at(i)};${beat}`),
      ...Array.from({ length: 100 }, (_, i) => `${at(1_000 + i)};${i % 2 === 0 ? 500 : 1_200}`),
    ].join("\n");
    const read = await readFileAs(polar);
    expect(told(read).map(([metric]) => metric)).toEqual(["heart_rate", "hrv_rmssd", "hrv_sdnn"]);
    expect(read.report.warnings.map(({ code }) => code)).toEqual(["too_short"]);
    const logger = [
      "date, rr, since start",
      ...beats
        .slice(0, 100)
        .map((beat, i) => `2026-03-01 06:0${Math.floor(i / 60)}:${String(i % 60).padStart(2, "0")} +0000, ${beat}, ${i * 900}`),
    ].join("\n");
    expect(find(await readFileAs(logger), "hrv_rmssd")).toMatchObject({ at: Date.UTC(2026, 2, 1, 6), value: 40 });
  });

  test("measurements of HRV4Training are days, and a dash is no value", async () => {
    const read = await readFileAs(
      "date,HR,AVNN,SDNN,rMSSD,pNN50,HRV4T_Recovery_Points\n2026-03-01,52.1,1151,70.2,61.5,30,8.2\n2026-03-02,-,-,-,-,-,-\n",
    );
    expect(told(read)).toEqual([
      ["heart_rate", "daily", "2026-03-01", 52.1],
      ["hrv_rmssd", "daily", "2026-03-01", 61.5],
      ["hrv_sdnn", "daily", "2026-03-01", 70.2],
    ]);
  });
});
