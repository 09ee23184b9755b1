export const TIME_ZONE_KEY = "HKTimeZone";
export const USER_ENTERED_KEY = "HKWasUserEntered";
export const CYCLE_START_KEY = "HKMenstrualCycleStart";
export const PROTECTION_KEY = "HKSexualActivityProtectionUsed";

/** What a number means, not how it travelled: kept with readings that are otherwise mere numbers. */
const ANNOTATIONS: ReadonlySet<string> = new Set([
  "HKBloodGlucoseMealTime",
  "HKInsulinDeliveryReason",
  "HKBodyTemperatureSensorLocation",
  "HKVO2MaxTestType",
  "HKHeartRateRecoveryTestType",
  "HKHeartRateRecoveryActivityType",
  "HKHeartRateRecoveryActivityDuration",
  "HKHeartRateRecoveryMaxObservedRecoveryHeartRate",
  "HKFoodType",
  "HKFoodMeal",
]);

/** Bookkeeping of the writer, or identifiers of other accounts: nothing a reading needs. */
const BOOKKEEPING = /Sync(?:Identifier|Version)$|UUID$|User Identifier|Link$|App Version|^HKTimeZone$|^HKWasUserEntered$/;
const MOST_ENTRIES = 40;
const LONGEST_VALUE = 400;

export type Metadata = Readonly<Record<string, string>>;

/** True for keys that stay with a numeric reading. */
export function isAnnotation(key: string): boolean {
  return ANNOTATIONS.has(key.replace(/^HKMetadataKey/, "HK"));
}

/** Adds an entry to the metadata of a session or event; writers' bookkeeping and what is beyond the bounds stay out. */
export function keepMetadata(metadata: Record<string, string>, key: string, value: string): void {
  if (BOOKKEEPING.test(key) || Object.keys(metadata).length >= MOST_ENTRIES) return;
  metadata[key.slice(0, 100)] = value.slice(0, LONGEST_VALUE);
}

/** `{ metadata }` as attributes of a reading, or nothing where there is none. */
export function asAttributes(metadata: Metadata | undefined): { attributes?: { metadata: Metadata } } {
  return metadata === undefined || Object.keys(metadata).length === 0 ? {} : { attributes: { metadata } };
}
