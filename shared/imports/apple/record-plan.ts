import { type Metric, metricByHealthKit, metric as metricOf } from "../../health/catalogue";
import { converter } from "../../health/units";
import type { Credit, Tally, TypeCount } from "../tally";
import { decodeText } from "../xml/text";
import { ByteCache } from "./byte-cache";

/** How records of one type become canonical readings. */
export type RecordShape = "sample" | "interval" | "daily" | "event" | "sleep" | "stand" | "mindful" | "mood" | "pressure" | "unknown";

export type Conversion = (value: number) => number;

/** Everything about a record type, worked out once. */
export interface RecordPlan {
  readonly type: string;
  readonly shape: RecordShape;
  readonly metric: Metric | undefined;
  readonly count: TypeCount;
  readonly credit: Credit;
  /** Sums of one metric may coincide in time and source (two foods at one meal): their value is part of their identity. */
  readonly valueIdentifies: boolean;
  /** Unit bytes → conversion to the canonical unit, or undefined where the unit does not fit. */
  readonly units: ByteCache<Conversion | undefined>;
  /** For records that state no unit. */
  readonly unitless: Conversion | undefined;
}

const PREFIX = /^HK(?:QuantityTypeIdentifier|CategoryTypeIdentifier|CorrelationTypeIdentifier|DataTypeIdentifier|DataType)?/;
const SHAPES: Readonly<Record<string, RecordShape>> = {
  sleep: "sleep",
  stand_hours: "stand",
  mindful_minutes: "mindful",
  state_of_mind: "mood",
  blood_pressure: "pressure",
};
/** HealthKit calls numbers without a unit "count"; these have one all the same. */
const CALLED_COUNT: ReadonlySet<string> = new Set(["bmi"]);
const PERCENT = "%";
/** A fraction of one, as HealthKit writes percentages. Above it the writer meant percent: nobody has 150 % of anything here. */
const LARGEST_FRACTION = 1.5;

/** The plan of a record type; types that the catalogue does not know get one too, which rejects. */
export function planFor(type: string, tally: Tally): RecordPlan {
  const metric = metricByHealthKit(type) ?? metricByHealthKit(type.replace(PREFIX, ""));
  return {
    type,
    shape: metric === undefined ? "unknown" : (SHAPES[metric.key] ?? shapeOf(metric)),
    metric,
    count: tally.type(type),
    credit: tally.credit(metric?.key ?? "", [type]),
    valueIdentifies: metric?.sensitivity === "nutrition",
    units: new ByteCache(
      (bytes, start, end) => (metric === undefined ? undefined : conversionOf(metric, decodeText(bytes, start, end))),
      64,
    ),
    unitless: metric === undefined ? undefined : conversionOf(metric, metric.healthKit?.unit ?? metric.unit),
  };
}

/** The conversion of a metric's values from a unit as HealthKit writes it, or undefined where the two do not fit. */
export function conversionOf(metric: Metric, unit: string): Conversion | undefined {
  if (CALLED_COUNT.has(metric.key) && (unit === "count" || unit === "")) return keep;
  if (metric.healthKit?.fraction === true && unit.trim() === PERCENT) return (value) => (value <= LARGEST_FRACTION ? value * 100 : value);
  return converter(unit === "" ? metric.unit : unit, metric.unit, metric.key.endsWith("_glucose") ? "glucose" : undefined);
}

const keep: Conversion = (value) => value;

/** Records that span time and can be summed are intervals even where the catalogue's main kind is the day. */
function shapeOf(metric: Metric): RecordShape {
  const kinds = ["interval", "sample", "event"] as const;
  return kinds.find((kind) => metric.kinds.includes(kind)) ?? "daily";
}

const SENSOR_APPS = /dexcom|libre|eversense|guardian|medtronic|xdrip|nightscout|loop|spike|sugarmate|tomato|cgm/i;

/** Glucose of a continuous sensor is a metric of its own; the export tells it only by the app that wrote it. */
export function isGlucoseSensor(app: string, device: string | undefined): boolean {
  return SENSOR_APPS.test(app) || (device !== undefined && SENSOR_APPS.test(device));
}

export const SENSOR_GLUCOSE = metricOf("cgm_glucose");
