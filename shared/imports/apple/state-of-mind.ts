import type { Reading } from "../../health/reading";
import { snake } from "./categories";
import type { Metadata } from "./metadata";

/** HealthKit's numbers for what a mood entry describes. */
const KINDS: Readonly<Record<string, string>> = { "1": "momentary_emotion", "2": "daily_mood" };

/**
 * The parts of a state of mind record: valence −1 to 1 as the value, kind, labels and associations as attributes. Labels and
 * associations stay HealthKit's numbers where the file gives numbers.
 */
export function moodOf(value: string, metadata: Metadata | undefined): Pick<Reading, "value" | "attributes"> {
  const entry = (ending: string): string | undefined => Object.entries(metadata ?? {}).find(([key]) => key.endsWith(ending))?.[1];
  const valence = Number(entry("Valence") ?? (value === "" ? Number.NaN : value));
  const kind = entry("Kind");
  const labels = listOf(entry("Labels"));
  const associations = listOf(entry("Associations"));
  const attributes = {
    ...(kind !== undefined && { kind: KINDS[kind] ?? snake(kind) }),
    ...(labels.length > 0 && { labels }),
    ...(associations.length > 0 && { associations }),
  };
  return { value: Number.isFinite(valence) ? valence : null, attributes };
}

/** `(    1,    2)` → `["1", "2"]`: the way property lists print arrays. */
function listOf(text: string | undefined): string[] {
  return (text ?? "")
    .replace(/^\(|\)$/g, "")
    .split(",")
    .map((part) => part.trim().replace(/^"|"$/g, ""))
    .filter((part) => part !== "");
}
