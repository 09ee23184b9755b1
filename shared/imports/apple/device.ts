import type { Source } from "../../health/reading";

export type Device = Pick<Source, "deviceName" | "deviceManufacturer" | "deviceModel" | "deviceType">;

const FIELD = /(?:^|, )(name|manufacturer|model|hardware|firmware|software|localIdentifier|UDI Device Identifier|creation date):/g;

/** Beginning of a model or hardware name → canonical device type. */
const TYPES: readonly (readonly [prefix: RegExp, type: string])[] = [
  [/watch/i, "watch"],
  [/iphone|ipod/i, "phone"],
  [/ipad/i, "tablet"],
  [/airpods|headphone/i, "headphones"],
  [/ring/i, "ring"],
  [/scale|body/i, "scale"],
  [/chest|h10|hrm|tickr/i, "chest_strap"],
  [/band/i, "band"],
];

/**
 * Reads HealthKit's description of a device: `<<HKDevice: 0x…>, name:Apple Watch, manufacturer:Apple Inc., model:Watch,
 * hardware:Watch7,5, software:…>`. The hardware code is the model where there is one: it tells the generations apart. The software is
 * left out, or every update would make a new source. The address may be cut off; a text in no such form is the device's name.
 */
export function parseDevice(text: string): Device {
  const body = text.replace(/^(?:<<HKDevice: [^>]*>)?,? ?/, "").replace(/>$/, "");
  const fields: Partial<Record<string, string>> = {};
  const marks = [...body.matchAll(FIELD)];
  marks.forEach((mark, i) => {
    const value = body.slice(mark.index + mark[0].length, marks[i + 1]?.index ?? body.length).trim();
    if (value !== "") fields[mark[1] ?? ""] = value;
  });
  if (marks.length === 0 && body !== "") fields["name"] = body;
  const { name, manufacturer, model, hardware } = fields;
  const kind = [hardware, model, name].find((text) => text !== undefined && typeOf(text) !== undefined);
  const type = kind === undefined ? undefined : typeOf(kind);
  const best = hardware ?? model;
  return {
    ...(name !== undefined && { deviceName: name }),
    ...(manufacturer !== undefined && { deviceManufacturer: manufacturer }),
    ...(best !== undefined && { deviceModel: best }),
    ...(type !== undefined && { deviceType: type }),
  };
}

function typeOf(text: string): string | undefined {
  return TYPES.find(([pattern]) => pattern.test(text))?.[1];
}
