import type { BatchBuilder } from "../health/batch";
import type { RecordingMethod, Source } from "../health/reading";
import { isObject, type Json, loose, textOf } from "./reject";

/** How many sources are compared field by field before a map takes over; a phone rarely has more than a handful. */
const SCANNED = 12;
const LONGEST_FIELD = 200;

/** Health Connect's `Device.TYPE_…` numbers. */
const DEVICE_TYPES = [undefined, "watch", "phone", "scale", "ring", "head_mounted", "band", "chest_strap", "smart_display"];

const DEVICE_TYPE_NAMES: ReadonlyMap<string, string> = new Map([
  ["watch", "watch"],
  ["applewatch", "watch"],
  ["phone", "phone"],
  ["iphone", "phone"],
  ["mobile", "phone"],
  ["tablet", "tablet"],
  ["ipad", "tablet"],
  ["scale", "scale"],
  ["ring", "ring"],
  ["band", "band"],
  ["fitnessband", "band"],
  ["cheststrap", "chest_strap"],
  ["headmounted", "head_mounted"],
  ["smartdisplay", "smart_display"],
]);

/** Health Connect's `Metadata.RECORDING_METHOD_…` numbers. */
const METHODS: readonly RecordingMethod[] = ["unknown", "active", "automatic", "manual"];

const METHOD_NAMES: ReadonlyMap<string, RecordingMethod> = new Map([
  ["unknown", "unknown"],
  ["active", "active"],
  ["activelyrecorded", "active"],
  ["automatic", "automatic"],
  ["auto", "automatic"],
  ["automaticallyrecorded", "automatic"],
  ["manual", "manual"],
  ["manualentry", "manual"],
  ["userentered", "manual"],
]);

/** The fields a source is told by, as they stand in the payload. */
interface Entry {
  readonly app: unknown;
  readonly name: unknown;
  readonly maker: unknown;
  readonly model: unknown;
  readonly type: unknown;
  readonly method: unknown;
  readonly index: number;
}

/** Turns the source and device fields of records into indexes of the batch's sources. The last sources seen are found first. */
export class SourceReader {
  readonly #builder: BatchBuilder;
  readonly #vendor: string;
  readonly #recent: Entry[] = [];
  readonly #sensors = new Map<number, boolean>();
  readonly #apps: (string | undefined)[] = [];

  constructor(builder: BatchBuilder, vendor: string) {
    this.#builder = builder;
    this.#vendor = vendor;
  }

  /** The source of one record: `source` (an object, or just a name) or Health Connect's metadata, whichever tells a field first. */
  read(source: unknown, metadata: Json | undefined): number {
    let app: unknown;
    let name: unknown;
    let maker: unknown;
    let model: unknown;
    let type: unknown;
    let method: unknown;
    if (typeof source === "string") app = source;
    else if (isObject(source)) {
      app = source["bundleIdentifier"] ?? source["appId"] ?? source["packageName"];
      name = source["deviceName"] ?? source["name"];
      maker = source["deviceManufacturer"];
      model = source["productType"] ?? source["deviceModel"];
      type = source["deviceType"];
      method = source["recordingMethod"];
    }
    if (metadata !== undefined) {
      const origin = metadata["dataOrigin"];
      const device = metadata["device"];
      app ??= isObject(origin) ? origin["packageName"] : origin;
      if (isObject(device)) {
        maker ??= device["manufacturer"];
        model ??= device["model"];
        type ??= device["type"];
      }
      method ??= metadata["recordingMethod"] ?? (saysYes(metadata["HKWasUserEntered"]) ? "manual" : undefined);
    }
    for (const e of this.#recent) {
      if (e.app === app && e.name === name && e.model === model && e.method === method && e.maker === maker && e.type === type)
        return e.index;
    }
    return this.#add({ app, name, maker, model, type, method });
  }

  /** True where readings of the source come from a glucose sensor rather than from a meter: its app belongs to one. */
  isGlucoseSensor(index: number): boolean {
    let known = this.#sensors.get(index);
    if (known === undefined) {
      known = SENSOR_APPS.test(this.#apps[index] ?? "");
      this.#sensors.set(index, known);
    }
    return known;
  }

  #add(raw: Omit<Entry, "index">): number {
    const source = describe(this.#vendor, raw);
    const index = this.#builder.source(source);
    this.#apps[index] = source.app;
    if (this.#recent.length < SCANNED) this.#recent.push({ ...raw, index });
    return index;
  }
}

/** Apps of glucose sensors, by words of their bundle ids and names. */
const SENSOR_APPS =
  /dexcom|libre|eversense|senseonics|guardian|minimed|xdrip|sugarmate|nightscout|loopkit|diasend|sibionics|caresens ?air/i;

/** True for the ways a flag is written: `true`, 1, "1", "true". */
export function saysYes(value: unknown): boolean {
  return value === true || value === 1 || value === "1" || (typeof value === "string" && value.toLowerCase() === "true");
}

function describe(vendor: string, raw: Omit<Entry, "index">): Source {
  const app = field(raw.app);
  const deviceName = field(raw.name);
  const deviceManufacturer = field(raw.maker);
  const deviceModel = field(raw.model);
  const deviceType = deviceTypeOf(raw.type, deviceModel);
  const recordingMethod = methodOf(raw.method);
  return {
    vendor,
    ...(app !== undefined && { app }),
    ...(deviceName !== undefined && { deviceName }),
    ...(deviceManufacturer !== undefined && { deviceManufacturer }),
    ...(deviceModel !== undefined && { deviceModel }),
    ...(deviceType !== undefined && { deviceType }),
    ...(recordingMethod !== undefined && { recordingMethod }),
  };
}

function field(value: unknown): string | undefined {
  return textOf(value)?.slice(0, LONGEST_FIELD);
}

function deviceTypeOf(type: unknown, model: string | undefined): string | undefined {
  if (typeof type === "number") return DEVICE_TYPES[type];
  const told = field(type);
  if (told !== undefined) return DEVICE_TYPE_NAMES.get(loose(told).replace(/^(devicetype|type)/, ""));
  // Apple's product types (`Watch7,5`, `iPhone15,2`) say what the device is.
  return model === undefined ? undefined : DEVICE_TYPE_NAMES.get(loose(model.replace(/\d.*$/, "")));
}

function methodOf(method: unknown): RecordingMethod | undefined {
  if (typeof method === "number") return METHODS[method];
  const told = field(method);
  return told === undefined ? undefined : METHOD_NAMES.get(loose(told).replace(/^recordingmethod/, ""));
}
