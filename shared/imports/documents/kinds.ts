import { BEATS } from "../beats/format";
import { CLARITY } from "../cgm/clarity";
import { DEXCOM } from "../cgm/dexcom";
import { LIBREVIEW } from "../cgm/libreview";
import { NIGHTSCOUT } from "../cgm/nightscout";
import { SIMGLUCOSE } from "../cgm/simglucose";
import { CSV, isTellingTable } from "../csv/format";
import { FITABASE } from "../fitbit/fitabase";
import { FITBIT } from "../fitbit/format";
import { FITBIT_TABLES } from "../fitbit/tables";
import { GOOGLE_FIT } from "../google-fit/format";
import { IHEALTH } from "../ihealth/format";
import { CRONOMETER } from "../food/cronometer";
import { MYFITNESSPAL } from "../food/myfitnesspal";
import type { KindRow } from "../kind-row";
import { headsOf } from "../look";
import { OPEN_MHEALTH } from "../open-mhealth/format";
import { OURA } from "../oura/format";
import { WHOOP } from "../whoop/format";
import { type DocumentsCheckpoint, DocumentsReader, type Format } from "./reader";

/** A kind whose files are documents of some forms, alone or in an archive. */
function documents<K extends string>(kind: K, title: string, formats: readonly Format[]): KindRow & { readonly kind: K } {
  return {
    kind,
    title,
    recognise: (look) => headsOf(look).some((head) => formats.some((format) => format.recognise(head))),
    open: (source, checkpoint, options) =>
      new DocumentsReader(source, formats, checkpoint as DocumentsCheckpoint | undefined, {
        ...options,
        nothing: `Nothing in the file is of this kind: ${title}.`,
      }),
  };
}

/** Kinds of tables and stored documents. */
export const TABLE_KINDS = [
  documents("cgm", "Glucose sensor export (LibreView or Dexcom Clarity CSV, Nightscout or Dexcom JSON, simglucose CSV)", [
    LIBREVIEW,
    CLARITY,
    NIGHTSCOUT,
    DEXCOM,
    SIMGLUCOSE,
  ]),
  documents("oura", "Oura: account export (zip or CSV), stored documents of its interface (JSON)", [OURA]),
  documents("whoop", "WHOOP: account export (zip or CSV)", [WHOOP]),
  documents("myfitnesspal", "MyFitnessPal: export of the diary (zip or CSV)", [MYFITNESSPAL]),
  documents("cronometer", "Cronometer: export of the diary (zip or CSV)", [CRONOMETER]),
  documents(
    "rr-intervals",
    "Intervals between beats (text or CSV of Elite HRV, Polar Sensor Logger, HRV Logger), HRV4Training measurements",
    [BEATS],
  ),
  documents("fitbit", "Fitbit: account export or Google Takeout (zip, JSON or CSV), stored Web API replies, Fitabase tables", [
    FITBIT,
    FITABASE,
    FITBIT_TABLES,
  ]),
  documents("google-fit", "Stored data sets of Google Fit (JSON)", [GOOGLE_FIT]),
  documents("ihealth", "Stored replies of iHealth (JSON)", [IHEALTH]),
  documents("open-mhealth", "Open mHealth or IEEE 1752.1 data points (JSON)", [OPEN_MHEALTH]),
  // The last: every table could be one.
  {
    ...documents("csv", "Table (CSV) with dates and known quantities, or with a mapping of its columns", [CSV]),
    recognise: (look) => headsOf(look).some(({ text }) => isTellingTable(text)),
  },
] as const satisfies readonly KindRow[];
