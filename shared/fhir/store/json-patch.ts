import { isFields } from "../r4/issue";
import { problem } from "../../problem";

/** JSON as it is parsed. */
export type Json = null | boolean | number | string | Json[] | { [key: string]: Json };

const MOST_OPERATIONS = 1_000;

/**
 * Applies a JSON Patch (RFC 6902) and returns the result; the document stays as it was. Problems: `malformed` for what is no patch,
 * `invalid` for a path that leads nowhere, and for a `test` that fails.
 */
export function applyJsonPatch(document: unknown, patch: unknown): Json {
  if (!Array.isArray(patch) || patch.length > MOST_OPERATIONS) throw problem("malformed", "A JSON Patch is an array of operations.");
  // What was parsed from JSON is JSON.
  let result = structuredClone(document) as Json;
  for (const [index, step] of patch.entries()) result = applied(result, operation(step, index), index);
  return result;
}

type Operation =
  | { readonly op: "add" | "replace" | "test"; readonly path: string[]; readonly value: Json }
  | { readonly op: "remove"; readonly path: string[] }
  | { readonly op: "move" | "copy"; readonly path: string[]; readonly from: string[] };

function operation(step: unknown, index: number): Operation {
  if (typeof step !== "object" || step === null) throw malformed(index);
  const { op, path, from, value } = step as Record<string, unknown>;
  const at = pointer(path, index);
  switch (op) {
    case "add":
    case "replace":
    case "test":
      if (value === undefined) throw malformed(index);
      return { op, path: at, value: value as Json };
    case "remove":
      return { op, path: at };
    case "move":
    case "copy":
      return { op, path: at, from: pointer(from, index) };
    default:
      throw malformed(index);
  }
}

/** The parts of a JSON Pointer (RFC 6901). */
function pointer(text: unknown, index: number): string[] {
  if (typeof text !== "string" || (text !== "" && !text.startsWith("/")) || /~(?![01])/.test(text)) throw malformed(index);
  return text
    .split("/")
    .slice(1)
    .map((part) => part.replaceAll("~1", "/").replaceAll("~0", "~"));
}

function applied(document: Json, step: Operation, index: number): Json {
  switch (step.op) {
    case "add":
      return added(document, step.path, structuredClone(step.value), index);
    case "replace":
      valueAt(document, step.path, index);
      if (step.path.length === 0) return structuredClone(step.value);
      return added(removed(document, step.path, index), step.path, structuredClone(step.value), index);
    case "remove":
      return removed(document, step.path, index);
    case "test":
      if (!isSame(valueAt(document, step.path, index), step.value)) throw fault(index, "test_failed", "The test does not hold.");
      return document;
    case "copy":
      return added(document, step.path, structuredClone(valueAt(document, step.from, index)), index);
    case "move": {
      const within = step.from.length < step.path.length && step.from.every((part, i) => part === step.path[i]);
      if (within) throw fault(index, "invalid_path", "Nothing can be moved into itself.");
      const value = valueAt(document, step.from, index);
      return added(removed(document, step.from, index), step.path, value, index);
    }
  }
}

function valueAt(document: Json, path: readonly string[], index: number): Json {
  let value = document;
  for (const part of path) {
    const next = Array.isArray(value) ? value[position(part, value.length - 1, index)] : isObject(value) ? own(value, part) : undefined;
    if (next === undefined) throw nowhere(index);
    value = next;
  }
  return value;
}

function added(document: Json, path: readonly string[], value: Json, index: number): Json {
  const key = path.at(-1);
  if (key === undefined) return value;
  const parent = valueAt(document, path.slice(0, -1), index);
  if (Array.isArray(parent)) parent.splice(key === "-" ? parent.length : position(key, parent.length, index), 0, value);
  else if (isObject(parent)) define(parent, key, value);
  else throw nowhere(index);
  return document;
}

function removed(document: Json, path: readonly string[], index: number): Json {
  const key = path.at(-1);
  if (key === undefined) return null;
  valueAt(document, path, index);
  const parent = valueAt(document, path.slice(0, -1), index);
  if (Array.isArray(parent)) parent.splice(position(key, parent.length - 1, index), 1);
  else if (isObject(parent)) delete parent[key];
  return document;
}

function position(part: string, last: number, index: number): number {
  const at = /^(?:0|[1-9]\d{0,8})$/.test(part) ? Number(part) : -1;
  if (at < 0 || at > last) throw nowhere(index);
  return at;
}

function isObject(value: Json): value is { [key: string]: Json } {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function own(value: { [key: string]: Json }, key: string): Json | undefined {
  return Object.hasOwn(value, key) ? value[key] : undefined;
}

/** `__proto__` is a name like any other. */
function define(target: object, key: string, value: Json): void {
  Object.defineProperty(target, key, { value, enumerable: true, configurable: true, writable: true });
}

/** Whether two JSON values are the same (RFC 6902 §4.6): the order of an object's members says nothing. */
export function isSame(a: unknown, b: unknown): boolean {
  if (a === b) return true;
  if (Array.isArray(a)) return Array.isArray(b) && a.length === b.length && a.every((one, i) => isSame(one, b[i]));
  if (!isFields(a) || !isFields(b)) return false;
  const keys = Object.keys(a);
  return keys.length === Object.keys(b).length && keys.every((key) => Object.hasOwn(b, key) && isSame(a[key], b[key]));
}

function malformed(index: number) {
  return problem("malformed", `Operation ${index} of the patch is none of RFC 6902.`);
}

function nowhere(index: number) {
  return fault(index, "invalid_path", "The path leads nowhere.");
}

function fault(index: number, code: string, message: string) {
  return problem("invalid", undefined, { errors: [{ pointer: `/${index}`, code, message }] });
}
