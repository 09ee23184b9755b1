/** `POST /sim/push` and `POST /sim/late`: make data appear, disappear or change, and tell the subscribers. */
import * as z from "zod";
import type { Person, Point } from "../person.ts";
import { pointsBetween } from "../person.ts";
import { DAY, dayOf, dayStart, MINUTE } from "../person/civil.ts";
import type { JsonObject } from "../person/wire.ts";
import { typeInfo } from "../points/catalogue.ts";
import type { TypeInfo } from "../points/catalogue.ts";
import { invalidArgument, jsonBody } from "../server/http.ts";
import type { Call, Reply } from "../server/http.ts";
import { overlayOf, visibleOn } from "../server/overlay.ts";
import { personOf, randomId } from "../server/state.ts";
import type { State } from "../server/state.ts";
import { notify } from "../webhooks/notify.ts";
import type { Change } from "../webhooks/notify.ts";
import { restamped, spanOf } from "./restamp.ts";

const origin = z.enum(["watch", "derived", "phone", "scale", "manual", "cgm"]);
const json: z.ZodType<JsonObject> = z.record(z.string(), z.json());
const when = z.iso.datetime({ offset: true });
const notice = {
  notify: z.boolean().default(true),
  single: z.boolean().default(false),
  tamper: z.enum(["signature", "body", "unknown-key", "no-signature", "authorization", "no-authorization"]).optional(),
};
const pushInput = z.strictObject({
  person: z.string().default("ada"),
  dataTypes: z.array(z.string()).min(1).default(["steps", "heart-rate"]),
  operation: z.enum(["UPSERT", "DELETE"]).default("UPSERT"),
  from: when.optional(),
  to: when.optional(),
  minutes: z.number().positive().default(60),
  ...notice,
});
const lateInput = z.strictObject({
  person: z.string().default("ada"),
  dataType: z.string(),
  action: z.enum(["hold", "release", "add", "correct", "delete"]),
  from: when.optional(),
  to: when.optional(),
  until: when.optional(),
  factor: z.number().optional(),
  patch: json.optional(),
  points: z.array(json).optional(),
  origin: origin.default("watch"),
  ...notice,
});

function parse<T>(schema: z.ZodType<T>, call: Call): T {
  const result = schema.safeParse(jsonBody(call));
  if (!result.success) throw invalidArgument(z.prettifyError(result.error));
  return result.data;
}

function known(type: string): TypeInfo {
  const info = typeInfo(type);
  if (!info) throw invalidArgument(`Unknown data type: ${type}.`);
  return info;
}

function visibleBetween(state: State, person: Person, info: TypeInfo, fromMs: number, toMs: number): Point[] {
  const points: Point[] = [];
  for (let day = dayOf(person.zone, fromMs); day <= dayOf(person.zone, toMs); day += 1) {
    points.push(...visibleOn(state, person, info, day).filter((point) => point.startMs >= fromMs && point.startMs < toMs));
  }
  return points;
}

/** Puts explicit or cloned values into the overlay; a value that starts where an earlier added one did replaces it. */
function add(
  state: State,
  person: Person,
  info: TypeInfo,
  values: readonly JsonObject[],
  from: Point["origin"],
): { fromMs: number; toMs: number } {
  const overlay = overlayOf(state, person, info.name);
  let fromMs = Infinity;
  let toMs = -Infinity;
  for (const value of values) {
    const span = spanOf(person, value);
    if (!span) throw invalidArgument("Every point needs an interval, a sampleTime or a date.");
    overlay.added = overlay.added.filter((point) => point.startMs !== span.startMs || point.origin !== from);
    overlay.added.push({
      ...span,
      id: `${span.startMs}-${from}-added-${randomId(4)}`,
      origin: from,
      value,
      availableAtMs: state.clock.now(),
    });
    fromMs = Math.min(fromMs, span.startMs);
    toMs = Math.max(toMs, span.endMs + (span.endMs === span.startMs ? 1000 : 0));
  }
  return { fromMs, toMs };
}

/** When nothing new was measured in a pushed window, the latest earlier point is repeated with an end of now. */
function addLatest(state: State, person: Person, info: TypeInfo, nowMs: number): { fromMs: number; toMs: number } | undefined {
  for (let back = 1; back <= 200; back += 1) {
    const last = pointsBetween(person, info.name, nowMs - back * DAY, nowMs - (back - 1) * DAY).findLast((point) => point.endMs <= nowMs);
    if (!last) continue;
    const shift =
      info.kind === "daily"
        ? dayStart(person.zone, dayOf(person.zone, nowMs)) - last.startMs
        : Math.floor((nowMs - last.endMs) / 1000) * 1000;
    return add(state, person, info, [restamped(person, last.value, shift)], last.origin);
  }
  return undefined;
}

/** Syncs the watch now (or deletes the window) and notifies. */
export async function push(state: State, call: Call): Promise<Reply> {
  const input = parse(pushInput, call);
  const person = personOf(state, input.person);
  const nowMs = state.clock.now();
  const toMs = input.to ? Date.parse(input.to) : nowMs;
  const fromMs = input.from ? Date.parse(input.from) : toMs - input.minutes * MINUTE;
  const infos = input.dataTypes.map(known);
  const before = infos.map((info) => visibleBetween(state, person, info, fromMs, toMs).length);
  if (input.operation === "UPSERT")
    state.syncedUpTo.set(person.name, Math.max(state.syncedUpTo.get(person.name) ?? 0, Math.min(toMs, nowMs)));
  const changes: Change[] = [];
  const counts: JsonObject = {};
  infos.forEach((info, index) => {
    let window = { fromMs, toMs };
    if (input.operation === "DELETE") {
      remove(state, person, info, fromMs, toMs);
      counts[info.name] = before[index] ?? 0;
    } else {
      let fresh = visibleBetween(state, person, info, fromMs, toMs).length - (before[index] ?? 0);
      if (fresh === 0 && toMs >= nowMs) {
        const added = addLatest(state, person, info, nowMs);
        if (added) {
          window = { fromMs: Math.min(fromMs, added.fromMs), toMs: Math.max(toMs, added.toMs) };
          fresh = 1;
        }
      }
      counts[info.name] = fresh;
    }
    changes.push({ type: info.name, operation: input.operation, ...window });
  });
  return answer(state, person, changes, input, { points: counts });
}

function remove(state: State, person: Person, info: TypeInfo, fromMs: number, toMs: number): void {
  const overlay = overlayOf(state, person, info.name);
  overlay.deleted.push({ fromMs, toMs });
  overlay.added = overlay.added.filter((point) => point.startMs < fromMs || point.startMs >= toMs);
}

/** Holds back, releases, adds, corrects or deletes points of one type. */
export async function late(state: State, call: Call): Promise<Reply> {
  const input = parse(lateInput, call);
  const person = personOf(state, input.person);
  const info = known(input.dataType);
  const overlay = overlayOf(state, person, info.name);
  if (input.action === "add") {
    if (!input.points?.length) throw invalidArgument("'points' is required to add.");
    const window = add(state, person, info, input.points, input.origin);
    return answer(state, person, [{ type: info.name, operation: "UPSERT", ...window }], input, {
      points: { [info.name]: input.points.length },
    });
  }
  if (!input.from || !input.to) throw invalidArgument("'from' and 'to' are required.");
  const fromMs = Date.parse(input.from);
  const toMs = Date.parse(input.to);
  const count = visibleBetween(state, person, info, fromMs, toMs).length;
  const body = { points: { [info.name]: count } };
  const change = (operation: Change["operation"]): Change[] => [{ type: info.name, operation, fromMs, toMs }];
  switch (input.action) {
    case "hold":
      overlay.held.push({ fromMs, toMs, untilMs: input.until ? Date.parse(input.until) : Infinity });
      return answer(state, person, [], input, body);
    case "release":
      overlay.held = overlay.held.filter((span) => span.fromMs >= toMs || span.toMs <= fromMs);
      return answer(state, person, change("UPSERT"), input, {
        points: { [info.name]: visibleBetween(state, person, info, fromMs, toMs).length - count },
      });
    case "correct":
      if (input.factor === undefined && !input.patch) throw invalidArgument("'factor' or 'patch' is required to correct.");
      if (input.factor !== undefined && !info.measure)
        throw invalidArgument(`${info.name} has no single measure: correct it with 'patch'.`);
      overlay.corrections.push({
        fromMs,
        toMs,
        atMs: state.clock.now(),
        ...(input.factor === undefined ? {} : { factor: input.factor }),
        ...(input.patch ? { patch: input.patch } : {}),
      });
      return answer(state, person, change("UPSERT"), input, body);
    case "delete":
      remove(state, person, info, fromMs, toMs);
      return answer(state, person, change("DELETE"), input, body);
  }
}

async function answer(
  state: State,
  person: Person,
  changes: Change[],
  options: { notify: boolean; single: boolean; tamper?: NonNullable<z.infer<typeof pushInput>["tamper"]> | undefined },
  body: JsonObject,
): Promise<Reply> {
  const sent = options.notify
    ? await notify(state, person, changes, { single: options.single, ...(options.tamper ? { tamper: options.tamper } : {}) })
    : [];
  const deliveries = sent.map(({ id, subscriber, dataTypes, state: now, attempts }) => ({
    id,
    subscriber,
    dataTypes,
    state: now,
    attempts: attempts.map((attempt) => ({ ...attempt })),
  }));
  return { status: 200, body: { person: person.name, healthUserId: person.healthUserId, ...body, deliveries } };
}
