import { z } from "zod";
import { REGIONS } from "../../shared/region";

/** How the person likes quantities shown. The wire always carries UCUM units. */
export const UNITS = ["metric", "imperial"] as const;
export type Units = (typeof UNITS)[number];

export const regionSchema = z.enum(REGIONS);

/** Control characters have no place in a name, and would travel into logs and documents of others. */
export const nameSchema = z
  .string()
  .trim()
  .min(1)
  .max(100)
  .refine((name) => !/\p{Cc}/u.test(name), "The name holds control characters.");

export const timeZoneSchema = z.string().max(64).refine(isTimeZone, "This is not a time zone of the IANA database.");

/** Stored in canonical form: `de-at` is `de-AT`. */
export const localeSchema = z.string().max(35).refine(isLocale, "This is not a language tag (BCP 47).").transform(canonicalLocale);

export const DEFAULT_TIME_ZONE = "UTC";
export const DEFAULT_LOCALE = "en";

/** Territories whose people use inches and pounds every day. */
const IMPERIAL = new Set(["US", "LR", "MM"]);

/** The units a person most likely wants, from the territory that their locale names. */
export function unitsFor(locale: string): Units {
  const { region } = new Intl.Locale(locale);
  return region !== undefined && IMPERIAL.has(region) ? "imperial" : "metric";
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
