/** The alias of the `n`-th entry of a board. */
export function boardAlias(n: number): string {
  return `a${n.toString(36).padStart(9, "0")}`;
}
