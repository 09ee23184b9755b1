import { zValidator } from "@hono/zod-validator";
import type { ValidationTargets } from "hono";
import { resolver } from "hono-openapi";
import type * as z from "zod";
import { type FieldError, type Problem, problem } from "../problem";
import { illFormedIn } from "../well-formed";
import { documented } from "./documented";

/**
 * Validates one part of the request and documents it. A failure becomes a 422 problem that names the place and the rule, never the
 * value: inputs are health data.
 */
export function validate<T extends keyof ValidationTargets, S extends z.ZodType>(target: T, schema: S) {
  const check = zValidator(target, schema, async (result, c) => {
    if (!result.success) throw invalid(result.error.issues);
    // Bytes cannot say half a character, escapes can: most bodies have none, and are large where they have many values.
    if (target === "json" && ESCAPE.test(await c.req.text())) requireWellFormed(result.data);
  });
  const middleware: typeof check = (c, next) => {
    // Without this check a body of another type would be validated as `{}`.
    if (target === "json" && !JSON_TYPE.test(c.req.header("content-type") ?? ""))
      throw problem("unsupported_media_type", "Send application/json.");
    return check(c, next);
  };
  return documented(middleware, () => ({ target, ...resolver(schema) }));
}

/** The beginning of an escaped surrogate. */
const ESCAPE = /\\u[dD][89a-fA-F]/;
const JSON_TYPE = /^application\/(?:[a-z0-9.-]+\+)?json\s*(?:;|$)/i;

/** Parses a value that did not come through `validate` (a stored document, a raw body); throws the same 422 problem. */
export function parseWith<S extends z.ZodType>(schema: S, value: unknown): z.output<S> {
  const result = schema.safeParse(value);
  if (!result.success) throw invalid(result.error.issues);
  requireWellFormed(result.data);
  return result.data;
}

/** Refuses texts with half a pair of surrogates: no store keeps them, so whoever reads them back would read something else. */
function requireWellFormed(value: unknown): void {
  const place = illFormedIn(value);
  if (place === undefined) return;
  const error = { pointer: pointer(place), code: "ill_formed", message: "The text holds half a character." };
  throw problem("invalid", undefined, { errors: [error] });
}

function invalid(issues: readonly z.core.$ZodIssue[]): Problem {
  return problem("invalid", undefined, { errors: issues.flatMap(fieldErrors) });
}

function fieldErrors(issue: z.core.$ZodIssue): FieldError[] {
  const at = pointer(issue.path);
  if (issue.code === "unrecognized_keys") {
    return issue.keys.map((key) => ({ pointer: `${at}/${escape(key)}`, code: "unknown_field", message: "This field is not known." }));
  }
  const own: unknown = issue.code === "custom" ? issue.params?.["code"] : undefined;
  return [{ pointer: at, code: typeof own === "string" ? own : issue.code, message: MESSAGES[issue.code] ?? issue.message }];
}

/** zod's own sentences for these may quote the input. */
const MESSAGES: Partial<Record<string, string>> = {
  invalid_value: "The value is not one of those allowed.",
  invalid_key: "A key of this object is not valid.",
};

function pointer(path: readonly PropertyKey[]): string {
  return path.map((part) => `/${escape(String(part))}`).join("");
}

function escape(part: string): string {
  return part.slice(0, 64).toWellFormed().replaceAll("~", "~0").replaceAll("/", "~1");
}
