import type { ByteSource } from "../byte-source";
import { readCda } from "../cda/ccd";
import { fhirItems, isNdjson } from "../fhir/bundle";
import { messagesIn, textOf } from "../hl7/message";
import { readOru, refusalOf } from "../hl7/oru";
import type { ImportReader } from "../import-reader";
import { looksLikeReport, readReportText } from "../labs/report-text";
import { looksLikeLabTable, readLabTable } from "../labs/table";
import type { OpenOptions } from "../kind-row";
import { HEAD_BYTES, type Look } from "../look";
import { type ClinicalCheckpoint, ClinicalReader, documentItems, type ItemSource } from "./reader";

/** A checkpoint is handed back by the one object that stored it, for the same kind. */
const opened =
  (vendor: string, items: ItemSource) =>
  (source: ByteSource, checkpoint: unknown, { patient }: OpenOptions): ImportReader =>
    new ClinicalReader(source, vendor, items, { self: patient }, checkpoint as ClinicalCheckpoint | undefined);

const HL7_START = /^[\s\u000b\ufeff]*(?:MSH|FHS|BHS)[^\p{L}\p{N}\s]/u;
const CDA_ROOT = /<(?:[\w-]+:)?ClinicalDocument[\s>]/;
const FHIR_RESOURCE = /"resourceType"\s*:\s*"[A-Z][A-Za-z]+"/;

function isJsonText({ isZip, text }: Look): boolean {
  return !isZip && text.trimStart().startsWith("{");
}

/** Messages, documents, resources, tables and reports of clinics and laboratories. */
export const CLINICAL_KINDS = [
  {
    kind: "hl7v2",
    title: "HL7 version 2 results (ORU)",
    recognise: ({ isZip, text }: Look) => !isZip && HL7_START.test(text),
    refuse: refuseMessages,
    open: opened("hl7v2", documentItems(readOru)),
  },
  {
    kind: "cda",
    title: "Clinical document (CDA, C-CDA)",
    recognise: ({ isZip, text }: Look) => !isZip && CDA_ROOT.test(text),
    open: opened("cda", documentItems(readCda)),
  },
  {
    kind: "fhir",
    title: "FHIR R4 resources (JSON, a bundle, or one a line)",
    recognise: (look: Look) => isJsonText(look) && FHIR_RESOURCE.test(look.text),
    open: opened("fhir", fhirItems(isNdjson)),
  },
  {
    kind: "labs-csv",
    title: "Table of laboratory results (CSV)",
    recognise: ({ isZip, text }: Look) => !isZip && looksLikeLabTable(text),
    open: opened(
      "labs-csv",
      documentItems((bytes) => readLabTable(textOf(bytes))),
    ),
  },
  {
    kind: "labs-text",
    title: "Laboratory report as plain text",
    recognise: ({ isZip, text }: Look) => !isZip && looksLikeReport(text),
    open: opened(
      "labs-text",
      documentItems((bytes) => readReportText(textOf(bytes))),
    ),
  },
] as const;

/** What is wrong with messages, as far as the file's beginning tells: where all of it is there and none brings results. */
function refuseMessages(head: Uint8Array): string | undefined {
  const text = textOf(head);
  if (!HL7_START.test(text)) return "The file has no HL7 version 2 message.";
  return head.length < HEAD_BYTES ? refusalOf(messagesIn(text)) : undefined;
}
