/** What only the run itself knows: ids of things that exist, somebody's own password. A generated value names it; the run fills it in. */
export class Known {
  readonly what: string;
  /** Which of several. */
  readonly pick: number;

  constructor(what: string, pick: number) {
    this.what = what;
    this.pick = pick;
  }
}

/** JSON that no value stringifies to: numbers out of range, repeated names. Put into the text as it is. */
export class Raw {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }
}

/** The value with everything known filled in. */
export function filled(value: unknown, tell: (known: Known) => unknown): unknown {
  if (value instanceof Known) return tell(value);
  if (value instanceof Raw) return value;
  if (Array.isArray(value)) return value.map((inner) => filled(inner, tell));
  if (typeof value !== "object" || value === null) return value;
  return fromPairs(Object.entries(value).map(([name, inner]) => [name, filled(inner, tell)]));
}

/** An object of these own properties, `__proto__` among them. */
export function fromPairs(pairs: readonly (readonly [string, unknown])[]): Record<string, unknown> {
  const out: Record<string, unknown> = {};
  for (const [name, value] of pairs) Object.defineProperty(out, name, { value, enumerable: true, configurable: true, writable: true });
  return out;
}

/** JSON text of a value that may hold raw pieces. */
export function jsonText(value: unknown): string {
  const pieces: string[] = [];
  const marked = (inner: unknown): unknown => {
    if (inner instanceof Raw) return `\u{f8ff}${pieces.push(inner.text) - 1}\u{f8ff}`;
    if (Array.isArray(inner)) return inner.map(marked);
    if (typeof inner !== "object" || inner === null) return inner;
    return fromPairs(Object.entries(inner).map(([name, one]) => [name, marked(one)]));
  };
  const text = JSON.stringify(marked(value)) ?? "null";
  return text.replaceAll(/"\u{f8ff}(\d+)\u{f8ff}"/gu, (_match, n: string) => pieces[Number(n)] ?? "null");
}
