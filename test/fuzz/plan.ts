import fc from "fast-check";
import { type Document, jsonBodyOf, type Operation } from "../refusals/document";
import { filled, jsonText, Known } from "./known";
import { nastyHeaders, nastyValue, spoiled, TEXTS } from "./nasty";
import { valuesOf } from "./values";
import type { Person } from "./world";

/** A request as generated: what only the run knows is still open. */
export interface Plan {
  readonly operation: Operation;
  /** Which person calls; those of a public operation call nobody's name. */
  readonly who: number;
  /** Who calls where it takes somebody in particular. */
  readonly as?: Person;
  readonly method: string;
  /** Values of path parameters that are no ids of the caller's own. */
  readonly path: Readonly<Record<string, unknown>>;
  readonly query: readonly (readonly [string, unknown])[];
  readonly headers: readonly (readonly [string, string])[];
  readonly body: Body | undefined;
}

export interface Body {
  readonly mediaType: string | undefined;
  /** JSON, or bytes as they are. */
  readonly value?: unknown;
  readonly bytes?: Uint8Array;
}

type Pairs = readonly (readonly [string, unknown])[];
const encoder = new TextEncoder();

/** Requests that fit the document. */
export function validPlans(document: Document, operation: Operation): fc.Arbitrary<Plan> {
  const of = (place: string) => operation.parameters.filter((parameter) => parameter.in === place);
  const query = of("query").map(({ name, required, schema }) => {
    const value = name === "cursor" ? fc.nat(7).map((pick) => new Known("cursor", pick)) : valuesOf(document, schema ?? {}, name);
    const pair = value.map((made): Pairs => [[name, made]]);
    return required === true ? pair : fc.oneof({ weight: 2, arbitrary: fc.constant<Pairs>([]) }, { weight: 1, arbitrary: pair });
  });
  const path = of("path").map(({ name, schema }) => {
    const listed: unknown = schema?.["enum"];
    const value = Array.isArray(listed) ? fc.constantFrom<unknown>(...listed) : fc.nat(7).map((pick) => new Known("own", pick));
    return value.map((made): [string, unknown] => [name, made]);
  });
  const key = of("header").some(({ name }) => name.toLowerCase() === "idempotency-key");
  const headers = key
    ? fc.oneof(
        { weight: 4, arbitrary: fc.constant([]) },
        { weight: 1, arbitrary: fc.uuid().map((id): [string, string][] => [["idempotency-key", id]]) },
      )
    : fc.constant<[string, string][]>([]);
  return fc
    .record({ who: fc.nat(200), query: fc.tuple(...query), path: fc.tuple(...path), headers, body: bodies(document, operation) })
    .map((made) => ({
      operation,
      who: made.who,
      method: operation.method,
      path: Object.fromEntries(made.path),
      query: made.query.flat(),
      headers: made.headers,
      body: made.body,
    }));
}

function bodies(document: Document, operation: Operation): fc.Arbitrary<Body | undefined> {
  const json = jsonBodyOf(operation);
  if (json !== undefined) {
    return valuesOf(document, json.schema).map((value) => ({ mediaType: json.mediaType, value }));
  }
  const [mediaType] = Object.keys(operation.requestBody?.content ?? {});
  if (mediaType === undefined) return fc.constant(undefined);
  const text = mediaType.includes("form") ? fc.constantFrom("", "_count=2", "_id=x&_count=1") : fc.string();
  return text.map((sent) => ({ mediaType, bytes: encoder.encode(sent) }));
}

type Change = (plan: Plan) => fc.Arbitrary<Plan>;

/** Requests with one to three things wrong. */
export function spoiledPlans(document: Document, operation: Operation): fc.Arbitrary<Plan> {
  const changes: Change[] = [
    (plan) => nastyHeaders.map((header) => ({ ...plan, headers: [...plan.headers, header] })),
    (plan) =>
      fc.constantFrom("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "PROPFIND").map((method) => ({ ...plan, method })),
    (plan) => fc.constantFrom(-1, -2).map((who) => ({ ...plan, who })),
    spoilQuery,
  ];
  const heavy: Change[] = [];
  if (operation.parameters.some((parameter) => parameter.in === "query")) heavy.push(spoilQuery);
  if (operation.parameters.some((parameter) => parameter.in === "path")) heavy.push(spoilPath);
  if (operation.requestBody !== undefined) heavy.push(spoilBody, spoilBody, spoilBody, spoilBytes);
  const all = fc.constantFrom(...changes, ...heavy, ...heavy);
  return fc
    .tuple(validPlans(document, operation), fc.array(all, { minLength: 1, maxLength: 3 }))
    .chain(([plan, list]) => list.reduce<fc.Arbitrary<Plan>>((before, change) => before.chain(change), fc.constant(plan)));
}

function spoilQuery(plan: Plan): fc.Arbitrary<Plan> {
  const names = [
    ...plan.operation.parameters.flatMap((parameter) => (parameter.in === "query" ? [parameter.name] : [])),
    "unknown",
    "__proto__",
    "_count",
    "limit",
  ];
  const change = fc.tuple(
    fc.constantFrom(...names),
    fc.constantFrom("replace", "repeat", "remove"),
    fc.oneof(fc.constantFrom(...TEXTS), nastyValue),
  );
  return change.map(([name, how, value]) => {
    const others = plan.query.filter(([known]) => known !== name);
    const present = plan.query.filter(([known]) => known === name);
    if (how === "remove") return { ...plan, query: others };
    return { ...plan, query: how === "repeat" ? [...plan.query, ...present, [name, value] as const] : [...others, [name, value] as const] };
  });
}

function spoilPath(plan: Plan): fc.Arbitrary<Plan> {
  const names = plan.operation.parameters.flatMap((parameter) => (parameter.in === "path" ? [parameter.name] : []));
  const value = fc.oneof(
    fc.constantFrom(...TEXTS.filter((text) => text !== "")),
    fc.nat(50).map((pick) => new Known("foreign", pick)),
    fc.constant(new Known("nobody", 0)),
  );
  return fc.tuple(fc.constantFrom(...names), value).map(([name, made]) => ({ ...plan, path: { ...plan.path, [name]: made } }));
}

function spoilBody(plan: Plan): fc.Arbitrary<Plan> {
  const { body } = plan;
  if (body?.value === undefined) return fc.constant(plan);
  return spoiled(body.value).map((value) => ({ ...plan, body: { ...body, value } }));
}

const JUNK: readonly Uint8Array[] = [
  ...[
    "",
    "{",
    '{"a":',
    "[1,]",
    "nul",
    "'a'",
    '{"a":1}}',
    "\ufeff{}",
    '{"a":1,"a":2}',
    "<a/>",
    "a=b",
    '"\\ud800"',
    "\u0000",
    "//x\n{}",
    "NaN",
  ].map((text) => encoder.encode(text)),
  Uint8Array.of(0xff, 0xfe, 0x7b, 0x7d),
  Uint8Array.of(0x22, 0xc3, 0x28, 0x22),
  Uint8Array.of(0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3),
  Uint8Array.of(0x50, 0x4b, 3, 4, 0, 0),
  encoder.encode(`{"a":${"[".repeat(50_000)}`),
];
const TYPES = [
  undefined,
  "",
  "text/plain",
  "application/json; charset=utf-16",
  "application/xml",
  "multipart/form-data",
  "application/x-www-form-urlencoded",
  "application/json;;",
  "Application/JSON",
  "application/problem+json",
  "x",
];

function spoilBytes(plan: Plan): fc.Arbitrary<Plan> {
  const bytes = fc.oneof(fc.constantFrom(...JUNK), fc.uint8Array({ maxLength: 40 }));
  return fc.oneof(
    bytes.map((sent) => ({ ...plan, body: { mediaType: plan.body?.mediaType, bytes: sent } })),
    fc.constantFrom(...TYPES).map((mediaType) => ({ ...plan, body: { ...plan.body, mediaType } })),
    fc.constant({ ...plan, body: undefined }),
  );
}

/** The bytes of a body. */
export function bytesOf(body: Body, tell: (known: Known) => unknown): Uint8Array {
  return body.bytes ?? encoder.encode(jsonText(filled(body.value, tell)));
}
