/**
 * Leaves one row per key: the one with the highest version, the later of equal ones. A delivery that tells the same thing twice must not
 * make each replay of it look like a correction.
 */
export function latestByKey<R extends { readonly version: number }>(
  rows: readonly R[],
  keyOf: (row: R) => string,
): { readonly rows: readonly R[]; readonly repeated: number } {
  const latest = new Map<string, R>();
  for (const row of rows) {
    const key = keyOf(row);
    const known = latest.get(key);
    if (known === undefined || row.version >= known.version) latest.set(key, row);
  }
  return latest.size === rows.length ? { rows, repeated: 0 } : { rows: [...latest.values()], repeated: rows.length - latest.size };
}
