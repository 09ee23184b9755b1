import * as z from "zod";
import { DAY_MS } from "../../clock";
import { utcDay } from "../fields";
import { signValues } from "../signatures";
import type { Range, VendorCall, VendorCredentials, VendorRequest } from "../vendor";

const ACTIVITY_FIELDS =
  "steps,distance,elevation,soft,moderate,intense,active,calories,totalcalories,hr_average,hr_min,hr_max,hr_zone_0,hr_zone_1,hr_zone_2,hr_zone_3";
const INTRADAY_FIELDS =
  "steps,elevation,calories,distance,stroke,pool_lap,duration,heart_rate,spo2_auto,rmssd,sdnn1,hrv_quality,core_body_temperature,rr";
const WORKOUT_FIELDS =
  "calories,intensity,manual_distance,manual_calories,hr_average,hr_min,hr_max,hr_zone_0,hr_zone_1,hr_zone_2,hr_zone_3,pause_duration,algo_pause_duration,spo2_average,steps,distance,elevation,pool_laps,strokes,pool_length";
const SLEEP_FIELDS = "hr,rr,snoring,sdnn_1,rmssd";
const SUMMARY_FIELDS =
  "total_timeinbed,total_sleep_time,asleepduration,lightsleepduration,remsleepduration,deepsleepduration,sleep_efficiency,sleep_latency,wakeup_latency,wakeupduration,wakeupcount,waso,nb_rem_episodes,out_of_bed_count,hr_average,hr_min,hr_max,rr_average,rr_min,rr_max,breathing_disturbances_intensity,snoring,snoringepisodecount,sleep_score,apnea_hypopnea_index";

/** The night of a summary whose stages are still to be read. */
export const nightSchema = z.object({
  start: z.number(),
  end: z.number(),
  date: z.string().optional(),
  zone: z.number(),
  id: z.string().optional(),
  version: z.number(),
  model: z.string().optional(),
  nap: z.boolean().optional(),
  /** Minutes and counts of the summary. */
  figures: z.record(z.string(), z.number()),
});
export type Night = z.output<typeof nightSchema>;

/** A recording of the heart whose signal is still to be read. */
export const signalSchema = z.object({
  id: z.number(),
  at: z.number(),
  zone: z.number(),
  version: z.number(),
  model: z.number().optional(),
  afib: z.number().optional(),
  heartRate: z.number().optional(),
});
export type Signal = z.output<typeof signalSchema>;

/** What a page token holds: how far the list has been read, and what of it needs calls of its own. */
const tokenSchema = z.object({
  offset: z.number().optional(),
  nights: z.array(nightSchema).readonly().optional(),
  signals: z.array(signalSchema).readonly().optional(),
});
export type PageToken = z.output<typeof tokenSchema>;

/** Longest range of one call for stages; a night more than that would be refused. */
const STAGES_MS = 6 * DAY_MS;

/** Reads a token that `writeToken` wrote; the first page has none. */
export function readToken(page: string | undefined): PageToken {
  if (page === undefined) return {};
  try {
    return tokenSchema.parse(JSON.parse(page));
  } catch {
    return {};
  }
}

/** The token of what is left; undefined where nothing is. */
export function writeToken({ offset, nights = [], signals = [] }: PageToken): string | undefined {
  const left = {
    ...(offset === undefined ? {} : { offset }),
    ...(nights.length === 0 ? {} : { nights }),
    ...(signals.length === 0 ? {} : { signals }),
  };
  return Object.keys(left).length === 0 ? undefined : JSON.stringify(left);
}

/** Cuts off as many nights as one call for stages may reach over. */
export function nightsOfOneCall(nights: readonly Night[]): { readonly now: readonly Night[]; readonly later: readonly Night[] } {
  const sorted = nights.toSorted((a, b) => a.start - b.start);
  const limit = (sorted[0]?.start ?? 0) + STAGES_MS;
  const now = sorted.filter((night, i) => i === 0 || night.end <= limit);
  return { now, later: sorted.filter((night) => !now.includes(night)) };
}

const seconds = (ms: number): string => String(Math.floor(ms / 1000));

/** The call for one page. Every call is a form, and every one names its action. */
export function pageRequest(resource: string, range: Range, page: string | undefined): VendorRequest {
  const { offset, nights = [], signals = [] } = readToken(page);
  const post = (path: string, form: Readonly<Record<string, string>>): VendorRequest => ({
    method: "POST",
    path,
    form: { ...form, ...(offset === undefined ? {} : { offset: String(offset) }) },
  });
  const instants = { startdate: seconds(range.from), enddate: seconds(range.to) };
  // Days are labels in the person's zone: a day more at the end holds every zone.
  const days = { startdateymd: utcDay(range.from), enddateymd: utcDay(range.to) };
  switch (resource) {
    case "measures":
      return post("/measure", { action: "getmeas", category: "1", ...instants });
    case "activity":
      return post("/v2/measure", { action: "getactivity", ...days, data_fields: ACTIVITY_FIELDS });
    case "intraday":
      return post("/v2/measure", {
        action: "getintradayactivity",
        startdate: instants.startdate,
        enddate: seconds(Math.min(range.to, range.from + DAY_MS)),
        data_fields: INTRADAY_FIELDS,
      });
    case "workouts":
      return post("/v2/measure", { action: "getworkouts", ...days, data_fields: WORKOUT_FIELDS });
    case "sleep": {
      if (nights.length === 0) return post("/v2/sleep", { action: "getsummary", ...days, data_fields: SUMMARY_FIELDS });
      const { now } = nightsOfOneCall(nights);
      const [from, to] = [Math.min(...now.map(({ start }) => start)), Math.max(...now.map(({ end }) => end))];
      const form = { action: "get", startdate: seconds(from), enddate: seconds(to), data_fields: SLEEP_FIELDS };
      return { method: "POST", path: "/v2/sleep", form };
    }
    case "heart": {
      const [signal] = signals;
      return signal === undefined
        ? post("/v2/heart", { action: "list", ...instants })
        : { method: "POST", path: "/v2/heart", form: { action: "get", signalid: String(signal.id) } };
    }
    default:
      throw new TypeError("not a resource of this vendor");
  }
}

/** What the person's devices notify of: weight, temperature, blood pressure, activity, sleep, profile, ECG, glucose. */
const APPLI = [1, 2, 4, 16, 44, 46, 54, 58] as const;

/** One subscription for each kind of data; Withings takes a repetition for what it is. */
export function subscribeRequests(hookUrl: string): readonly VendorRequest[] {
  return APPLI.map((appli) => ({
    method: "POST",
    path: "/notify",
    form: { action: "subscribe", callbackurl: hookUrl, appli: String(appli), comment: "Meridian" },
  }));
}

const nonceSchema = z.object({ body: z.object({ nonce: z.string().min(1) }) });

/** Ends the grant and its notifications: a nonce by a signed call, then the revocation signed with it. */
export async function revoke(userId: string, credentials: VendorCredentials, call: VendorCall, now: number): Promise<boolean> {
  const { clientId, clientSecret } = credentials;
  const nonce = { action: "getnonce", client_id: clientId, timestamp: seconds(now) };
  const answer = nonceSchema.safeParse(
    await call({
      method: "POST",
      path: "/v2/signature",
      auth: "none",
      form: { ...nonce, signature: signValues(clientSecret, nonce) },
    }),
  );
  if (!answer.success) return false;
  const ending = { action: "revoke", client_id: clientId, nonce: answer.data.body.nonce };
  const form = { ...ending, signature: signValues(clientSecret, ending), userid: userId };
  return (await call({ method: "POST", host: "token", path: "/v2/oauth2", auth: "none", form })) !== undefined;
}
