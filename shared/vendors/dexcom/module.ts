import * as z from "zod";
import type { BatchBuilder } from "../../health/batch";
import { problem } from "../../problem";
import { word } from "../fields";
import { readRecords, Rejection, some, VendorRecord } from "../record";
import type { Delivery, PageOutcome, VendorModule } from "../vendor";
import { DEXCOM_VENDOR } from "./descriptor";
import { mapCalibration, mapEgv, mapEvent } from "./mappers";
import { identityRequest, pageRequest } from "./requests";

/** Resource → mapper of its records. */
export const DEXCOM_MAPPERS: Readonly<Record<string, (raw: unknown, record: VendorRecord) => void>> = {
  egvs: mapEgv,
  events: mapEvent,
  calibrations: mapCalibration,
};

const pageSchema = z.object({ records: z.array(z.unknown()) });
const headSchema = z.object({
  recordId: z.string(),
  transmitterGeneration: word.nullish().catch(undefined),
  displayDevice: word.nullish().catch(undefined),
});
const identitySchema = z.object({ userId: z.string().min(1).max(200) });

function readPage(resource: string, reply: unknown, into: BatchBuilder, { connection, syncedAt }: Delivery): PageOutcome {
  const page = pageSchema.safeParse(reply);
  if (!page.success) throw problem("vendor_failed", "The vendor's reply is not a page of records.");
  const map = DEXCOM_MAPPERS[resource];
  return readRecords(page.data.records, undefined, (raw) => {
    if (map === undefined) throw new Rejection("unsupported_type");
    const head = headSchema.safeParse(raw).data;
    // The sensor's kind and what showed its value; a transmitter's number changes with every sensor, and would make a source each.
    const source = into.source({
      vendor: DEXCOM_VENDOR.source,
      connection,
      deviceManufacturer: "Dexcom",
      deviceType: "cgm",
      ...some("deviceModel", head?.transmitterGeneration),
      ...some("app", head?.displayDevice),
    });
    const record = new VendorRecord(into, source, head?.recordId, syncedAt);
    map(raw, record);
    return record.newestAt;
  });
}

/** Dexcom as code. It is asked, and its permission is taken back by the person alone. */
export const DEXCOM_MODULE: VendorModule = {
  vendor: DEXCOM_VENDOR,
  pageRequest,
  readPage,
  identityRequest,
  readIdentity(reply) {
    const identity = identitySchema.safeParse(reply);
    if (!identity.success) throw problem("vendor_failed", "The vendor did not tell who the person is.");
    return { userId: identity.data.userId };
  },
};
