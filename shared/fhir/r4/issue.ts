/** What is wrong with a resource, in the terms of an OperationOutcome. */
export interface Issue {
  readonly severity: "error" | "warning" | "information";
  /** FHIR's issue-type. */
  readonly code:
    | "structure"
    | "required"
    | "value"
    | "invariant"
    | "invalid"
    | "code-invalid"
    | "not-supported"
    | "too-long"
    | "business-rule";
  /** FHIRPath of the element: `Observation.component[0].valueQuantity.code`. */
  readonly expression: string;
  /** In words, without the value found: values are health data. */
  readonly diagnostics: string;
}

/** An object of JSON. */
export type Fields = Readonly<Record<string, unknown>>;

export function isFields(value: unknown): value is Fields {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** The objects in a value that is one, or a list of them. */
export function fieldsIn(value: unknown): Fields[] {
  return Array.isArray(value) ? value.filter(isFields) : isFields(value) ? [value] : [];
}

/** The text at a name, or undefined. */
export function textAt(fields: unknown, name: string): string | undefined {
  const value = isFields(fields) ? fields[name] : undefined;
  return typeof value === "string" ? value : undefined;
}
