import * as z from "zod";
import type { BatchBuilder } from "../../health/batch";
import { problem } from "../../problem";
import { utcDay } from "../fields";
import { readRecords, VendorRecord } from "../record";
import type { Delivery, PageOutcome, Range, VendorModule } from "../vendor";
import { ULTRAHUMAN_VENDOR } from "./descriptor";
import { dayStartOf, mapItem, typeOf, zoneOf } from "./mappers";
import { identityRequest, pageRequest } from "./requests";

const pageSchema = z.object({ data: z.object({ metric_data: z.array(z.unknown()).nullish() }).nullish() });
const id = z.union([z.number().int(), z.string().min(1).max(200)]).transform(String);
const identitySchema = z.object({ user_id: id.optional(), id: id.optional(), uid: id.optional(), email: z.string().max(300).optional() });

/** Maps the values of one day, which the reply does not name: it is the one that was asked for. */
function readPage(_resource: string, reply: unknown, into: BatchBuilder, { connection, syncedAt }: Delivery, asked?: Range): PageOutcome {
  const page = pageSchema.safeParse(reply);
  if (!page.success) throw problem("vendor_failed", "The vendor's reply is not a day of values.");
  const items = page.data.data?.metric_data ?? [];
  const dayStart = items.map(dayStartOf).find((at) => at !== undefined);
  // Half a day after its start it is that day in nearly every zone.
  const date = utcDay(asked?.from ?? (dayStart ?? syncedAt) + 12 * 3_600_000);
  const day = { date, zone: zoneOf(date, dayStart), types: new Set(items.flatMap((item) => typeOf(item) ?? [])) };
  const source = into.source({ vendor: ULTRAHUMAN_VENDOR.source, connection, deviceManufacturer: "Ultrahuman", deviceType: "ring" });
  return readRecords(items, undefined, (raw) => {
    const type = typeOf(raw);
    const record = new VendorRecord(into, source, type === undefined ? undefined : `${type.replace(/[^a-z0-9_]/g, "_")}/${date}`, syncedAt);
    mapItem(raw, record, day);
    return record.newestAt;
  });
}

/** Ultrahuman as code. It has no webhooks. */
export const ULTRAHUMAN_MODULE: VendorModule = {
  vendor: ULTRAHUMAN_VENDOR,
  pageRequest,
  readPage,
  identityRequest,
  readIdentity(reply) {
    const wrapped = z.object({ data: identitySchema }).safeParse(reply);
    const identity = wrapped.success ? wrapped.data.data : identitySchema.safeParse(reply).data;
    const userId = identity?.user_id ?? identity?.id ?? identity?.uid ?? identity?.email;
    if (userId === undefined) throw problem("vendor_failed", "The vendor did not tell who the person is.");
    return { userId };
  },
};
