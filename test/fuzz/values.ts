import fc from "fast-check";
import * as z from "zod";
import { type Document, type JsonSchema, resolved } from "../refusals/document";
import { fromPairs, Known } from "./known";

const DEPTH = 8;
const ID = /^([a-z]{2,4})_(?:eu|us|ap)_[0-9a-z]{4,26}$/;
const schemaOf = z.looseObject({});
const schemas = z.array(schemaOf);

const known = (what: string): fc.Arbitrary<unknown> => fc.nat(7).map((pick) => new Known(what, pick));
const instant = (from: string, to: string) =>
  fc.date({ min: new Date(from), max: new Date(to), noInvalidDate: true }).map((at) => at.toISOString());
const EARLIER = instant("2026-11-01T00:00:00Z", "2026-11-20T00:00:00Z");
const LATER = instant("2026-11-20T08:00:00Z", "2026-11-28T00:00:00Z");

/** Values that no schema of shape alone describes, by the name of the field. */
const WORDS: Readonly<Record<string, fc.Arbitrary<unknown>>> = {
  email: fc.oneof(known("email"), known("fresh email")),
  password: known("password"),
  currentPassword: known("password"),
  newPassword: known("password"),
  refreshToken: known("refresh token"),
  timeZone: fc.constantFrom("Europe/Vienna", "UTC", "America/New_York", "Asia/Kolkata", "Australia/Lord_Howe"),
  returnTo: fc.constant("https://app.meridian.test/signed-in"),
  locale: fc.constantFrom("en", "de-AT", "fr", "pt-BR"),
  baseUrl: fc.constantFrom("https://fhir.clinic.org/r4", "https://example.org/fhir", "https://h.example.com:8443/a/b"),
  tokenUrl: fc.constantFrom("https://login.clinic.org/token", "https://example.org/oauth/token"),
  metrics: fc.uniqueArray(fc.constantFrom("heart_rate", "steps", "body_weight"), { minLength: 1 }),
};

/** Values that fit a schema; `name` is that of the field. Every keyword that the document uses is known here, others are refused. */
export function valuesOf(document: Document, wanted: JsonSchema, name = "", depth = 0): fc.Arbitrary<unknown> {
  const schema = resolved(document, wanted);
  const whole = exampleOf(schema);
  const made = byShape(document, schema, name, depth);
  const word = wordFor(schema, name);
  if (word !== undefined) return whole === undefined ? word : fc.oneof({ weight: 3, arbitrary: word }, { weight: 1, arbitrary: made });
  if (whole === undefined) return made;
  return fc.oneof({ weight: 2, arbitrary: fc.nat(7).map((pick) => named(whole, pick)) }, { weight: 1, arbitrary: made });
}

function wordFor(schema: JsonSchema, name: string): fc.Arbitrary<unknown> | undefined {
  const time = schema["format"] === "date-time";
  const day = schema["format"] === "date" || /^\d{4}-\d\d-\d\d$/.test(String(schema["example"]));
  if (name === "from" && time) return EARLIER;
  if ((name === "to" || name === "until") && time) return LATER;
  if (name === "from" && day) return EARLIER.map((at) => at.slice(0, 10));
  if (name === "to" && day) return LATER.map((at) => at.slice(0, 10));
  if (schema["enum"] !== undefined || schema["const"] !== undefined) return undefined;
  return Object.hasOwn(WORDS, name) ? WORDS[name] : undefined;
}

function exampleOf(schema: JsonSchema): unknown {
  if (schema["example"] !== undefined) return schema["example"];
  return Array.isArray(schema["examples"]) ? schema["examples"][0] : undefined;
}

/** An example with its ids, addresses and passwords replaced by those of things that exist. */
function named(example: unknown, pick: number, name = ""): unknown {
  if (typeof example === "string") {
    const kind = ID.exec(example)?.[1];
    if (kind !== undefined) return new Known(`id ${kind}`, pick);
    if (name === "email") return new Known("fresh email", pick);
    return /password$/i.test(name) ? new Known("password", pick) : example;
  }
  if (Array.isArray(example)) return example.map((inner) => named(inner, pick));
  if (typeof example !== "object" || example === null) return example;
  return fromPairs(Object.entries(example).map(([field, inner]) => [field, named(inner, pick, field)]));
}

function byShape(document: Document, schema: JsonSchema, name: string, depth: number): fc.Arbitrary<unknown> {
  if (schema["const"] !== undefined) return fc.constant(schema["const"]);
  if (Array.isArray(schema["enum"])) return fc.constantFrom(...(schema["enum"] as unknown[]));
  for (const key of ["anyOf", "oneOf"]) {
    if (schema[key] !== undefined) return fc.oneof(...schemas.parse(schema[key]).map((one) => valuesOf(document, one, name, depth + 1)));
  }
  if (schema["allOf"] !== undefined) {
    const parts = schemas.parse(schema["allOf"]).map((one) => valuesOf(document, one, name, depth + 1));
    return fc.tuple(...parts).map((made) => Object.assign({}, ...made) as unknown);
  }
  const type: unknown = Array.isArray(schema["type"]) ? schema["type"][0] : schema["type"];
  switch (type) {
    case "object":
      return objects(document, schema, depth);
    case "array":
      return arrays(document, schema, depth);
    case "string":
      return strings(schema);
    case "integer":
      return fc.oneof(...edges(schema, 1_000_000).map((edge) => fc.constant(edge)), fc.integer(bounds(schema, 1_000_000)));
    case "number":
      return fc.double({ ...bounds(schema, 1e6), noNaN: true });
    case "boolean":
      return fc.boolean();
    case "null":
      return fc.constant(null);
    default:
      return fc.jsonValue({ maxDepth: 2 });
  }
}

function objects(document: Document, schema: JsonSchema, depth: number): fc.Arbitrary<unknown> {
  const properties = z.record(z.string(), schemaOf).parse(schema["properties"] ?? {});
  const required = new Set(z.array(z.string()).parse(schema["required"] ?? []));
  const parts = Object.entries(properties).flatMap(([field, inner]) => {
    const value = valuesOf(document, inner, field, depth + 1).map((made): [string, unknown][] => [[field, made]]);
    if (required.has(field)) return [value];
    return depth > DEPTH ? [] : [fc.oneof(fc.constant([]), value)];
  });
  const more = schema["additionalProperties"];
  if (typeof more === "object" && more !== null && Object.keys(properties).length === 0 && depth <= DEPTH) {
    const names = schema["propertyNames"] === undefined ? fc.string({ minLength: 1, maxLength: 8 }) : namesOf(document, schema);
    return fc.dictionary(names, valuesOf(document, schemaOf.parse(more), "", depth + 1), { maxKeys: 3 });
  }
  return fc.tuple(...parts).map((made) => fromPairs(made.flat()));
}

function namesOf(document: Document, schema: JsonSchema): fc.Arbitrary<string> {
  return valuesOf(document, schemaOf.parse(schema["propertyNames"])).map(String);
}

function arrays(document: Document, schema: JsonSchema, depth: number): fc.Arbitrary<unknown> {
  const least = Number(schema["minItems"] ?? 0);
  const most = Math.min(Number(schema["maxItems"] ?? 3), Math.max(least, 3));
  const items = schema["items"] === undefined ? {} : schemaOf.parse(schema["items"]);
  if (depth > DEPTH && least === 0) return fc.constant([]);
  return fc.array(valuesOf(document, items, "", depth + 1), { minLength: least, maxLength: most });
}

function strings(schema: JsonSchema): fc.Arbitrary<string> {
  const least = Number(schema["minLength"] ?? 0);
  const most = Number(schema["maxLength"] ?? 4_000);
  switch (schema["format"]) {
    case "date":
      return instant("1970-01-01T00:00:00Z", "2027-01-01T00:00:00Z").map((at) => at.slice(0, 10));
    case "date-time":
      return instant("2020-01-01T00:00:00Z", "2027-01-01T00:00:00Z");
    case "uri":
      return fc.constantFrom("https://example.org/", "https://app.meridian.test/done?x=1");
    case "email":
      return fc.constant("probe@people.test");
  }
  if (typeof schema["pattern"] === "string") {
    return fc.stringMatching(new RegExp(schema["pattern"])).filter((text) => text.length >= least && text.length <= most);
  }
  const units: fc.Arbitrary<string>[] = (["grapheme-ascii", "grapheme", "binary"] as const).map((unit) =>
    fc.string({ unit, minLength: least, maxLength: Math.min(most, Math.max(least, 24)) }).map((text) => text.slice(0, most)),
  );
  return fc.oneof(...units, fc.constant("x".repeat(most)));
}

function bounds(schema: JsonSchema, far: number): { min: number; max: number } {
  const min = Number(schema["minimum"] ?? schema["exclusiveMinimum"] ?? -far);
  return { min, max: Math.max(min, Number(schema["maximum"] ?? schema["exclusiveMaximum"] ?? Math.max(far, min))) };
}

function edges(schema: JsonSchema, far: number): number[] {
  const { min, max } = bounds(schema, far);
  return [min, max];
}
