/** The parts of FHIR R4 (4.0.1) that Meridian writes, by the names and cardinalities of the specification. */

export interface Coding {
  readonly system?: string;
  readonly code?: string;
  readonly display?: string;
}

export interface CodeableConcept {
  readonly coding?: readonly Coding[];
  readonly text?: string;
}

export interface Quantity {
  readonly value: number;
  readonly unit?: string;
  readonly system?: string;
  readonly code?: string;
}

export interface Reference {
  readonly reference: string;
  readonly display?: string;
}

export interface Identifier {
  readonly system: string;
  readonly value: string;
}

export interface Period {
  readonly start: string;
  readonly end?: string;
}

export interface Extension {
  readonly url: string;
  readonly valueString?: string;
}

/** One value at each grid point; `data` holds decimals separated by one space, `E` where there is none. */
export interface SampledData {
  readonly extension?: readonly Extension[];
  readonly origin: Quantity;
  /** Milliseconds between two grid points. */
  readonly period: number;
  readonly dimensions: number;
  readonly data: string;
}

export interface Meta {
  readonly versionId?: string;
  readonly lastUpdated?: string;
  readonly source?: string;
  readonly profile?: readonly string[];
}

interface ObservationValue {
  readonly valueQuantity?: Quantity;
  readonly valueCodeableConcept?: CodeableConcept;
  readonly valueString?: string;
  readonly valueBoolean?: boolean;
  readonly valueSampledData?: SampledData;
  readonly valuePeriod?: Period;
}

export interface ObservationComponent extends ObservationValue {
  readonly code: CodeableConcept;
}

interface ResourceBase {
  readonly id: string;
  readonly meta?: Meta;
}

export interface Observation extends ResourceBase, ObservationValue {
  readonly resourceType: "Observation";
  readonly extension?: readonly Extension[];
  readonly identifier?: readonly Identifier[];
  readonly status: "final" | "amended" | "entered-in-error";
  readonly category: readonly CodeableConcept[];
  readonly code: CodeableConcept;
  readonly subject: Reference;
  readonly effectiveDateTime?: string;
  readonly effectivePeriod?: Period;
  readonly method?: CodeableConcept;
  readonly device?: Reference;
  readonly component?: readonly ObservationComponent[];
}

export interface Device extends ResourceBase {
  readonly resourceType: "Device";
  readonly extension?: readonly Extension[];
  readonly identifier: readonly Identifier[];
  readonly status: "active";
  readonly manufacturer?: string;
  readonly modelNumber?: string;
  readonly deviceName?: readonly { readonly name: string; readonly type: "user-friendly-name" }[];
  readonly type?: CodeableConcept;
  readonly patient: Reference;
}

export interface Patient extends ResourceBase {
  readonly resourceType: "Patient";
  readonly identifier: readonly Identifier[];
  readonly active: true;
  readonly name?: readonly { readonly use: "usual"; readonly text: string }[];
}

export interface OperationOutcome {
  readonly resourceType: "OperationOutcome";
  readonly issue: readonly {
    readonly severity: "error" | "warning" | "information";
    readonly code: string;
    readonly diagnostics?: string;
  }[];
}

export type Resource = Observation | Device | Patient;

export interface BundleLink {
  readonly relation: "self" | "next";
  readonly url: string;
}

export interface SearchBundle {
  readonly resourceType: "Bundle";
  readonly type: "searchset";
  readonly total?: number;
  readonly link: readonly BundleLink[];
  readonly entry?: readonly {
    readonly fullUrl?: string;
    readonly resource: Resource | OperationOutcome;
    readonly search: { readonly mode: "match" | "outcome" };
  }[];
}
