import { DAY_MS } from "../../../shared/clock";
import { metric as metricOf } from "../../../shared/health/catalogue";
import { weeklyAssessment } from "../../../shared/fhir/assessment";
import { patientId } from "../../../shared/fhir/ids";
import { dayText, localDay, offsetAt, parseDay } from "../../../shared/health/zone";
import { isAboutMetric, isScheduled, labKind } from "../../../shared/webhooks/events";
import type { Entry } from "../access/door";
import { narrowDays, narrowSleep, narrowWorkout } from "../access/narrow";
import { headline } from "../answers";
import { dayAnswers, sleepAnswers, workoutAnswers } from "../day-answers";
import type { VaultState } from "../state";
import { readDays } from "../store/read-buckets";
import type { Seen } from "../store/store";
import type { StoredEvent } from "./event-rows";

/** How much a message carries: where to read, or also what there is to read now. */
export type Content = "pointer" | "summary";

/** A summary shows no more than this: the newest of it. */
const MOST_DAYS = 31;
const MOST_SESSIONS = 20;

/** The body of a message, by Standard Webhooks: `type`, `timestamp`, `data`. `orderedAt` rises from event to event of one endpoint. */
export function messageBody(type: string, at: number, orderedAt: number, data: Readonly<Record<string, unknown>>): string {
  return JSON.stringify({ type, timestamp: iso(at), orderedAt: iso(orderedAt), data });
}

/** What an event tells, made of what the vault holds now and narrowed to what the entry may see. */
export function dataOf(
  state: VaultState,
  store: Seen,
  entry: Entry,
  event: StoredEvent,
  content: Content,
): Readonly<Record<string, unknown>> {
  const categories = event.categories.filter((category) => entry.isOwner || entry.sees(category));
  if (isScheduled(event.type)) return aboutPeriod(state, store, entry, event);
  if (isAboutMetric(event.type)) return aboutData(state, store, entry, event, content);
  if (labKind(event.type) !== undefined) return aboutLab(state, entry, event);
  // Which vendors somebody uses is their own business: others hear for which data something has changed.
  if (!entry.isOwner) return { person: state.person, categories };
  return { person: state.person, connection: event.about, categories, ...event.facts };
}

/** What a laboratory told is never in a message: only what changed, and where it is read. */
function aboutLab({ person }: VaultState, entry: Entry, event: StoredEvent): Readonly<Record<string, unknown>> {
  const base = { person, categories: event.categories };
  const root = entry.isOwner ? "/v1/me" : `/v1/people/${person}`;
  if (labKind(event.type) === "lab_report") {
    const isThere = !event.type.endsWith(".deleted");
    return { ...base, report: event.about, ...(isThere && { href: `${root}/lab-reports/${event.about}` }) };
  }
  const [from, to] = [iso(event.from ?? event.firstAt), iso((event.to ?? event.firstAt) + 1)];
  const query = `from=${encodeURIComponent(from)}&to=${encodeURIComponent(to)}`;
  return { ...base, from, to: iso(event.to ?? event.firstAt), results: event.n, href: `${root}/lab-results?${query}` };
}

/** What a week is assessed by. */
const ASSESSED = [
  "resting_heart_rate",
  "heart_rate_variability_rmssd",
  "oxygen_saturation",
  "respiratory_rate",
  "body_weight",
  "steps",
  "sleep_duration",
];

/** A day as the API shows it, or a week as a QuestionnaireResponse: of one date, however often it is told, and as far as the entry sees. */
function aboutPeriod(state: VaultState, store: Seen, entry: Entry, event: StoredEvent): Readonly<Record<string, unknown>> {
  const zone = state.profile().timeZone;
  const first = parseDay(event.about) ?? 0;
  const base = { person: state.person, date: event.about, categories: event.categories.filter((one) => entry.isOwner || entry.sees(one)) };
  if (event.type === "summary.daily") {
    const [day] = narrowDays(entry, dayAnswers(state.sql, store, zone, first, first, false), false);
    return { ...base, day: day ?? null };
  }
  const metrics = ASSESSED.flatMap((key) => {
    const metric = metricOf(key);
    if (metric === undefined || !(entry.isOwner || entry.sees(metric.sensitivity))) return [];
    const buckets = readDays(state.sql, store.sources, metric, first, first + 6, "best", Number.POSITIVE_INFINITY);
    const values = buckets.map((bucket) => headline(metric, bucket)).filter((value) => Number.isFinite(value));
    if (values.length === 0) return [];
    const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
    return [{ key, title: metric.title, mean: Math.round(mean * 100) / 100, unit: metric.unit, days: values.length }];
  });
  const week = { from: event.about, to: dayText(first + 6) };
  return { ...base, week, assessment: weeklyAssessment(patientId(state.person), week, iso(event.updatedAt), metrics) };
}

function aboutData(state: VaultState, store: Seen, entry: Entry, event: StoredEvent, content: Content): Readonly<Record<string, unknown>> {
  const known = metricOf(event.about);
  const from = event.from ?? event.firstAt;
  const to = event.to ?? from;
  const zone = state.profile().timeZone;
  const dayOf = (at: number) => localDay(at, offsetAt(zone, at));
  const dates = { from: dayText(dayOf(from)), to: dayText(dayOf(to)) };
  const base = {
    person: state.person,
    metric: event.about,
    categories: event.categories,
    ...(known !== undefined && { unit: known.unit }),
    from: iso(from),
    to: iso(to),
    dates,
    // Of some sources others hear at most that there is something to look at.
    ...(event.n > 0 && (entry.isOwner || !store.sources.all().some(({ number }) => !store.sources.shows(number))) && { readings: event.n }),
    ...event.facts,
    href: `${entry.isOwner ? "/v1/me" : `/v1/people/${state.person}`}/${pathOf(event.about, from, to)}`,
  };
  if (content === "pointer" || event.type.endsWith(".deleted")) return base;
  if (event.about === "sleep") {
    const found = sleepAnswers(state.sql, store, from, to + 1, "best").slice(-MOST_SESSIONS);
    return { ...base, sleep: found.map(({ answer }) => narrowSleep(entry, answer)) };
  }
  if (event.about === "workout") {
    const found = workoutAnswers(state.sql, store, from, to + 1, "best").slice(-MOST_SESSIONS);
    return { ...base, workouts: found.map(({ answer }) => narrowWorkout(entry, answer)) };
  }
  if (known === undefined) return base;
  const last = dayOf(to);
  const first = Math.max(dayOf(from), last - MOST_DAYS + 1);
  const days = readDays(state.sql, store.sources, known, first, last, "best", Number.POSITIVE_INFINITY);
  return {
    ...base,
    days: days
      .map((bucket) => ({ date: dayText(bucket.key), value: headline(known, bucket) }))
      .filter(({ value }) => value === null || Number.isFinite(value)),
  };
}

/** Where the data is read, below the person. */
function pathOf(about: string, from: number, to: number): string {
  const query = `from=${encodeURIComponent(iso(from))}&to=${encodeURIComponent(iso(to + 1))}`;
  if (about === "sleep") return `sleep?${query}`;
  if (about === "workout") return `workouts?${query}`;
  // Long spans are read by days.
  return `metrics/${about}?resolution=${to - from > 7 * DAY_MS ? "day" : "raw"}&${query}`;
}

function iso(at: number): string {
  return new Date(at).toISOString();
}
