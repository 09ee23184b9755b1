import { dateRange } from "./date-range";

/** What is wrong with a primitive value of R4, in words, or undefined. Patterns are those of the specification (datatypes.html). */
export function primitiveFault(type: string, value: unknown): string | undefined {
  switch (type) {
    case "boolean":
      return typeof value === "boolean" ? undefined : "is no boolean";
    case "integer":
      return integerFault(value, -2_147_483_648);
    case "unsignedInt":
      return integerFault(value, 0);
    case "positiveInt":
      return integerFault(value, 1);
    case "decimal":
      return typeof value === "number" && Number.isFinite(value) ? undefined : "is no number";
    default:
      return typeof value === "string" ? textFault(type, value) : "is no text";
  }
}

/** A mebibyte of characters, as the specification has it. */
const LONGEST_TEXT = 1_048_576;

/** Characters that no text may hold: those below 32, but for tab, line feed and carriage return. */
const CONTROLS = /[^\P{Cc}\t\n\r\u007f-\u009f]/u;

const PATTERNS: Readonly<Record<string, readonly [RegExp, string]>> = {
  id: [/^[A-Za-z0-9.-]{1,64}$/, "is no id: letters, digits, dots and dashes, at most 64"],
  code: [/^\S+(?: \S+)*$/, "is no code: it has spaces at its ends or twice in a row"],
  uri: [/^\S+$/, "is no URI: it has spaces"],
  url: [/^\S+$/, "is no URL: it has spaces"],
  canonical: [/^\S+$/, "is no canonical address: it has spaces"],
  oid: [/^urn:oid:[0-2](?:\.(?:0|[1-9]\d*))+$/, "is no OID"],
  uuid: [/^urn:uuid:[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/, "is no UUID in lower case"],
  time: [/^(?:[01]\d|2[0-3]):[0-5]\d:(?:[0-5]\d|60)(?:\.\d+)?$/, "is no time of day with seconds"],
  date: [/^\d{4}(?:-\d{2}(?:-\d{2})?)?$/, "is no date"],
  dateTime: [
    /^\d{4}(?:-\d{2}(?:-\d{2}(?:T\d{2}:\d{2}:\d{2}(?:\.\d+)?(?:Z|[+-](?:(?:0\d|1[0-3]):[0-5]\d|14:00)))?)?)?$/,
    "is no date, or no date and time with seconds and zone",
  ],
  instant: [
    /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(?:\.\d+)?(?:Z|[+-](?:(?:0\d|1[0-3]):[0-5]\d|14:00))$/,
    "is no instant: date and time with seconds and zone",
  ],
};

function textFault(type: string, value: string): string | undefined {
  if (value === "") return "is empty";
  if (type === "base64Binary") return isBase64(value) ? undefined : "is no base64";
  if (!value.isWellFormed()) return "holds half a character";
  if (CONTROLS.test(value)) return "holds control characters";
  if (type === "xhtml") return narrativeFault(value);
  if (value.length > LONGEST_TEXT) return "is longer than 1,048,576 characters";
  const [pattern, fault] = PATTERNS[type] ?? [];
  if (pattern !== undefined && !pattern.test(value)) return fault;
  if ((type === "date" || type === "dateTime" || type === "instant") && (value.startsWith("0000") || dateRange(value, "UTC") === undefined))
    return "is no date of the calendar";
  if (pattern === undefined && value.trim() === "") return "holds nothing but spaces";
  return undefined;
}

function isBase64(value: string): boolean {
  // Line breaks are allowed. No pattern over the whole: attachments are megabytes long.
  const bare = /\s/.test(value) ? value.replaceAll(/\s+/g, "") : value;
  return bare.length % 4 === 0 && /^[A-Za-z0-9+/]*={0,2}$/.test(bare);
}

function integerFault(value: unknown, least: number): string | undefined {
  if (typeof value !== "number" || !Number.isInteger(value)) return "is no whole number";
  return value < least || value > 2_147_483_647 ? `lies outside ${least} to 2147483647` : undefined;
}

/** Elements of XHTML that run, load or ask something, which a narrative must not hold (txt-1). */
const ACTIVE =
  /<\/?(?:script|form|input|button|textarea|select|iframe|frame|object|embed|applet|base|link|meta|style|svg|math)\b|<[^>]*\son[a-z]+\s*=|javascript:/i;

function narrativeFault(value: string): string | undefined {
  const text = value.trim();
  if (
    !/^<div[\s>]/.test(text) ||
    !text.endsWith("</div>") ||
    !/^<div[^>]*\sxmlns\s*=\s*["']http:\/\/www\.w3\.org\/1999\/xhtml["']/.test(text)
  )
    return 'is no <div xmlns="http://www.w3.org/1999/xhtml"> (txt-1)';
  if (ACTIVE.test(text)) return "holds active content (txt-1)";
  return /<img\b/i.test(text) || text.replaceAll(/<[^>]*>/g, "").trim() !== "" ? undefined : "has no content (txt-2)";
}
