import * as z from "zod";
import { chosenName } from "../../shared/chosen-name";
import { DAY_MS } from "../../shared/clock";
import { REGIONS } from "../../shared/region";

/** How the person likes quantities shown. The wire always carries UCUM units. */
export const UNITS = ["metric", "imperial"] as const;
export type Units = (typeof UNITS)[number];

export const regionSchema = z.enum(REGIONS);

/** What a person goes by: it travels into notifications, logs and documents of others. */
export const nameSchema = chosenName({ most: 100 });

export const timeZoneSchema = z.string().max(64).refine(isTimeZone, "This is not a time zone of the IANA database.");

/** Stored in canonical form: `de-at` is `de-AT`. */
export const localeSchema = z.string().max(35).refine(isLocale, "This is not a language tag (BCP 47).").transform(canonicalLocale);

/** The oldest birth date that is believed: nobody has lived to see 123. */
const OLDEST_YEARS = 125;

export const birthDateSchema = z.iso.date().refine(isBirthDate, "This is not the birth date of anybody alive.");

export const sexSchema = z.enum(["female", "male"]);

const CM_PER_INCH = 2.54;

/** A height with its UCUM unit, kept in centimetres to a tenth. */
export const heightSchema = z
  .strictObject({ value: z.number(), unit: z.enum(["cm", "[in_i]"]) })
  .transform(({ value, unit }) => Math.round((unit === "cm" ? value : value * CM_PER_INCH) * 10) / 10)
  .refine((heightCm) => heightCm >= 40 && heightCm <= 275, "A person is between 40 and 275 cm tall.");

export const DEFAULT_TIME_ZONE = "UTC";
export const DEFAULT_LOCALE = "en";

/** Territories whose people use inches and pounds every day. */
const IMPERIAL = new Set(["US", "LR", "MM"]);

/** The units a person most likely wants, from the territory that their locale names. */
export function unitsFor(locale: string): Units {
  const { region } = new Intl.Locale(locale);
  return region !== undefined && IMPERIAL.has(region) ? "imperial" : "metric";
}

/** Somewhere it is tomorrow already. */
function isBirthDate(text: string): boolean {
  const at = Date.parse(text);
  return at <= Date.now() + DAY_MS && at > Date.now() - OLDEST_YEARS * 365.25 * DAY_MS;
}

/** Offsets such as `+01:00` are refused: they know no summer time. */
function isTimeZone(text: string): boolean {
  if (!/^[A-Za-z]/.test(text)) return false;
  try {
    Intl.DateTimeFormat("en", { timeZone: text });
    return true;
  } catch {
    return false;
  }
}

function isLocale(text: string): boolean {
  try {
    return Intl.getCanonicalLocales(text).length === 1;
  } catch {
    return false;
  }
}

function canonicalLocale(text: string): string {
  return isLocale(text) ? (Intl.getCanonicalLocales(text)[0] ?? text) : text;
}
