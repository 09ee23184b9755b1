import { z } from "zod";
import type { BatchBuilder } from "../../health/batch";
import { type Reading, type RecordingMethod, type Source, ZONE_UNKNOWN } from "../../health/reading";
import { dayRange } from "../fields";
import { some } from "../record";
import type { Delivery } from "../vendor";

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

/** Where a mapper puts what it finds in one point. */
export class Point {
  readonly id: string | undefined;
  readonly source: number;
  version: number;
  newestAt: number | undefined;
  readonly #into: BatchBuilder;

  constructor(head: PointHead, into: BatchBuilder, delivery: Delivery) {
    this.id = idOf(head.name ?? head.dataPointName);
    this.source = into.source(sourceOf(head.dataSource, delivery.connection));
    this.version = delivery.syncedAt;
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
