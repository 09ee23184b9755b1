import fc from "fast-check";
import { fromPairs, Known, Raw } from "./known";

/** Texts that have broken servers: empty, endless, odd in every alphabet, names of the language, pieces of other languages. */
export const TEXTS: readonly string[] = [
  "",
  " ",
  "\u0000",
  "a\u0000b",
  "\ud800",
  "\udfffx",
  "\r\nset-cookie: x=1",
  "\u202eabc",
  "\u0130",
  "ﬀ",
  "١٢٣",
  "😀".repeat(500),
  "é".repeat(300),
  "x".repeat(3_000),
  "9".repeat(400),
  "__proto__",
  "constructor",
  "toString",
  "hasOwnProperty",
  "null",
  "undefined",
  "NaN",
  "Infinity",
  "-0",
  "1e400",
  "0x7f",
  "true",
  "..",
  "../../etc/passwd",
  "..%2f..%2f",
  "%00",
  "%",
  "%zz",
  "'; drop table people; --",
  '" or ""="',
  "*",
  "%_%",
  "<script>alert(1)</script>",
  "${7*7}",
  "{{7*7}}",
  "$ne",
  "/",
  "\\",
  "|",
  ",",
  ";",
  "2026-02-30",
  "2026-13-01",
  "0000-01-01",
  "9999-12-31",
  "2026-11-20T24:00:00Z",
  "2026-11-20T07:30:00",
  "0001-01-01T00:00:00Z",
  "9999-12-31T23:59:59.999999999Z",
  "+275760-09-13T00:00:00.001Z",
  "2026-11-20T00:00:00+23:59",
  "http://169.254.169.254/",
  "javascript:alert(1)",
  "per_eu_00000000000000000000000000",
  "per_mars_01kad7wjcm0000000000000000",
  "con_us_01kad7wjcm0000000000000000",
];

const NUMBERS = [0, -0, -1, 1, 0.5, 201, 65_536, 2 ** 31, 2 ** 32, 2 ** 53 - 1, 2 ** 53 + 2, -(2 ** 63), 1e21, 1e308, 5e-324, -1e308];
const RAW = ["1e400", "-1e400", "1E999999", "9007199254740993", "0.1e-9999", "-0.0", "1".repeat(400)];

function nested(depth: number): Raw {
  return new Raw(`${"[".repeat(depth)}${"]".repeat(depth)}`);
}

/** A value that is probably not what a field wants. */
export const nastyValue: fc.Arbitrary<unknown> = fc.oneof(
  { weight: 6, arbitrary: fc.constantFrom(...TEXTS) },
  { weight: 3, arbitrary: fc.constantFrom(...NUMBERS) },
  { weight: 1, arbitrary: fc.constantFrom(...RAW).map((text) => new Raw(text)) },
  { weight: 2, arbitrary: fc.constantFrom<unknown>(null, true, false, [], {}, [null], [[]], { a: { b: {} } }) },
  { weight: 1, arbitrary: fc.constantFrom(20, 1_000, 20_000).map(nested) },
  { weight: 1, arbitrary: fc.constantFrom("__proto__", "constructor", "$ref", "").map((name) => fromPairs([[name, { admin: true }]])) },
  { weight: 1, arbitrary: fc.string({ unit: "binary", maxLength: 40 }) },
  { weight: 1, arbitrary: fc.nat(9).map((pick) => new Known("id per", pick)) },
);

/** Fields that no caller may set, and names that mean something to the language. */
const EXTRA: readonly (readonly [string, unknown])[] = [
  ["__proto__", { roles: ["admin"] }],
  ["constructor", { prototype: { roles: ["admin"] } }],
  ["roles", ["admin"]],
  ["id", "per_eu_01kad7wjcm0000000000000000"],
  ["person_id", "per_eu_01kad7wjcm0000000000000000"],
  ["createdAt", "1970-01-01T00:00:00Z"],
  ["", 1],
  ["x".repeat(2_000), 1],
  ["\u0000", 1],
];

/** A valid body with one thing wrong: a field replaced, left out or added, or the whole replaced. */
export function spoiled(value: unknown): fc.Arbitrary<unknown> {
  const places = placesOf(value);
  const replaced = fc
    .tuple(fc.constantFrom(...places), nastyValue)
    .map(([place, nasty]) =>
      changed(value, place, (pairs, name) => pairs.map(([key, inner]) => [key, key === name ? nasty : inner]), nasty),
    );
  const removed = fc
    .constantFrom(...places)
    .map((place) => changed(value, place, (pairs, name) => pairs.filter(([key]) => key !== name), undefined));
  const added = fc
    .constantFrom(...EXTRA)
    .map((extra) =>
      typeof value === "object" && value !== null && !Array.isArray(value)
        ? fromPairs([...Object.entries(value), extra])
        : fromPairs([extra]),
    );
  return fc.oneof({ weight: 5, arbitrary: replaced }, { weight: 2, arbitrary: removed }, { weight: 2, arbitrary: added });
}

type Place = readonly string[];
type Pairs = readonly (readonly [string, unknown])[];

function placesOf(value: unknown, at: Place = []): Place[] {
  if (typeof value !== "object" || value === null || value instanceof Known || value instanceof Raw) return [at];
  return [at, ...Object.entries(value).flatMap(([name, inner]) => placesOf(inner, [...at, name]))];
}

function changed(value: unknown, [name, ...rest]: Place, change: (pairs: Pairs, name: string) => Pairs, whole: unknown): unknown {
  if (name === undefined) return whole;
  if (typeof value !== "object" || value === null) return value;
  const pairs: Pairs =
    rest.length === 0
      ? change(Object.entries(value), name)
      : Object.entries(value).map(([key, inner]) => [key, key === name ? changed(inner, rest, change, whole) : inner]);
  return Array.isArray(value) ? pairs.map(([, inner]) => inner) : fromPairs(pairs);
}

/** Headers that a server may read, with values that it may not expect. */
export const nastyHeaders: fc.Arbitrary<[string, string]> = fc.oneof(
  ...Object.entries({
    accept: ["", "*/*;q=0", "text/html", "application/fhir+xml", "image/*", "a/b;q=x", ",".repeat(900), "application/json;version=9"],
    "accept-language": ["", "*", "de;q=2", "x".repeat(900), "de-DE-1996,,;;q=", "zh-Hant"],
    "if-match": ["*", '""', 'W/"1"', '"1", "2"', "1", '"x', '"' + "9".repeat(300) + '"'],
    "if-none-match": ["*", '""', 'W/"1"', "x"],
    "if-modified-since": ["Thu, 01 Jan 1970 00:00:00 GMT", "never", "-1"],
    "idempotency-key": ["", " ", "a b", "x".repeat(256), "ü", "k".repeat(255), "same-key"],
    range: ["bytes=0-0", "bytes=-1", "bytes=5-1", "bytes=0-,0-,0-", "bytes=999999999999999999999-", "items=0-1"],
    prefer: ["handling=strict", "respond-async", "handling=lenient", "return=minimal"],
    origin: ["null", "https://evil.example", "https://app.meridian.test", "x"],
    authorization: [
      "",
      "Bearer",
      "Bearer ",
      "bearer x y",
      "Basic Og==",
      "Bearer null",
      "Bearer mk_eu_x",
      `Bearer ${"a.".repeat(400)}`,
      "DPoP x",
    ],
    cookie: ["session=1", "__Host-rt=x; a=b"],
    "content-encoding": ["gzip", "br", "identity", "x-unknown", "gzip, gzip"],
    "content-language": ["x"],
    "x-request-id": ["a", "x".repeat(65), "trace-0123456789", "<script>"],
    "x-http-method-override": ["DELETE"],
    "x-forwarded-for": ["127.0.0.1"],
    "x-forwarded-host": ["evil.example"],
    "x-forwarded-proto": ["gopher"],
    forwarded: ["for=127.0.0.1;host=evil.example"],
    "x-original-url": ["/v1/dev/outbox"],
    "x-file-name": ["%", "a%00b.zip", "..%2f..%2fx", "x".repeat(900), "%F0%9F%98%80.zip"],
    "user-agent": ["", "x".repeat(900), "ä"],
    upgrade: ["h2c"],
  }).map(([name, values]) => fc.constantFrom(...values).map((value): [string, string] => [name, value])),
);
