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
  readonly comparator?: "<" | "<=" | ">=" | ">";
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

/** A range that a value is compared with. Its ends are included; `text` says where one is not. */
export interface ReferenceRange {
  readonly low?: Quantity;
  readonly high?: Quantity;
  readonly type?: CodeableConcept;
  readonly text?: string;
}

/** A reference to what is no resource here: by name alone. */
export interface Named {
  readonly display: string;
}

export interface Annotation {
  readonly text: string;
}

export interface Observation extends ResourceBase, ObservationValue {
  readonly resourceType: "Observation";
  readonly extension?: readonly Extension[];
  readonly identifier?: readonly Identifier[];
  readonly status: "preliminary" | "final" | "amended" | "corrected" | "cancelled" | "entered-in-error";
  readonly category: readonly CodeableConcept[];
  readonly code: CodeableConcept;
  readonly subject: Reference;
  readonly effectiveDateTime?: string;
  readonly effectivePeriod?: Period;
  readonly issued?: string;
  readonly performer?: readonly Named[];
  readonly dataAbsentReason?: CodeableConcept;
  readonly interpretation?: readonly CodeableConcept[];
  readonly note?: readonly Annotation[];
  readonly method?: CodeableConcept;
  readonly specimen?: Named;
  readonly referenceRange?: readonly ReferenceRange[];
  readonly device?: Reference;
  readonly component?: readonly ObservationComponent[];
}

/** A file, by where it can be downloaded. */
export interface Attachment {
  readonly contentType: string;
  readonly url: string;
  readonly size: number;
  readonly title?: string;
}

export interface DiagnosticReport extends ResourceBase {
  readonly resourceType: "DiagnosticReport";
  readonly identifier: readonly Identifier[];
  readonly status: "registered" | "preliminary" | "final" | "corrected" | "cancelled" | "entered-in-error";
  readonly category: readonly CodeableConcept[];
  readonly code: CodeableConcept;
  readonly subject: Reference;
  readonly effectiveDateTime: string;
  readonly issued?: string;
  readonly performer?: readonly Named[];
  readonly specimen?: readonly Named[];
  readonly result?: readonly Reference[];
  readonly conclusion?: string;
  readonly presentedForm?: readonly Attachment[];
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

export type Resource = Observation | DiagnosticReport | Device | Patient;

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
