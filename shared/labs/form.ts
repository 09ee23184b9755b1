import { SYSTEM } from "../health/codes";
import { normaliseUnit } from "../health/units";
import { type FieldError, problem } from "../problem";
import { labTest } from "./catalogue";
import type { LabTest } from "./lab-test";
import { inCanonicalUnit, isLoinc, isPlausible, likelierUnit, testOf } from "./read-result";
import type { LabCoding, LabDraft, ResultStatus } from "./result";
import type { Comparator, ToldRange } from "./value";
import { whenOf } from "./when";

/** A result as a person types it in. */
export interface LabForm {
  /** Key of a test of the reference list; else `name` says what it is. */
  readonly test?: string | undefined;
  readonly name?: string | undefined;
  readonly loinc?: string | undefined;
  readonly collectedAt: string;
  readonly issuedAt?: string | undefined;
  readonly status?: ResultStatus | undefined;
  readonly value?: number | undefined;
  readonly comparator?: Comparator | undefined;
  readonly text?: string | undefined;
  readonly coding?: LabCoding | undefined;
  readonly unit?: string | undefined;
  readonly referenceRange?: Pick<ToldRange, "low" | "high" | "text"> | undefined;
  readonly flag?: string | undefined;
  readonly specimen?: string | undefined;
  readonly method?: string | undefined;
  readonly lab?: string | undefined;
  readonly note?: string | undefined;
}

/** A form that has been checked: what is stored of it, but for its place. */
export type TypedResult = Omit<LabDraft, "identity" | "report" | "version">;

/** Days that a clock may be ahead. */
const AHEAD_MS = 86_400_000;

/**
 * Checks a form and makes a draft of it. A typed value is believed only where its unit is known and fits the test, and where the number can be
 * one in that unit: else somebody chose the wrong one. Problem `invalid` with every fault.
 *
 * @param definition of a test that administrators added
 */
export function typedResult(form: LabForm, now: number, definition?: LabTest): TypedResult {
  const errors: FieldError[] = [];
  const fail = (pointer: string, code: string, message: string) => errors.push({ pointer, code, message });
  const codings: LabCoding[] = form.loinc === undefined ? [] : [{ system: SYSTEM.loinc, code: form.loinc }];
  if (form.test !== undefined && definition === undefined && labTest(form.test) === undefined)
    fail("/test", "unknown_test", "No such test: GET /v1/reference/lab-tests lists them, or give a name instead.");
  if (form.test === undefined && form.name === undefined) fail("/name", "required", "Give the test's key or its name.");
  const test = definition ?? testOf({ codings, name: form.name ?? "", ...(form.test !== undefined && { test: form.test }) });
  if (form.value === undefined && form.text === undefined && form.coding === undefined)
    fail("/value", "required", "Give a value, a text or a coded answer.");
  if (form.comparator !== undefined && form.value === undefined) fail("/comparator", "no_value", "A comparator needs a value.");
  for (const name of ["collectedAt", "issuedAt"] as const) {
    const text = form[name];
    const when = text === undefined ? undefined : whenOf(text, "UTC");
    if (text !== undefined && when === undefined) fail(`/${name}`, "invalid_time", "Give a date, or an instant as in ISO 8601.");
    else if (when !== undefined && when.at > now + AHEAD_MS) fail(`/${name}`, "in_the_future", "This has not happened yet.");
  }
  checkUnit(form, test, fail);
  const { low, high } = form.referenceRange ?? {};
  if (low !== undefined && high !== undefined && low > high)
    fail("/referenceRange/high", "invalid_range", "The range ends below its beginning.");
  if (errors.length > 0) throw problem("invalid", undefined, { errors });
  return {
    type: "result",
    source: "manual",
    status: form.status ?? "final",
    at: form.collectedAt,
    ...(form.issuedAt !== undefined && { issuedAt: form.issuedAt }),
    name: form.name ?? test?.title ?? "",
    codings,
    ...(form.test !== undefined && { test: form.test }),
    value: {
      ...(form.comparator !== undefined && { comparator: form.comparator }),
      ...(form.value !== undefined && { number: form.value }),
      ...(form.coding !== undefined && { coding: form.coding }),
      ...(form.text !== undefined && { text: form.text }),
    },
    ...(form.unit !== undefined && { unit: form.unit }),
    ranges: form.referenceRange === undefined ? [] : [defined(form.referenceRange)],
    ...defined({ flag: form.flag, specimen: form.specimen, method: form.method, lab: form.lab, note: form.note }),
  };
}

function checkUnit(
  { value, unit }: LabForm,
  test: LabTest | undefined,
  fail: (pointer: string, code: string, message: string) => void,
): void {
  const code = unit === undefined ? undefined : normaliseUnit(unit);
  if (unit !== undefined && code === undefined)
    return fail("/unit", "unknown_unit", "The unit is not known. Use a UCUM unit, such as mg/dL, mmol/L or 10*3/uL.");
  if (value === undefined || test === undefined) return;
  const fitting = [test.unit, ...test.otherUnits.map((other) => other.unit)].join(", ");
  if (code === undefined) return fail("/unit", "required", `A value of this test needs a unit: ${fitting}.`);
  const canonical = inCanonicalUnit(test, value, code);
  if (canonical === undefined) return fail("/unit", "unit_mismatch", `This unit does not measure the test. Those that do: ${fitting}.`);
  if (isPlausible(test, canonical)) return;
  const likelier = likelierUnit(test, value);
  fail(
    "/value",
    "implausible_value",
    likelier === undefined ? "No such value can be." : `No such value can be in this unit. Is it in ${likelier}?`,
  );
}

/** The form that would give a draft, to be changed in parts. */
export function formOf(
  draft: Pick<
    LabDraft,
    | "test"
    | "name"
    | "codings"
    | "at"
    | "issuedAt"
    | "status"
    | "value"
    | "unit"
    | "ranges"
    | "flag"
    | "specimen"
    | "method"
    | "lab"
    | "note"
  >,
): LabForm {
  const [range] = draft.ranges;
  return {
    test: draft.test,
    name: draft.name,
    loinc: draft.codings.find(isLoinc)?.code,
    collectedAt: draft.at,
    issuedAt: draft.issuedAt,
    status: draft.status,
    value: draft.value.number,
    comparator: draft.value.comparator,
    text: draft.value.text,
    coding: draft.value.coding,
    unit: draft.unit,
    referenceRange:
      range === undefined
        ? undefined
        : ({ low: range.low, high: range.high, text: range.text } as Pick<ToldRange, "low" | "high" | "text">),
    flag: draft.flag,
    specimen: draft.specimen,
    method: draft.method,
    lab: draft.lab,
    note: draft.note,
  };
}

/** Without the fields that are not there. */
function defined<T extends object>(fields: T): { [K in keyof T]?: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as {
    [K in keyof T]?: Exclude<T[K], undefined>;
  };
}
