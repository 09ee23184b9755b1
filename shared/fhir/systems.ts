import { SYSTEM } from "../health/codes";

/** Namespaces of Meridian's own identifiers, codes and extensions, as they appear in FHIR resources. */
export const URN = {
  /** Prefix of the identifier a vendor gave a record: `urn:meridian:source:{vendor}`. */
  source: "urn:meridian:source:",
  /** SHA-256 of the canonical tuple, for readings whose vendor gives no id. */
  reading: "urn:meridian:reading",
  /** The server-wide unique id of an Observation; the key of conditional updates at other servers. */
  observation: "urn:meridian:observation",
  /** The server-wide unique id of a Device. */
  device: "urn:meridian:device",
  /** The server-wide unique id of a DiagnosticReport. */
  report: "urn:meridian:report",
  /** Keys of laboratory tests. */
  labTest: "urn:meridian:lab-test",
  /** Prefix of the door through which a laboratory result came: `urn:meridian:lab:{source}`. */
  lab: "urn:meridian:lab:",
  /** Prefix of a laboratory's own code system, which has a name but no address. */
  codeSystem: "urn:meridian:code-system:",
  person: "urn:meridian:person",
  /** Meridian's metric codes; the code is the catalogue key, `{metric}.{component}` for a panel's component. */
  metric: SYSTEM.metric,
  /** Coded values of events. */
  value: "urn:meridian:value",
  workoutType: "urn:meridian:workout-type",
  recordingMethod: "urn:meridian:recording-method",
  /** Field paths of a vendor's interface: `urn:meridian:vendor:{vendor}`. */
  vendor: "urn:meridian:vendor:",
  deviceType: "urn:meridian:device-type",
  /** Extension: what a reading carries beyond FHIR's elements, as a JSON object. */
  detail: "urn:meridian:fhir:detail",
  /** Extension: zone offsets of a series whose zone changes within the hour, as `seconds:count` runs. */
  zones: "urn:meridian:fhir:zones",
  /** Extension: the app that wrote the readings of a Device. */
  app: "urn:meridian:fhir:app",
  /** Extension: the connection through which the readings of a Device came. */
  connection: "urn:meridian:fhir:connection",
  /** Extension: how readings of a Device were recorded. */
  method: "urn:meridian:fhir:recording-method",
} as const;

/**
 * R5's `SampledData.offsets` as a cross-version extension: exact offsets of the values from the first one, in milliseconds, where the
 * grid of R4 can only come near.
 */
export const OFFSETS_EXTENSION = "http://hl7.org/fhir/5.0/StructureDefinition/extension-SampledData.offsets";
