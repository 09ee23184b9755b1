import { describe, expect, test } from "vitest";
import { fitRide } from "../../../test/fixtures/fit-file";
import { flat } from "../../../test/fixtures/import-file";
import { readWorkouts, type ReadWorkouts } from "../../../test/fixtures/read-workouts";
import { gpxRide, tcxRide } from "../../../test/fixtures/tracks";
import { zip } from "../../../test/fixtures/zip";
import { isProblem } from "../../problem";
import { FIT } from "../fit/format";
import { GPX } from "../gpx/format";
import { lookAt } from "../look";
import { memorySource } from "../byte-source";
import { recogniseImport } from "../kinds";
import { TCX } from "../tcx/format";
import { IsoInstant } from "./iso-instant";
import { gzipSync } from "node:zlib";

const AT = Date.parse("2026-03-01T08:00:00Z");
const bytesOf = (text: string) => new TextEncoder().encode(text);
const workoutsOf = ({ batches }: ReadWorkouts) => batches.flatMap((batch) => batch.workouts);
const sourcedOf = ({ batches }: ReadWorkouts) =>
  batches.flatMap(({ workouts, sources }) => workouts.map((workout) => ({ ...workout, source: sources[workout.source] })));
const gpx = (body: string) => `<gpx version="1.1" creator="x">${body}</gpx>`;
const pt = (second: number, inside = "") =>
  `<trkpt lat="50" lon="8"><time>${new Date(AT + second * 1_000).toISOString()}</time>${inside}</trkpt>`;
const tcx = (sport: string, points: string) =>
  `<TrainingCenterDatabase><Activities><Activity Sport="${sport}"><Lap StartTime="2026-03-01T08:00:00Z"><Track>${points}</Track></Lap></Activity></Activities></TrainingCenterDatabase>`;

test("a GPX track becomes a workout of its type with its way and climb, and its extensions become series", async () => {
  const read = await readWorkouts(gpxRide(10));
  expect(workoutsOf(read)).toMatchObject([
    {
      start: AT,
      end: AT + 9_000,
      type: "cycling",
      totals: { heart_rate_max: 109, elevation_gain: 9 },
      attributes: { title: "Round the lake" },
    },
  ]);
  expect(workoutsOf(read)[0]?.route?.[2]).toEqual([AT + 2_000, 50.0002, 8, 102]);
  expect(workoutsOf(read)[0]?.totals["distance_cycling"]).toBeCloseTo(100.07, 1);
  expect(read.batches[0]?.sources).toEqual([{ vendor: "gpx_file", app: "Meridian's own pen" }]);
  expect(read.report.byType).toMatchObject({
    "trkpt.heart_rate": { read: 10, accepted: 10 },
    "trkpt.cadence": { read: 10 },
    "trkpt.power": { read: 10 },
    trk: { read: 1, accepted: 1 },
  });
  expect(new Set(flat(read.batches).map(({ metric }) => metric))).toEqual(new Set(["cadence_cycle", "heart_rate", "power_cycle"]));
});

test("a TCX activity becomes a workout with its laps, and knows the device that is told at its end", async () => {
  const read = await readWorkouts(tcxRide(10), { chunkSize: 50 });
  expect(workoutsOf(read)).toMatchObject([
    {
      start: AT,
      end: AT + 10_000,
      type: "cycling",
      durationS: 10,
      totals: { distance_cycling: 70, energy_total: 240, heart_rate_max: 159, heart_rate_mean: 104.5, speed_cycle_max: 7.1 },
      laps: [
        { start: AT, end: AT + 5_000, trigger: "manual", totals: { distance_cycling: 35, heart_rate_mean: 130 } },
        { start: AT + 5_000, end: AT + 10_000 },
      ],
    },
  ]);
  expect(read.batches[0]?.sources).toEqual([{ vendor: "tcx_file", deviceName: "Edge of Tests" }]);
  expect(new Set(flat(read.batches).map(({ metric }) => metric))).toEqual(
    new Set(["cadence_cycle", "heart_rate", "power_cycle", "speed_cycle"]),
  );
});

test("the three formats of one ride tell the same heart rates and nearly the same way", async () => {
  const rides = await Promise.all([readWorkouts(fitRide(30)), readWorkouts(tcxRide(30)), readWorkouts(gpxRide(30))]);
  const rates = rides.map(({ batches }) =>
    flat(batches).flatMap(({ metric, start, value }) => (metric === "heart_rate" ? [[start, value]] : [])),
  );
  expect(rates[1]).toEqual(rates[0]);
  expect(rates[2]).toEqual(rates[0]);
  const ways = rides.map((read) => workoutsOf(read)[0]?.route?.map(([, lat]) => lat.toFixed(5)));
  expect(ways[1]).toEqual(ways[0]);
  expect(ways[2]).toEqual(ways[0]);
});

test.each([
  ["GPX", gpxRide(600)],
  ["TCX", tcxRide(600)],
])("a %s reader that is lost after every batch goes on where it was, and tells the same", async (_name, file) => {
  const whole = await readWorkouts(file);
  const resumed = await readWorkouts(file, { chunkSize: 9_999, batchSize: 40, resumeEveryBatch: true });
  expect(resumed.batches.length).toBeGreaterThan(5);
  expect(resumed.report).toEqual(whole.report);
  expect(sourcedOf(resumed)).toEqual(sourcedOf(whole));
  expect(flat(resumed.batches)).toEqual(flat(whole.batches));
});

test.each([
  ["GPX", gpxRide(3)],
  ["TCX", tcxRide(3)],
])("a %s file that is cut off anywhere gives what came before the cut, or is refused", async (_name, file) => {
  const samples = flat((await readWorkouts(file)).batches).map(({ metric, start, value }) => `${metric} ${start} ${value}`);
  for (let length = 0; length < file.length; length += 11) {
    const read = await readWorkouts(file.slice(0, length)).catch((error: unknown) => {
      if (!isProblem(error)) throw error;
      return undefined;
    });
    if (read === undefined) continue;
    const found = flat(read.batches).map(({ metric, start, value }) => `${metric} ${start} ${value}`);
    expect(samples).toEqual(expect.arrayContaining(found));
    if (length < file.length - 30) expect(read.report.warnings.map(({ code }) => code)).toContain("truncated");
  }
});

test("GPX 1.0 has speeds and no types; several tracks are several workouts, and gaps between segments are no way", async () => {
  const segment = (lat: number, second: number) =>
    `<trkseg><trkpt lat="${lat}" lon="8"><time>${new Date(AT + second * 1_000).toISOString()}</time><speed>1.5</speed></trkpt>` +
    `<trkpt lat="${lat + 0.001}" lon="8"><time>${new Date(AT + second * 1_000 + 60_000).toISOString()}</time></trkpt></trkseg>`;
  const read = await readWorkouts(
    `<gpx version="1.0" creator="x"><trk>${segment(50, 0)}${segment(51, 600)}</trk><trk>${segment(52, 3_600)}</trk></gpx>`,
  );
  const [first, second] = workoutsOf(read);
  expect([first?.type, first?.totals["speed_mean"], second?.start]).toEqual(["other", 1.5, AT + 3_600_000]);
  expect(first?.totals["distance"]).toBeCloseTo(222.4, 0);
});

test("way points, routes to follow and tracks without times are left out with a reason", async () => {
  const { report, batches } = await readWorkouts(
    gpx(
      `<wpt lat="1" lon="2"><name>a</name><time>2026-01-01T00:00:00Z</time></wpt><rte><rtept lat="1" lon="2"/></rte>` +
        `<trk><trkseg><trkpt lat="1" lon="2"><ele>3</ele></trkpt><trkpt lat="1" lon="2"><time>1901-12-13T20:45:52Z</time></trkpt></trkseg></trk>`,
    ),
  );
  expect(batches.flatMap(({ workouts }) => workouts)).toEqual([]);
  expect(report.byType).toMatchObject({ wpt: { read: 1, rejected: 1 }, rte: { read: 1, rejected: 1 }, trk: { read: 1, rejected: 1 } });
  expect(report.warnings.map(({ code, count }) => [code, count])).toEqual([
    ["way_point", 1],
    ["route_to_follow", 1],
    ["point_without_time", 2],
    ["track_without_time", 1],
  ]);
});

test("courses and planned workouts in a TCX file are left out with a reason", async () => {
  const { report } = await readWorkouts(
    "<TrainingCenterDatabase><Workouts><Workout Sport='Running'><Name>x</Name></Workout></Workouts>" +
      "<Courses><Course><Track><Trackpoint><Time>2026-03-01T08:00:00Z</Time></Trackpoint></Track></Course></Courses></TrainingCenterDatabase>",
  );
  expect(report.byType).toMatchObject({ Course: { rejected: 1 }, Workout: { rejected: 1 } });
});

test("cadence of a run is told in strides and stored in steps", async () => {
  const file = tcx(
    "Running",
    "<Trackpoint><Time>2026-03-01T08:00:00Z</Time><Extensions><x:TPX><x:RunCadence>82</x:RunCadence></x:TPX></Extensions></Trackpoint>",
  );
  expect(flat((await readWorkouts(file)).batches)).toMatchObject([{ metric: "cadence_run", value: 164 }]);
});

test("several sports in a TCX file are several workouts, each with its own device", async () => {
  const activity = (sport: string, hour: string, device: string) =>
    `<Activity Sport="${sport}"><Id>2026-03-01T${hour}:00:00Z</Id><Lap StartTime="2026-03-01T${hour}:00:00Z"><TotalTimeSeconds>60</TotalTimeSeconds></Lap>${device}</Activity>`;
  const read = await readWorkouts(
    `<TrainingCenterDatabase><Activities><MultiSportSession><FirstSport>${activity("Other", "08", "")}</FirstSport>` +
      `<NextSport>${activity("Biking", "09", "<Creator><Name>A</Name></Creator>")}</NextSport></MultiSportSession>` +
      `${activity("Running", "10", "<Creator><Name>B</Name></Creator>")}</Activities></TrainingCenterDatabase>`,
  );
  const { sources } = read.batches[0] ?? { sources: [] };
  expect(workoutsOf(read).map(({ type, source }) => [type, sources[source]?.deviceName])).toEqual([
    ["other", undefined],
    ["cycling", "A"],
    ["running", "B"],
  ]);
});

describe("hostile documents", () => {
  test.each([
    ["entities of files and addresses", '<!DOCTYPE gpx [<!ENTITY x SYSTEM "file:///etc/passwd">]>', "<name>&x;</name>"],
    ["entities of entities", `<!DOCTYPE gpx [<!ENTITY a "ha">${'<!ENTITY b "&a;&a;&a;">'.repeat(50)}]>`, "<name>&b;</name>"],
  ])("expand no %s", async (_what, head, name) => {
    const read = await readWorkouts(`<?xml version="1.0"?>${head}${gpx(`<trk>${name}<trkseg>${pt(0)}</trkseg></trk>`)}`);
    expect(JSON.stringify(read)).not.toMatch(/root:|haha/);
    expect(workoutsOf(read)).toHaveLength(1);
  });

  test.each([
    ["a hundred thousand elements deep", gpx("<trk>".repeat(100_000))],
    ["points that never end", gpx(`<trk><trkseg>${"<trkpt lat='1' lon='2'>".repeat(20_000)}`)],
    ["numbers beyond all", gpx(`<trk><trkseg>${pt(0, `<ele>${"9".repeat(100_000)}</ele><hr>1e400</hr><cad>NaN</cad>`)}</trkseg></trk>`)],
    ["places beyond the Earth", gpx(`<trk><trkseg><trkpt lat="999" lon="-999"><time>2026-03-01T08:00:00Z</time></trkpt></trkseg></trk>`)],
    ["characters that are none", gpx(`<trk><name>\u0000&#0;&#xD800;</name><trkseg>${pt(0)}</trkseg></trk>`)],
  ])("with %s end in no time", async (_what, file) => {
    const startedAt = performance.now();
    const read = await readWorkouts(file);
    expect(performance.now() - startedAt).toBeLessThan(5_000);
    for (const { route = [] } of workoutsOf(read)) expect(route.every(([, lat]) => Math.abs(lat) <= 90)).toBe(true);
    expect(JSON.stringify(workoutsOf(read))).not.toContain("null");
  });
});

describe("archives", () => {
  const archive = zip([
    { name: "activities/1.fit", content: fitRide(20) },
    { name: "activities/2.tcx", content: tcxRide(20, "2026-03-02T08:00:00Z") },
    { name: "activities/3.gpx.gz", content: new Uint8Array(gzipSync(gpxRide(20, "2026-03-03T08:00:00Z"))) },
    { name: "activities/4.fit", content: "no such file" },
    { name: "activities.csv", content: "a" },
    { name: "more.zip", content: "PK" },
    { name: "__MACOSX/activities/._1.fit", content: "x" },
  ]);

  test("of all formats are read file by file; what cannot be read is left out and counted", async () => {
    const read = await readWorkouts(archive);
    expect(workoutsOf(read).map(({ start }) => new Date(start).toISOString().slice(0, 10))).toEqual([
      "2026-03-01",
      "2026-03-02",
      "2026-03-03",
    ]);
    expect(read.report.warnings.map(({ code }) => code)).toEqual(["archive_in_archive", "other_files", "file_unreadable"]);
  });

  test("are resumed in the middle of a file", async () => {
    const [whole, resumed] = [await readWorkouts(archive), await readWorkouts(archive, { batchSize: 7, resumeEveryBatch: true })];
    expect(resumed.report).toEqual(whole.report);
    expect(sourcedOf(resumed)).toEqual(sourcedOf(whole));
  });

  test("without any such file are refused", async () => {
    await expect(readWorkouts(zip([{ name: "a.txt", content: "x" }]))).rejects.toMatchObject({ code: "file_unreadable" });
  });
});

test.each([
  ["fit", fitRide(2)],
  ["tcx", bytesOf(tcxRide(2))],
  ["gpx", bytesOf(`\uFEFF  <!-- by hand --> ${gpx("")}`)],
  ["workout-files", zip([{ name: "a/b.FIT", content: fitRide(2) }])],
  ["workout-files", new Uint8Array(gzipSync(fitRide(2)))],
] as const)("a file of the kind %s is recognised by itself", async (kind, bytes) => {
  expect(recogniseImport(await lookAt("", memorySource(bytes)))).toBe(kind);
});

test.each([
  [FIT, gpxRide(1)],
  [TCX, gpxRide(1)],
  [GPX, tcxRide(1)],
])("a file of another format than the one that was named is refused: %o", async (wanted, file) => {
  await expect(readWorkouts(file, { wanted })).rejects.toMatchObject({
    code: "file_unreadable",
    detail: expect.stringContaining(wanted.title),
  });
});

test("a file packed by gzip that is cut off gives what could be unpacked", async () => {
  const packed = new Uint8Array(gzipSync(gpxRide(3_000)));
  const read = await readWorkouts(packed.slice(0, packed.length - 2_000));
  expect(workoutsOf(read)).toHaveLength(1);
  expect(read.report.warnings.map(({ code }) => code)).toEqual(["damaged", "truncated"]);
});

test.each<[string, number | undefined]>([
  ["2026-03-01T08:00:00Z", AT],
  ["2026-03-01T08:00:00", AT],
  ["2026-03-01T09:00:00+01:00", AT],
  ["2026-03-01T09:00:00.250+0100", AT + 250],
  ["2026-03-01T08:00:00.1239999Z", AT + 123],
  ["2026-03-01T07:59:60Z", AT],
  ["2026-02-30T08:00:00Z", undefined],
  ["2026-03-01", undefined],
  ["2026-03-01T08:00:00+1", undefined],
  ["2026-03-01T08:00:00 UTC", undefined],
])("the instant %s is %s", (text, expected) => {
  const instant = new IsoInstant();
  const bytes = bytesOf(text);
  expect(instant.read(bytes, 0, bytes.length) ? instant.at : undefined).toBe(expected);
});
