/**
 * The language in which a challenge says what it counts: numbers, metrics of the catalogue, `+ - * /`, parentheses, and the functions
 * `min(a, b)`, `max(a, b)`, `floor(a)` and `round(a)`. Nothing can be named but metrics, nothing is looped or called back: an expression of
 * a bounded size is evaluated in a bounded time. A metric that somebody has nothing of is 0.
 */
export type Formula =
  | { readonly kind: "number"; readonly value: number }
  | { readonly kind: "metric"; readonly key: string }
  | { readonly kind: "negative"; readonly of: Formula }
  | { readonly kind: "binary"; readonly operator: Operator; readonly left: Formula; readonly right: Formula }
  | { readonly kind: "call"; readonly name: FunctionName; readonly of: readonly Formula[] };

type Operator = "+" | "-" | "*" | "/";
type FunctionName = keyof typeof FUNCTIONS;

const FUNCTIONS = {
  min: { takes: 2, of: (a: number, b: number) => Math.min(a, b) },
  max: { takes: 2, of: (a: number, b: number) => Math.max(a, b) },
  floor: { takes: 1, of: (a: number) => Math.floor(a) },
  round: { takes: 1, of: (a: number) => Math.round(a) },
} as const;

export const LONGEST_FORMULA = 200;
const MOST_NODES = 60;
const DEEPEST = 16;
/** Results beyond this are no results: sums of them stay exact enough. */
const LARGEST = 1e12;

const TOKEN = /\s*(?:(\d{1,9}(?:\.\d{1,9})?)|([a-z][a-z0-9_]*(?:\.[a-z][a-z0-9_]*)*)|([-+*/(),]))/y;

/** Why a text is no formula. */
export interface FormulaFault {
  readonly fault: "too_long" | "too_deep" | "unreadable" | "unknown_function";
  /** Index of the character at which reading stopped. */
  readonly at: number;
}

class Stop {
  readonly fault: FormulaFault;
  constructor(fault: FormulaFault["fault"], at: number) {
    this.fault = { fault, at };
  }
}

/** Reads a formula; says why where it is none. Whether its metrics may count is another question. */
export function parseFormula(text: string): Formula | FormulaFault {
  if (text.length > LONGEST_FORMULA) return { fault: "too_long", at: LONGEST_FORMULA };
  try {
    const reader = new Reader(text);
    const formula = reader.sum(0);
    reader.end();
    return formula;
  } catch (error) {
    if (error instanceof Stop) return error.fault;
    throw error;
  }
}

export function isFormula(read: Formula | FormulaFault): read is Formula {
  return "kind" in read;
}

interface Token {
  readonly text: string;
  readonly kind: "number" | "name" | "sign" | "end";
  readonly at: number;
}

/** Recursive descent, with a bound on depth and on the number of nodes. */
class Reader {
  readonly #text: string;
  #token: Token;
  #position = 0;
  #nodes = 0;

  constructor(text: string) {
    this.#text = text;
    this.#token = this.#read();
  }

  sum(depth: number): Formula {
    let left = this.#product(depth);
    while (this.#is("+") || this.#is("-")) {
      const operator = this.#take().text as Operator;
      left = this.#node({ kind: "binary", operator, left, right: this.#product(depth) });
    }
    return left;
  }

  end(): void {
    if (this.#token.kind !== "end") throw this.#stop("unreadable");
  }

  #product(depth: number): Formula {
    let left = this.#factor(depth);
    while (this.#is("*") || this.#is("/")) {
      const operator = this.#take().text as Operator;
      left = this.#node({ kind: "binary", operator, left, right: this.#factor(depth) });
    }
    return left;
  }

  #factor(depth: number): Formula {
    if (depth >= DEEPEST) throw this.#stop("too_deep");
    const token = this.#take();
    if (token.kind === "number") return this.#node({ kind: "number", value: Number(token.text) });
    if (token.text === "-") return this.#node({ kind: "negative", of: this.#factor(depth + 1) });
    if (token.text === "(") {
      const inner = this.sum(depth + 1);
      this.#want(")");
      return inner;
    }
    if (token.kind !== "name") throw new Stop("unreadable", token.at);
    return this.#is("(") ? this.#call(token, depth) : this.#node({ kind: "metric", key: token.text });
  }

  #call({ text, at }: Token, depth: number): Formula {
    if (!isFunction(text)) throw new Stop("unknown_function", at);
    this.#want("(");
    const of = [this.sum(depth + 1)];
    while (of.length < FUNCTIONS[text].takes) {
      this.#want(",");
      of.push(this.sum(depth + 1));
    }
    this.#want(")");
    return this.#node({ kind: "call", name: text, of });
  }

  #node(formula: Formula): Formula {
    if (++this.#nodes > MOST_NODES) throw this.#stop("too_long");
    return formula;
  }

  #is(sign: string): boolean {
    return this.#token.kind === "sign" && this.#token.text === sign;
  }

  #want(sign: string): void {
    if (!this.#is(sign)) throw this.#stop("unreadable");
    this.#take();
  }

  #take(): Token {
    const token = this.#token;
    if (token.kind === "end") throw this.#stop("unreadable");
    this.#token = this.#read();
    return token;
  }

  #read(): Token {
    TOKEN.lastIndex = this.#position;
    const found = TOKEN.exec(this.#text);
    if (found === null) {
      if (this.#text.slice(this.#position).trim() === "") return { text: "", kind: "end", at: this.#text.length };
      throw new Stop("unreadable", this.#position);
    }
    this.#position = TOKEN.lastIndex;
    const [, number, name, sign] = found;
    const text = number ?? name ?? sign ?? "";
    return { text, kind: number !== undefined ? "number" : name !== undefined ? "name" : "sign", at: this.#position - text.length };
  }

  #stop(fault: FormulaFault["fault"]): Stop {
    return new Stop(fault, this.#token.at);
  }
}

function isFunction(name: string): name is FunctionName {
  return Object.hasOwn(FUNCTIONS, name);
}

/** Keys of the metrics that a formula names, each once. */
export function metricsOf(formula: Formula): string[] {
  const found = new Set<string>();
  const walk = (one: Formula): void => {
    if (one.kind === "metric") found.add(one.key);
    else if (one.kind === "negative") walk(one.of);
    else if (one.kind === "binary") [one.left, one.right].forEach(walk);
    else if (one.kind === "call") one.of.forEach(walk);
  };
  walk(formula);
  return [...found];
}

/** What a formula comes to, or undefined where that is no number that can be ranked: after a division by zero, or beyond all measure. */
export function evaluate(formula: Formula, values: ReadonlyMap<string, number>): number | undefined {
  const value = run(formula, values);
  return Number.isFinite(value) && Math.abs(value) <= LARGEST ? value + 0 : undefined;
}

function run(formula: Formula, values: ReadonlyMap<string, number>): number {
  switch (formula.kind) {
    case "number":
      return formula.value;
    case "metric":
      return values.get(formula.key) ?? 0;
    case "negative":
      return -run(formula.of, values);
    case "call": {
      const [a = 0, b = 0] = formula.of.map((one) => run(one, values));
      return FUNCTIONS[formula.name].of(a, b);
    }
    case "binary": {
      const [a, b] = [run(formula.left, values), run(formula.right, values)];
      switch (formula.operator) {
        case "+":
          return a + b;
        case "-":
          return a - b;
        case "*":
          return a * b;
        case "/":
          // Also 0 / 0, and what is so small that the result has no meaning.
          return b === 0 ? Number.NaN : a / b;
      }
    }
  }
}

/** A formula as text that reads as the same formula. */
export function formulaText(formula: Formula): string {
  switch (formula.kind) {
    case "number":
      return String(formula.value);
    case "metric":
      return formula.key;
    case "negative":
      return `-${formula.of.kind === "binary" ? `(${formulaText(formula.of)})` : formulaText(formula.of)}`;
    case "call":
      return `${formula.name}(${formula.of.map(formulaText).join(", ")})`;
    case "binary":
      return `${wrapped(formula.left, formula.operator, false)} ${formula.operator} ${wrapped(formula.right, formula.operator, true)}`;
  }
}

/** With parentheses where the text would be read otherwise without. */
function wrapped(part: Formula, beside: Operator, isRight: boolean): string {
  const binds = (operator: Operator): number => (operator === "+" || operator === "-" ? 1 : 2);
  const isLooser = part.kind === "binary" && (isRight ? binds(part.operator) <= binds(beside) : binds(part.operator) < binds(beside));
  return isLooser ? `(${formulaText(part)})` : formulaText(part);
}
