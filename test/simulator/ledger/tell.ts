/** Tells a ledger in each vendor's words: in any order, with repetitions, in pages, as the vendor has it now. */
import type { JsonObject } from "../person/wire.ts";
import type { Call, Reply } from "../server/http.ts";
import type { State } from "../server/state.ts";
import { listReply, paged, Refusal, storeOf } from "../vendors/vendor.ts";
import { editionAt, type Ledger, type LedgerRecord, type LedgerVendor } from "./ledger.ts";

const DAY = 86_400_000;
const KJ = 4.184;
/** The zone in which all people of ledgers live. */
export const LEDGER_ZONE = "Europe/Berlin";

interface Told {
  readonly record: LedgerRecord;
  readonly values: Readonly<Record<string, number>> | null;
  /** When the vendor had it so. */
  readonly updatedMs: number;
}

/** Answers a call for a person with a ledger; undefined where the call is none for measurements, or has no living token. */
export function tellLedger(state: State, vendor: string, call: Call): Reply | undefined {
  const value = /^Bearer\s+(\S+)$/i.exec(call.headers["authorization"] ?? "")?.[1] ?? "";
  const held = storeOf(state, vendor).tokens.get(value);
  const ledger = held === undefined ? undefined : state.ledgers.get(held.person);
  if (ledger === undefined || held?.use !== "access" || held.expiresAtMs <= state.clock.now() || call.method !== "GET") return undefined;
  switch (vendor as LedgerVendor) {
    case "oura":
      return oura(state, ledger, call);
    case "whoop":
      return whoop(state, ledger, call);
    case "polar":
      return polar(state, ledger, call);
    case "dexcom":
      return dexcom(state, ledger, call);
    case "ultrahuman":
      return ultrahuman(state, ledger, call);
  }
}

/** What a vendor has of some kinds now, its deletions too. */
function toldBy(state: State, ledger: Ledger, vendor: LedgerVendor, ...kinds: readonly LedgerRecord["kind"][]): Told[] {
  const now = state.clock.now();
  return ledger.records.flatMap((record) => {
    const edition = record.vendor === vendor && kinds.includes(record.kind) ? editionAt(record, now) : undefined;
    return edition === undefined ? [] : [{ record, values: edition.values, updatedMs: edition.fromMs }];
  });
}

const alive = (told: readonly Told[]): (Told & { values: Readonly<Record<string, number>> })[] =>
  told.flatMap((one) => (one.values === null ? [] : [{ ...one, values: one.values }]));

/** In any order, one in eight twice. */
function shaken<T>({ random }: Ledger, list: readonly T[]): T[] {
  const twice = list.flatMap((one) => (random() < 0.125 ? [one, one] : [one]));
  return twice
    .map((one) => ({ one, at: random() }))
    .sort((a, b) => a.at - b.at)
    .map(({ one }) => one);
}

const iso = (ms: number): string => new Date(ms).toISOString();
const seconds = (ms: number): string => `${iso(ms).slice(0, 19)}Z`;
const whole = (list: readonly JsonObject[], call: Call, size: number): Reply => {
  const { part, next } = paged(list, size, call.query.get("next_token"));
  return { status: 200, body: { data: [...part], next_token: next } };
};

function ouraWorkout({ record, values }: Told): JsonObject {
  return {
    id: record.id,
    day: record.date,
    activity: "walking",
    start_datetime: iso(record.startMs),
    end_datetime: iso(record.endMs),
    calories: values?.["energy_active"] ?? null,
    distance: null,
    intensity: "moderate",
    label: null,
    source: "confirmed",
  };
}

function oura(state: State, ledger: Ledger, call: Call): Reply | undefined {
  const [, version, area, name = "", id] = call.path.split("/");
  if (version !== "v2" || area !== "usercollection" || name === "personal_info") return undefined;
  if (id !== undefined) {
    const found = alive(toldBy(state, ledger, "oura", "workout")).find(({ record }) => record.id === id);
    if (name !== "workout" || found === undefined) throw new Refusal(404, { detail: "Not found" });
    return { status: 200, body: ouraWorkout(found) };
  }
  if (name === "heartrate") {
    const [from = 0, to = 0] = ["start_datetime", "end_datetime"].map((part) => Date.parse(call.query.get(part) ?? ""));
    const rows = alive(toldBy(state, ledger, "oura", "sample")).filter(({ record }) => record.startMs >= from && record.startMs < to);
    const told = rows.map(({ record, values }) => ({ bpm: values["heart_rate"] ?? 0, source: "awake", timestamp: iso(record.startMs) }));
    // Pages are cut from a list that stays as it is between calls.
    return whole(told, call, 100);
  }
  const [from = "", to = ""] = ["start_date", "end_date"].map((part) => call.query.get(part) ?? "");
  const within = ({ record }: Told): boolean => record.date >= from && record.date <= to;
  if (name === "workout")
    return whole(
      shakenOnePage(
        ledger,
        alive(toldBy(state, ledger, "oura", "workout"))
          .filter(within)
          .map(ouraWorkout),
      ),
      call,
      50,
    );
  if (name !== "daily_activity") return { status: 200, body: { data: [], next_token: null } };
  const days = alive(toldBy(state, ledger, "oura", "day")).filter(within);
  const told = days.map(({ record, values }) => ({
    id: record.id,
    day: record.date,
    timestamp: iso(record.startMs),
    steps: values["steps"] ?? null,
    active_calories: values["energy_active"] ?? null,
  }));
  return whole(shakenOnePage(ledger, told), call, 50);
}

/** Shaken where it fits one page: a list that changes between two pages would lose records, which no vendor does. */
function shakenOnePage<T>(ledger: Ledger, list: readonly T[]): readonly T[] {
  const told = shaken(ledger, list);
  return told.length > 50 ? list : told;
}

function whoop(state: State, ledger: Ledger, call: Call): Reply | undefined {
  const part = call.path.replace("/developer/v2", "");
  if (part.startsWith("/user/profile")) return undefined;
  const head = ({ record, updatedMs }: Told): JsonObject => ({
    user_id: 1,
    created_at: iso(record.endMs),
    updated_at: iso(updatedMs),
    score_state: "SCORED",
  });
  const workout = (told: Told): JsonObject => ({
    ...head(told),
    id: told.record.id,
    start: iso(told.record.startMs),
    end: iso(told.record.endMs),
    timezone_offset: "+01:00",
    sport_name: "running",
    score: { kilojoule: (told.values?.["energy_total"] ?? 0) * KJ },
  });
  const one = /^\/activity\/workout\/([^/]+)$/.exec(part)?.[1];
  if (one !== undefined) {
    const found = alive(toldBy(state, ledger, "whoop", "workout")).find(({ record }) => record.id === one);
    if (found === undefined) throw new Refusal(404, "");
    return { status: 200, body: workout(found) };
  }
  const [from, to] = [
    Date.parse(call.query.get("start") ?? "2024-01-01T00:00:00Z"),
    Date.parse(call.query.get("end") ?? "2100-01-01T00:00:00Z"),
  ];
  const kind = part === "/recovery" ? "recovery" : part === "/activity/workout" ? "workout" : undefined;
  if (kind === undefined && part.startsWith("/user/measurement")) return { status: 200, body: {} };
  const told = (kind === undefined ? [] : alive(toldBy(state, ledger, "whoop", kind)))
    .filter(({ record }) => record.startMs >= from && record.startMs < to)
    .sort((a, b) => b.record.startMs - a.record.startMs);
  const records = told.map((each) =>
    kind === "workout"
      ? workout(each)
      : {
          ...head(each),
          cycle_id: 1,
          sleep_id: each.record.id,
          score: { resting_heart_rate: each.values["resting_heart_rate"] ?? null, hrv_rmssd_milli: each.values["hrv_rmssd"] ?? null },
        },
  );
  const { part: page, next } = paged(records, Number(call.query.get("limit") ?? 10), call.query.get("nextToken"));
  return { status: 200, body: { records: shaken(ledger, page), ...(next === null ? {} : { next_token: next }) } };
}

function polar(state: State, ledger: Ledger, call: Call): Reply | undefined {
  const part = call.path.startsWith("/v3/") ? call.path.slice(3) : "";
  if (!part.startsWith("/users/") && !part.startsWith("/exercises")) return undefined;
  if (part.startsWith("/exercises") || part.startsWith("/users/physical-info") || part.startsWith("/users/biosensing"))
    return part === "/users/physical-info" ? { status: 200, body: {} } : listReply([]);
  const [, name = "", date] = /^\/users\/([a-z-]+)(?:\/(\d{4}-\d{2}-\d{2}))?$/.exec(part) ?? [];
  const from = date ?? call.query.get("from") ?? "0";
  const to = date ?? call.query.get("to") ?? "9";
  const list = (kind: LedgerRecord["kind"], make: (told: Told) => JsonObject): JsonObject[] =>
    shaken(
      ledger,
      alive(toldBy(state, ledger, "polar", kind)).filter(({ record }) => record.date >= from && record.date <= to),
    ).map(make);
  const answer = (made: readonly JsonObject[], wrap?: string): Reply => {
    if (date !== undefined) return made[0] === undefined ? { status: 404, body: {} } : { status: 200, body: made[0] };
    return wrap === undefined ? listReply(made) : { status: 200, body: { [wrap]: [...made] } };
  };
  if (name === "activities")
    return answer(
      list("day", ({ record, values }) => ({
        start_time: `${record.date}T00:00:00`,
        end_time: `${record.date}T23:59:59`,
        steps: values?.["steps"] ?? null,
      })),
    );
  if (name === "nightly-recharge")
    return answer(
      list("recovery", ({ record, values }) => ({ date: record.date, heart_rate_variability_avg: values?.["hrv_rmssd"] ?? null })),
      "recharges",
    );
  return answer([], name === "sleep" ? "nights" : undefined);
}

function dexcom(state: State, ledger: Ledger, call: Call): Reply | undefined {
  const kind = /^\/v3\/users\/self\/(egvs|events|calibrations)$/.exec(call.path)?.[1];
  if (kind === undefined) return undefined;
  const [from = 0, to = 0] = ["startDate", "endDate"].map((part) => Date.parse(`${call.query.get(part) ?? ""}Z`));
  const told = toldBy(state, ledger, "dexcom", kind === "egvs" ? "sample" : "entry").filter(
    ({ record }) => kind !== "calibrations" && record.startMs >= from && record.startMs < to,
  );
  const records = shaken(ledger, told).map(({ record, values }): JsonObject => {
    const head = { recordId: record.id, systemTime: seconds(record.startMs), displayTime: seconds(record.startMs) };
    if (kind === "egvs") return { ...head, value: values?.["cgm_glucose"] ?? null, status: null, unit: "mg/dL", trendRate: null };
    const status = values === null ? "deleted" : "created";
    return { ...head, eventType: "carbs", eventStatus: status, value: String(values?.["nutrient.carbohydrates"] ?? 0), unit: "grams" };
  });
  return { status: 200, body: { recordType: kind, recordVersion: "3.0", userId: "d", records } };
}

function ultrahuman(state: State, ledger: Ledger, call: Call): Reply | undefined {
  if (call.path !== "/api/partners/v1/user_data/metrics") return undefined;
  const date = call.query.get("date") ?? "";
  const of = (kind: LedgerRecord["kind"]) => alive(toldBy(state, ledger, "ultrahuman", kind)).filter(({ record }) => record.date === date);
  const [day] = of("day");
  const values = shaken(ledger, of("sample")).map(({ record, values: said }) => ({
    value: said["heart_rate"] ?? 0,
    timestamp: record.startMs / 1_000,
  }));
  const begin = Date.parse(`${date}T00:00:00+01:00`) / 1_000;
  const items: JsonObject[] = [
    { type: "hr", object: { day_start_timestamp: begin, values, unit: "bpm" } },
    ...(day === undefined ? [] : [{ type: "steps", object: { day_start_timestamp: begin, values: [], total: day.values["steps"] ?? 0 } }]),
  ];
  return { status: 200, body: { data: { metric_data: items }, error: null, status: 200 } };
}

/** Records of vendors that tell by webhook whose edition began in a span: what the vendor tells of them. */
export function changedBetween(
  ledger: Ledger,
  fromMs: number,
  toMs: number,
): { record: LedgerRecord; deleted: boolean; isFirst: boolean }[] {
  return ledger.records
    .filter(
      ({ vendor, kind }) =>
        (vendor === "oura" || vendor === "whoop") && (kind === "workout" || (vendor === "whoop" && kind === "recovery")),
    )
    .flatMap((record) =>
      record.editions.flatMap(({ fromMs: at, values }, i) =>
        at > fromMs && at <= toMs ? [{ record, deleted: values === null, isFirst: i === 0, at }] : [],
      ),
    )
    .sort((a, b) => a.at - b.at);
}

export { DAY as LEDGER_DAY };
