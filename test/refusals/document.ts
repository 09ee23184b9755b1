import * as z from "zod";

const schema: z.ZodType<JsonSchema> = z.looseObject({});
const operationSchema = z.looseObject({
  operationId: z.string(),
  "x-policy": z.enum(["public", "person", "reader", "machine", "secret", "ticket", "assertion", "app"]),
  "x-body-limit": z.union([z.number(), z.literal("stream")]).optional(),
  parameters: z
    .array(
      z.looseObject({
        name: z.string(),
        in: z.enum(["path", "query", "header", "cookie"]),
        required: z.boolean().optional(),
        schema: schema.optional(),
      }),
    )
    .default([]),
  requestBody: z.looseObject({ content: z.record(z.string(), z.looseObject({ schema: schema.optional() })) }).optional(),
  responses: z.record(z.string(), z.unknown()),
});
const documentSchema = z.looseObject({
  paths: z.record(z.string(), z.record(z.string(), operationSchema)),
  components: z.looseObject({ schemas: z.record(z.string(), schema).default({}) }),
});

export type Document = z.infer<typeof documentSchema>;

/** A JSON Schema, as far as the suite looks into one. */
export interface JsonSchema {
  readonly [key: string]: unknown;
}

/** One documented call. */
export interface Operation extends z.infer<typeof operationSchema> {
  readonly method: string;
  /** With `{name}` for parameters. */
  readonly template: string;
}

export function parseDocument(value: unknown): Document {
  return documentSchema.parse(value);
}

export function operationsOf(document: Document): Operation[] {
  return Object.entries(document.paths).flatMap(([template, item]) =>
    Object.entries(item).map(([method, operation]) => ({ ...operation, method: method.toUpperCase(), template })),
  );
}

/** The media type of a JSON body, or undefined where the operation takes none. */
export function jsonBodyOf(operation: Operation): { readonly mediaType: string; readonly schema: JsonSchema } | undefined {
  for (const [mediaType, { schema: body }] of Object.entries(operation.requestBody?.content ?? {})) {
    if (/[/+]json$/.test(mediaType)) return { mediaType, schema: body ?? {} };
  }
  return undefined;
}

/** Follows one reference into the components. */
export function resolved(document: Document, found: JsonSchema): JsonSchema {
  const reference = found["$ref"];
  const name = typeof reference === "string" ? (reference.split("/").pop() ?? "") : "";
  return document.components.schemas[name] ?? found;
}

/** A value in the shape of a schema: enough to get past most validators, never meant to be right. */
export function sample(document: Document, wanted: JsonSchema, depth = 0): unknown {
  const found = resolved(document, wanted);
  if (depth > 6) return null;
  for (const key of ["example", "default", "const"]) if (found[key] !== undefined) return found[key];
  for (const key of ["examples", "enum"]) if (Array.isArray(found[key])) return found[key][0];
  for (const key of ["anyOf", "oneOf", "allOf"])
    if (Array.isArray(found[key])) return sample(document, schema.parse(found[key][0]), depth + 1);
  switch (Array.isArray(found["type"]) ? found["type"][0] : found["type"]) {
    case "object": {
      const properties = z.record(z.string(), schema).parse(found["properties"] ?? {});
      const required = z.array(z.string()).parse(found["required"] ?? []);
      // A change of nothing is refused before anybody asks what it would change.
      const given = required.length > 0 ? required : Object.keys(properties).slice(0, 1);
      return Object.fromEntries(given.map((name) => [name, sample(document, properties[name] ?? {}, depth + 1)]));
    }
    case "array":
      return [];
    case "integer":
    case "number":
      return typeof found["minimum"] === "number" ? found["minimum"] : 1;
    case "boolean":
      return true;
    case "string":
      return SAMPLES[String(found["format"])] ?? "probe";
    default:
      return null;
  }
}

const SAMPLES: Record<string, string> = {
  "date-time": "2026-11-20T07:30:00.000Z",
  date: "2026-11-20",
  email: "probe@people.test",
  uri: "https://example.org/",
};
