import { type Schema, Validator } from "@cfworker/json-schema";
import * as z from "zod";
import type { Document, JsonSchema, Operation } from "../refusals/document";
import type { Answer, Sent } from "./wire";

const contents = z.looseObject({ content: z.record(z.string(), z.looseObject({ schema: z.looseObject({}).optional() })).optional() });
const references = z.looseObject({ $ref: z.string().optional() });

/** Words that only a stack trace, a database driver or a parser says. */
const LEAKS =
  /SQLITE|D1_ERROR|\bat \w+ \(|node_modules|TypeError|RangeError|SyntaxError|Unexpected token|is not a function|durable-objects\/|workers\//;

const ALWAYS: readonly (readonly [string, RegExp])[] = [
  ["x-request-id", /^[A-Za-z0-9_-]{8,64}$/],
  ["strict-transport-security", /max-age=\d{8,}/],
  ["x-content-type-options", /^nosniff$/],
  ["x-frame-options", /^DENY$/],
  ["referrer-policy", /^no-referrer$/],
  ["content-security-policy", /frame-ancestors 'none'/],
  ["vary", /origin/i],
];

/** Says what is wrong with an answer: all that the document, the house rules for headers, and secrecy promise. */
export class Judge {
  readonly #document: Document;
  readonly #validators = new Map<JsonSchema, Validator>();
  readonly #templates: readonly {
    readonly pattern: RegExp;
    readonly literal: number;
    readonly operations: Readonly<Record<string, Operation>>;
  }[];

  constructor(document: Document, operations: readonly Operation[]) {
    this.#document = document;
    const byTemplate = Map.groupBy(operations, ({ template }) => template);
    this.#templates = [...byTemplate]
      .map(([template, list]) => ({
        pattern: new RegExp(`^${template.replaceAll(/[.*+?^$()|[\]\\]/g, String.raw`\$&`).replaceAll(/\{[^}]+\}/g, "[^/]+")}$`),
        literal: template.split("/").filter((part) => !part.startsWith("{")).length,
        operations: Object.fromEntries(list.map((operation) => [operation.method, operation])),
      }))
      .toSorted((a, b) => b.literal - a.literal);
  }

  /** The operation that a request meets, as the server reads its address; undefined where there is none. */
  meets({ method, target }: Sent): { readonly operation: Operation | undefined; readonly known: boolean } {
    const { pathname } = new URL(target, "http://x");
    const path = pathname.replace(/^\/fhir\/R4(?=\/|$)/, "/fhir/r4");
    const found = this.#templates.filter(({ pattern }) => pattern.test(path));
    const wanted = method === "HEAD" ? "GET" : method;
    const operation = found.flatMap(({ operations }) => operations[wanted] ?? [])[0];
    return { operation, known: found.length > 0 };
  }

  /** All that is wrong with an answer; `secrets` must not be in it. */
  faults(sent: Sent, answer: Answer, secrets: readonly string[]): string[] {
    const { operation, known } = this.meets(sent);
    const { status, headers, text } = answer;
    if (status === 0) return [`no answer: ${text}`];
    const faults: string[] = [];
    const vendor = operation !== undefined && Object.hasOwn(operation.responses, "502");
    if (status >= 500 && !(vendor && (status === 502 || status === 503))) faults.push(`answered ${status}`);
    for (const [name, wanted] of ALWAYS) {
      if (!wanted.test(headers.get(name) ?? "")) faults.push(`the header ${name} is ${headers.get(name) ?? "missing"}`);
    }
    if (operation?.["x-policy"] !== "public" && !/no-store/.test(headers.get("cache-control") ?? "")) faults.push("may be cached");
    if (headers.get("access-control-allow-credentials") !== null || headers.get("set-cookie") !== null) faults.push("uses cookies");
    if (status === 401 && headers.get("www-authenticate")?.startsWith("Bearer") !== true) faults.push("a 401 without challenge");
    if (status === 429 && !/^\d+$/.test(headers.get("retry-after") ?? "")) faults.push("a 429 without retry-after");
    if (status === 405 && !headers.has("allow")) faults.push("a 405 without allow");
    const leak = LEAKS.exec(text)?.[0];
    // The pages and documents about the service show code of their own.
    if (leak !== undefined && !(operation?.["x-policy"] === "public" && status === 200)) faults.push(`says "${leak}"`);
    for (const secret of secrets) if (secret.length > 7 && text.includes(secret)) faults.push("repeats a secret of the request");
    if (sent.method === "HEAD" && text !== "") faults.push("a HEAD with a body");
    if (operation === undefined) {
      const expected = sent.method === "OPTIONS" ? [204] : known ? [405] : [404, 405];
      if (!expected.includes(status)) faults.push(`nothing is documented here, yet it answered ${status}`);
      return faults;
    }
    return [...faults, ...this.#bodyFaults(operation, sent, answer)];
  }

  #bodyFaults(operation: Operation, sent: Sent, { status, headers, text }: Answer): string[] {
    const documented = operation.responses[String(status)];
    if (documented === undefined) return [`${status} is not documented`];
    const { content } = contents.parse(documented);
    if (sent.method === "HEAD" || status === 304 || status === 101) return [];
    const type = headers.get("content-type");
    if (content === undefined) return text === "" ? [] : [`a body of ${text.length} characters is not documented for ${status}`];
    const mediaType = (type ?? "").split(";")[0]?.trim() ?? "";
    const wanted = content[mediaType] ?? content["*/*"];
    if (wanted === undefined) return [`${status} as ${type ?? "nothing"} is not documented, only ${Object.keys(content).join(", ")}`];
    if (!/[/+]json$/.test(mediaType))
      return /charset=utf-8/i.test(type ?? "") || !/^text\/(?!event-stream)/.test(mediaType) ? [] : [`no charset: ${type ?? ""}`];
    let value: unknown;
    try {
      value = JSON.parse(text);
    } catch {
      return [`says ${mediaType} and is no JSON: ${text.slice(0, 200)}`];
    }
    const faults = this.#schemaFaults(wanted.schema ?? {}, value);
    if (mediaType === "application/problem+json") {
      const problem = z.looseObject({ instance: z.string(), status: z.number() }).safeParse(value).data;
      if (problem?.instance !== headers.get("x-request-id")) faults.push("the problem names another request");
      if (problem?.status !== status) faults.push("the problem names another status");
    }
    return faults;
  }

  #schemaFaults(schema: JsonSchema, value: unknown): string[] {
    let validator = this.#validators.get(schema);
    if (validator === undefined) {
      validator = new Validator(this.#closed(schema) as Schema, "2020-12", true);
      this.#validators.set(schema, validator);
    }
    const { valid, errors } = validator.validate(value);
    if (valid) return [];
    const last = errors.at(-1);
    return [`does not fit its schema at ${last?.instanceLocation ?? "?"}: ${last?.error ?? "?"}`];
  }

  /** The schema with the components that it needs; objects that list their properties have no others, unless they say so. */
  #closed(schema: JsonSchema): JsonSchema {
    const needed = new Set<string>();
    const walk = (value: unknown, inAll = false): unknown => {
      if (Array.isArray(value)) return value.map((inner) => walk(inner, inAll));
      if (typeof value !== "object" || value === null) return value;
      const name = references.safeParse(value).data?.$ref?.split("/").pop();
      if (name !== undefined) {
        if (!needed.has(name)) {
          needed.add(name);
          definitions[name] = walk(this.#document.components.schemas[name] ?? false);
        }
        return { $ref: `#/$defs/${name}` };
      }
      const entries = Object.entries(value).filter(([key]) => key !== "example" && key !== "examples" && key !== "id");
      const made = Object.fromEntries(
        entries.map(([key, inner]) => [
          key,
          key === "properties" && typeof inner === "object" && inner !== null
            ? Object.fromEntries(Object.entries(inner).map(([field, one]) => [field, walk(one)]))
            : walk(inner, key === "allOf"),
        ]),
      );
      const open = inAll || made["properties"] === undefined || made["type"] !== "object" || made["additionalProperties"] !== undefined;
      return open ? made : { ...made, additionalProperties: false };
    };
    const definitions: Record<string, unknown> = {};
    const whole = walk(schema);
    return { $defs: definitions, allOf: [whole] };
  }
}
