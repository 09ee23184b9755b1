/** One measured line of the table. */
export interface Row {
  readonly name: string;
  /** With its unit. */
  readonly ours: string;
  /** The bare platform, in the same unit, in the same run. */
  readonly bare?: string;
  readonly ratio?: number;
  readonly target: string;
  /** Undefined for lines that only inform. */
  readonly pass: boolean | undefined;
  /** What is measured, in a sentence. */
  readonly how: string;
}

/** A row of a ratio against the bare platform. */
export function ratioRow(
  name: string,
  unit: string,
  paired: { ours: string; bare: string; ratio: number },
  least: number,
  how: string,
): Row {
  return {
    name,
    ours: `${paired.ours} ${unit}`,
    bare: `${paired.bare} ${unit}`,
    ratio: paired.ratio,
    target: `≥ ${least} of bare`,
    pass: paired.ratio >= least,
    how,
  };
}

/** A row of a price: how many times the bare work ours may cost. */
export function costRow(name: string, unit: string, paired: { ours: string; bare: string; ratio: number }, most: number, how: string): Row {
  const cost = 1 / paired.ratio;
  return {
    name,
    ours: `${paired.ours} ${unit}`,
    bare: `${paired.bare} ${unit}`,
    ratio: cost,
    target: `≤ ${most} × bare`,
    pass: cost <= most,
    how,
  };
}
