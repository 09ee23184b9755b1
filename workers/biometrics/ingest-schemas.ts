import * as z from "zod";
import { MOST_RECORDS, PLATFORMS } from "../../shared/ingest/push";

/**
 * The wire shapes of the push door. `pushBody` documents and never validates: `parsePush` checks by hand inside the vault, because
 * a schema costs three times the parsing of a large batch, and because one bad record must not fail the others. That is also why
 * its objects are loose: fields nobody knows are ignored here, phones send what their system gives them.
 */
export const pushParams = z.object({ platform: z.enum(PLATFORMS).describe("The phone's health store") });

const instant = z.union([z.iso.datetime({ offset: true }), z.number().int()]).describe("ISO 8601 with zone, or epoch milliseconds");
const zoneOffset = z
  .union([z.string(), z.number().int()])
  .describe("`+02:00` or `Z`; a number up to ±1080 is minutes, a larger one seconds. Wins over the offset in the dates");

const source = z.looseObject({
  appId: z.string().optional(),
  bundleIdentifier: z.string().optional(),
  deviceName: z.string().optional(),
  deviceManufacturer: z.string().optional(),
  deviceModel: z.string().optional(),
  deviceType: z.string().optional(),
  recordingMethod: z.union([z.string(), z.number().int()]).optional(),
});

const shared = {
  id: z.string().max(200).optional().describe("The record's own id; a refused record without one is named by its JSON pointer"),
  startDate: instant,
  endDate: instant.optional(),
  zoneOffset: zoneOffset.optional(),
  source: source.optional(),
  metadata: z.looseObject({}).optional(),
};

const record = z.looseObject({
  ...shared,
  parentId: z.string().optional().describe("The correlation a record belongs to: pairs the two values of a blood pressure"),
  type: z.string().describe("HealthKit identifier, Health Connect record name, Samsung Health name, or metric key"),
  value: z.union([z.number(), z.string()]).optional(),
  unit: z.string().optional().describe("UCUM or a common spelling; the platform's own unit where absent"),
});

const sleepEntry = z.looseObject({
  ...shared,
  stage: z.union([z.string(), z.number().int()]).optional(),
  stages: z.array(z.looseObject({ startTime: instant, endTime: instant, stage: z.union([z.string(), z.number().int()]) })).optional(),
});

const workout = z.looseObject({
  ...shared,
  type: z.union([z.string(), z.number().int()]),
  values: z.array(z.looseObject({ type: z.string(), value: z.union([z.number(), z.boolean()]), unit: z.string().optional() })).optional(),
  segments: z.array(z.looseObject({})).optional(),
  laps: z.array(z.looseObject({})).optional(),
  route: z.array(z.looseObject({ time: instant, latitude: z.number(), longitude: z.number(), altitude: z.number().optional() })).optional(),
  samples: z.array(record).optional(),
});

export const pushBody = z
  .looseObject({
    provider: z.string().optional(),
    sdkVersion: z.string().optional(),
    syncTimestamp: instant.optional().describe("When the client read its store: the version of records that carry none"),
    cursor: z.string().max(4096).optional().describe("Handed back once everything is stored"),
    data: z
      .looseObject({ records: z.array(record).optional(), sleep: z.array(sleepEntry).optional(), workouts: z.array(workout).optional() })
      .describe(`At most ${MOST_RECORDS} entries in all lists together`),
    deleted: z.array(z.string()).optional().describe("Ids of records that are gone from the phone"),
  })
  .meta({
    id: "Push",
    example: {
      provider: "apple",
      syncTimestamp: "2026-11-20T07:31:00Z",
      cursor: "anchor-42",
      data: {
        records: [
          {
            id: "8E0C6D1A-52B0-4C62-A9E3-0A60C2C8B7F1",
            type: "HKQuantityTypeIdentifierHeartRate",
            startDate: "2026-11-20T07:30:00Z",
            endDate: "2026-11-20T07:30:00Z",
            zoneOffset: "+01:00",
            value: 61,
            unit: "count/min",
            source: { bundleIdentifier: "com.apple.health", deviceName: "Watch", deviceModel: "Watch7,5" },
          },
        ],
        sleep: [],
        workouts: [],
      },
      deleted: [],
    },
  });

const named = z.array(z.object({ id: z.string(), reason: z.string() }));

export const pushReceiptSchema = z
  .object({
    accepted: z.number().int().describe("Readings that are new"),
    duplicate: z.number().int().describe("Readings that were stored already, unchanged"),
    updated: z.number().int().describe("Readings that replaced an older version"),
    deleted: z.number().int(),
    quarantined: named.describe("Understood but not plausible: kept apart"),
    rejected: named.describe("Not understood: not kept. Reasons are a closed list"),
    cursor: z.string().nullable().describe("The cursor of the push, stored with everything before it"),
  })
  .meta({ id: "PushReceipt" });
