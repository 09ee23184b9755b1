import type { Samples } from "./segment";

/** Samples with their vendor record ids, where they have any. */
export interface IdentifiedSamples extends Samples {
  readonly ids?: readonly string[] | undefined;
}

/** What a merge did. `changed` is false when the result equals the stored samples. */
export interface Merged {
  readonly samples: IdentifiedSamples;
  readonly accepted: number;
  readonly duplicate: number;
  readonly updated: number;
  readonly changed: boolean;
}

/**
 * Merges incoming samples into stored ones, both sorted by instant without repeats. At the same instant the higher version wins; equal
 * versions with another value are a correction and the incoming one wins; an equal value or a lower version is a duplicate. The result
 * does not depend on how often or, for distinct versions, in which order deliveries arrive.
 */
export function mergeSamples(stored: IdentifiedSamples, incoming: IdentifiedSamples): Merged {
  const most = stored.at.length + incoming.at.length;
  const at = new Float64Array(most);
  const value = new Float64Array(most);
  const zone = new Int32Array(most);
  const version = new Float64Array(most);
  const withIds = stored.ids !== undefined || incoming.ids !== undefined;
  const ids: string[] = [];
  let [n, i, j, accepted, duplicate, updated] = [0, 0, 0, 0, 0, 0];
  let raised = false;

  const take = (from: IdentifiedSamples, k: number, versionAtLeast = 0) => {
    at[n] = from.at[k]!;
    value[n] = from.value[k]!;
    zone[n] = from.zone[k]!;
    version[n] = Math.max(from.version[k]!, versionAtLeast);
    if (withIds) ids.push(from.ids?.[k] ?? "");
    n++;
  };

  while (i < stored.at.length || j < incoming.at.length) {
    const left = i < stored.at.length ? stored.at[i]! : Number.POSITIVE_INFINITY;
    const right = j < incoming.at.length ? incoming.at[j]! : Number.POSITIVE_INFINITY;
    if (left < right) take(stored, i++);
    else if (right < left) {
      take(incoming, j++);
      accepted++;
    } else {
      const newer = incoming.version[j]! >= stored.version[i]!;
      const same = incoming.value[j] === stored.value[i];
      if (newer && !same) {
        take(incoming, j);
        updated++;
      } else {
        // The same value at a higher version raises the version, so that an older correction cannot undo it.
        take(stored, i, newer ? incoming.version[j]! : 0);
        raised ||= incoming.version[j]! > stored.version[i]!;
        duplicate++;
      }
      i++;
      j++;
    }
  }
  const columns = { at: at.slice(0, n), value: value.slice(0, n), zone: zone.slice(0, n), version: version.slice(0, n) };
  return { samples: withIds ? { ...columns, ids } : columns, accepted, duplicate, updated, changed: raised || accepted + updated > 0 };
}

/**
 * Sorts samples and leaves one per instant: the one with the highest version, the later of equal ones. Returns how many fell out. Input
 * that is in order already, the usual case, is returned as it is.
 */
export function sortSamples(samples: IdentifiedSamples): { readonly samples: IdentifiedSamples; readonly repeated: number } {
  const { at } = samples;
  let inOrder = true;
  for (let i = 1; i < at.length; i++) {
    if (at[i]! <= at[i - 1]!) {
      inOrder = false;
      break;
    }
  }
  if (inOrder) return { samples, repeated: 0 };
  const order = Array.from(at, (_, index) => index).toSorted(
    (a, b) => at[a]! - at[b]! || samples.version[a]! - samples.version[b]! || a - b,
  );
  const kept = order.filter((index, k) => k + 1 === order.length || at[order[k + 1]!] !== at[index]);
  return { samples: pickSamples(samples, kept), repeated: order.length - kept.length };
}

/** The samples at these indexes, in their order. */
export function pickSamples(samples: IdentifiedSamples, indexes: readonly number[]): IdentifiedSamples {
  const columns = {
    at: Float64Array.from(indexes, (i) => samples.at[i]!),
    value: Float64Array.from(indexes, (i) => samples.value[i]!),
    zone: Int32Array.from(indexes, (i) => samples.zone[i]!),
    version: Float64Array.from(indexes, (i) => samples.version[i]!),
  };
  const { ids } = samples;
  return ids === undefined ? columns : { ...columns, ids: indexes.map((i) => ids[i] ?? "") };
}
