import * as z from "zod";
import type { BatchBuilder } from "../../health/batch";
import { type Reading, type RecordingMethod, type Source, ZONE_UNKNOWN } from "../../health/reading";
import { dayRange } from "../fields";
import { isObject } from "./fields";
import { some } from "../record";

export { known, Rejection, some } from "../record";

/** The vendor's name in the sources of readings. */
export const GOOGLE_HEALTH = "google_health";

const RECORDING: Readonly<Record<string, RecordingMethod>> = {
  MANUAL: "manual",
  PASSIVELY_MEASURED: "automatic",
  DERIVED: "automatic",
  ACTIVELY_MEASURED: "active",
};

const DEVICE_TYPES: Readonly<Record<string, string>> = {
  FITNESS_BAND: "band",
  WATCH: "watch",
  PHONE: "phone",
  RING: "ring",
  CHEST_STRAP: "chest_strap",
  SCALE: "scale",
  TABLET: "tablet",
  HEAD_MOUNTED: "head_mounted",
  SMART_DISPLAY: "smart_display",
};

/** The parts every point has; reconciled points carry `dataPointName` and no source. */
export const pointSchema = z.object({
  name: z.string().optional(),
  dataPointName: z.string().optional(),
  dataSource: z
    .object({
      platform: z.string().optional(),
      recordingMethod: z.string().optional(),
      device: z
        .object({ displayName: z.string().optional(), manufacturer: z.string().optional(), formFactor: z.string().optional() })
        .optional(),
      application: z
        .object({ packageName: z.string().optional(), webClientId: z.string().optional(), googleWebClientId: z.string().optional() })
        .optional(),
    })
    .optional(),
});
type PointHead = z.output<typeof pointSchema>;

/** What a point is and where it comes from, in a batch. */
export interface Head {
  readonly id: string | undefined;
  readonly source: number;
}

/**
 * Reads the heads of a page's points. Most points of a page come from the same device as the one before: such a head is compared with that
 * one's, and only another is parsed as a whole.
 */
export class Heads {
  readonly #into: BatchBuilder;
  readonly #connection: string;
  #last: { readonly told: PointHead["dataSource"]; readonly source: number } | undefined;

  constructor(into: BatchBuilder, connection: string) {
    this.#into = into;
    this.#connection = connection;
  }

  /** The head of a point; undefined where it is malformed. */
  read(raw: unknown): Head | undefined {
    const last = this.#last;
    if (last !== undefined && isObject(raw) && isText(raw["name"]) && isText(raw["dataPointName"]) && isSame(raw["dataSource"], last.told))
      return { id: idOf(raw["name"] ?? raw["dataPointName"]), source: last.source };
    const { data } = pointSchema.safeParse(raw);
    if (data === undefined) return undefined;
    const source = this.#into.source(sourceOf(data.dataSource, this.#connection));
    this.#last = { told: data.dataSource, source };
    return { id: idOf(data.name ?? data.dataPointName), source };
  }
}

function isSame(raw: unknown, told: PointHead["dataSource"]): boolean {
  if (raw === undefined || told === undefined) return raw === told;
  return (
    isObject(raw) &&
    raw["platform"] === told.platform &&
    raw["recordingMethod"] === told.recordingMethod &&
    isSamePart(raw["device"], told.device, DEVICE_PARTS) &&
    isSamePart(raw["application"], told.application, APPLICATION_PARTS)
  );
}

const DEVICE_PARTS = ["displayName", "manufacturer", "formFactor"] as const;
const APPLICATION_PARTS = ["packageName", "webClientId", "googleWebClientId"] as const;

function isSamePart<K extends string>(
  raw: unknown,
  told: { readonly [P in K]?: string | undefined } | undefined,
  parts: readonly K[],
): boolean {
  if (raw === undefined || told === undefined) return raw === told;
  return isObject(raw) && parts.every((part) => raw[part] === told[part]);
}

const isText = (value: unknown): value is string | undefined => value === undefined || typeof value === "string";

/** Where a mapper puts what it finds in one point. */
export class Point {
  readonly id: string | undefined;
  readonly source: number;
  version: number;
  newestAt: number | undefined;
  readonly #into: BatchBuilder;

  constructor({ id, source }: Head, into: BatchBuilder, version: number) {
    this.id = id;
    this.source = source;
    this.version = version;
    this.#into = into;
  }

  sample(metric: string, at: { at: number; zone: number }, value: number): void {
    this.#see(at.at);
    this.#into.sample(metric, this.source, at.at, value, at.zone, this.version, this.id);
  }

  interval(metric: string, when: { start: number; end: number; zone: number }, value: number): void {
    this.#see(when.end);
    this.#into.interval(metric, this.source, when.start, when.end, value, when.zone, this.version, this.id);
  }

  /** A day's value under the vendor's own day label. */
  daily(metric: string, date: string, value: number, attributes?: Readonly<Record<string, unknown>>): void {
    const day = dayRange(date);
    this.#see(day.start);
    this.#into.reading({
      ...this.#base(metric),
      kind: "daily",
      ...day,
      zone: ZONE_UNKNOWN,
      date,
      value,
      ...some("attributes", attributes),
    });
  }

  /** A reading that carries more than a number. */
  reading(
    metric: string,
    kind: "sample" | "event",
    when: { start: number; end: number; zone: number },
    rest: { value: number | null; text?: string | undefined; attributes?: Readonly<Record<string, unknown>>; id?: string | undefined },
  ): void {
    this.#see(when.end);
    const { start, end, zone } = when;
    this.#into.reading({
      ...this.#base(metric),
      kind,
      start,
      end,
      zone,
      value: rest.value,
      ...some("text", rest.text),
      ...some("attributes", rest.attributes),
      ...some("id", rest.id),
    });
  }

  sleep(session: Omit<Parameters<BatchBuilder["sleepSession"]>[0], "source" | "version" | "id">): void {
    this.#see(session.end);
    this.#into.sleepSession({ ...session, source: this.source, version: this.version, ...some("id", this.id) });
  }

  workout(workout: Omit<Parameters<BatchBuilder["workout"]>[0], "source" | "version" | "id">): void {
    this.#see(workout.end);
    this.#into.workout({ ...workout, source: this.source, version: this.version, ...some("id", this.id) });
  }

  /** Something Meridian has no metric for yet: kept with its reason, so that it is not lost. */
  keepApart(metric: string, at: number, reason: string): void {
    this.#into.quarantine({ source: this.source, metric, at, value: null, unit: "", reason, ...some("id", this.id) });
  }

  #see(at: number): void {
    if (this.newestAt === undefined || at > this.newestAt) this.newestAt = at;
  }

  #base(metric: string): Pick<Reading, "metric" | "source" | "version" | "id"> {
    return { metric, source: this.source, version: this.version, ...some("id", this.id) };
  }
}

/** `users/…/dataTypes/sleep/dataPoints/a1` → `sleep/a1`: the vendor's user id is no part of a record's identity. */
function idOf(name: string | undefined): string | undefined {
  if (name === undefined || name === "") return undefined;
  const parts = /^users\/[^/]+\/dataTypes\/([^/]+)\/dataPoints\/([^/]+)$/.exec(name);
  return parts === null ? undefined : `${parts[1]}/${parts[2]}`;
}

function sourceOf(source: PointHead["dataSource"], connection: string): Source {
  const { device, application, platform } = source ?? {};
  const app = application?.packageName ?? application?.webClientId ?? application?.googleWebClientId ?? platformOf(platform);
  return {
    vendor: GOOGLE_HEALTH,
    connection,
    ...some("app", app),
    ...some("deviceName", device?.displayName),
    ...some("deviceManufacturer", device?.manufacturer),
    ...some("deviceType", DEVICE_TYPES[device?.formFactor ?? ""]),
    ...some("recordingMethod", RECORDING[source?.recordingMethod ?? ""]),
  };
}

/** The platform tells copies of one device's data apart, such as a band seen by Fitbit and through Health Connect. */
function platformOf(platform: string | undefined): string | undefined {
  return platform === undefined || platform === "PLATFORM_UNSPECIFIED" ? undefined : platform.toLowerCase();
}
