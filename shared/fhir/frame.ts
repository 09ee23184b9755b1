import { createHash } from "node:crypto";
import type { Metric } from "../health/catalogue";
import { sourceKey } from "../health/batch";
import type { Source } from "../health/reading";
import type { PersonId } from "../id";
import { categoriesOf } from "./coding";
import { deviceId, observationId, patientId, type Place } from "./ids";
import { URN } from "./systems";
import type { CodeableConcept, Extension, Identifier, Meta, Observation } from "./types";

/** Whose readings are shown, and where they came from. */
export interface Origin {
  readonly person: PersonId;
  /** The vault's number of the source. */
  readonly number: number;
  readonly source: Source;
  /** When the vault last changed the reading, epoch milliseconds. */
  readonly updatedAt: number;
  /** Grows with every change of the reading under the same identity. */
  readonly revision: number;
}

/** What all Observations of a source share, whatever they show. */
export interface Framed {
  readonly metric: Metric;
  readonly place: Place;
  readonly code: CodeableConcept;
  readonly profiles: readonly string[];
  /** The record's own version, 0 where it has none. */
  readonly version: number;
  /** The vendor's record id, where it gave one. */
  readonly recordId?: string | undefined;
  /** What FHIR has no element for; stored as JSON in an extension, so that nothing is lost. */
  readonly detail?: Readonly<Record<string, unknown>>;
}

type Frame = Pick<
  Observation,
  "resourceType" | "id" | "meta" | "extension" | "identifier" | "status" | "category" | "code" | "subject" | "method" | "device"
>;

/** The elements around an Observation's time and value. */
export function frame(origin: Origin, { metric, place, code, profiles, version, recordId, detail }: Framed): Frame {
  const { person, number, source, updatedAt, revision } = origin;
  const id = observationId(person, place);
  const extension = detailExtension(detail);
  const meta: Meta = {
    versionId: `${version}.${revision}`,
    lastUpdated: new Date(updatedAt).toISOString(),
    source: `${URN.vendor}${source.vendor}`,
    ...(profiles.length > 0 && { profile: profiles }),
  };
  return {
    resourceType: "Observation",
    id,
    meta,
    ...(extension !== undefined && { extension: [extension] }),
    identifier: identifiers(origin, id, place, recordId),
    status: "final",
    category: categoriesOf(metric),
    code,
    subject: { reference: `Patient/${patientId(person)}` },
    ...methodOf(source),
    device: { reference: `Device/${deviceId(person, number)}` },
  };
}

/** Version and revision in `meta.versionId`, or zeros. */
export function versionsIn(meta: Meta | undefined): { readonly version: number; readonly revision: number } {
  const [version = 0, revision = 0] = (meta?.versionId ?? "").split(".").map(Number);
  return { version, revision };
}

/** The detail that `frame` stored, or an empty object. Throws a SyntaxError where the extension holds no JSON. */
export function detailIn(extensions: readonly Extension[] | undefined): Record<string, unknown> {
  const text = extensions?.find(({ url }) => url === URN.detail)?.valueString;
  if (text === undefined) return {};
  const parsed: unknown = JSON.parse(text);
  return isRecord(parsed) ? parsed : {};
}

/** The vendor's record id among identifiers, or undefined. */
export function recordIdIn(identifiers: readonly Identifier[] | undefined): string | undefined {
  return identifiers?.find(({ system }) => system.startsWith(URN.source))?.value;
}

/** True for a plain JSON object. */
export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function detailExtension(detail: Readonly<Record<string, unknown>> = {}): Extension | undefined {
  const known = Object.entries(detail).filter(([, value]) => value !== undefined);
  return known.length === 0 ? undefined : { url: URN.detail, valueString: JSON.stringify(Object.fromEntries(known)) };
}

/** The business identifier first (the vendor's, or a hash of what makes the reading itself), then Meridian's own unique one. */
function identifiers({ person, source }: Origin, id: string, place: Place, recordId: string | undefined): Identifier[] {
  const business =
    recordId !== undefined && recordId !== ""
      ? { system: `${URN.source}${source.vendor}`, value: recordId }
      : { system: URN.reading, value: tupleHash(person, source, place) };
  return [business, { system: URN.observation, value: id }];
}

/** The value is left out of the tuple: a corrected reading keeps its identity. */
function tupleHash(person: PersonId, source: Source, place: Place): string {
  return createHash("sha256")
    .update(JSON.stringify([person, sourceKey(source), Object.entries({ ...place, source: 0 })]))
    .digest("hex");
}

function methodOf({ recordingMethod }: Source): { method?: CodeableConcept } {
  if (recordingMethod === undefined || recordingMethod === "unknown") return {};
  return { method: { coding: [{ system: URN.recordingMethod, code: recordingMethod }], text: recordingMethod } };
}
