/** Apple Health exports with what an independent look at the text says of them. */
import { bigExport } from "../fixtures/big-export.ts";
import { zip } from "../fixtures/zip.ts";

export interface AppleExport {
  readonly zip: Uint8Array<ArrayBuffer>;
  /** Records by the type they name, and workouts. */
  readonly byType: Readonly<Record<string, number>>;
  /** Pulses by local date. */
  readonly pulses: ReadonlyMap<string, readonly number[]>;
  readonly bytes: number;
}

/** An export of about this size; its days begin with `from`. */
export function appleExportOf(bytes: number, from: string): AppleExport {
  const text = Buffer.concat([...bigExport({ bytes, from: Date.parse(from) })]);
  const byType: Record<string, number> = {};
  const pulses = new Map<string, number[]>();
  for (const [element, named = "Workout"] of text.toString().matchAll(/<(?:Record type="(\w+)"|Workout workoutActivityType)[^>]*>/g)) {
    byType[named] = (byType[named] ?? 0) + 1;
    if (named !== "HKQuantityTypeIdentifierHeartRate") continue;
    const [date = "", value = ""] = [/startDate="(\S+)/.exec(element)?.[1], /value="(\d+)"/.exec(element)?.[1]];
    pulses.set(date, [...(pulses.get(date) ?? []), Number(value)]);
  }
  return { zip: zip([{ name: "apple_health_export/export.xml", content: text }]), byType, pulses, bytes: text.length };
}
