/** The delimiters of a message, as its MSH declares them (HL7 v2.5.1, 2.5.4). */
export interface Delimiters {
  readonly field: string;
  readonly component: string;
  readonly repetition: string;
  /** Empty where the message declares none. */
  readonly escape: string;
  readonly subcomponent: string;
}

export interface Segment {
  readonly name: string;
  /** Raw fields: `fields[n]` is field n; of an MSH, field 1 is the separator. */
  readonly fields: readonly string[];
}

export interface Message {
  readonly delimiters: Delimiters;
  readonly segments: readonly Segment[];
}

const BLOCK = /[\u000b\u001c]/g;
const BOM = /^\ufeff/;
const SEGMENT = /^[A-Z][A-Z0-9]{2}$/;

/**
 * The messages of a file: one or several, bare or in blocks of MLLP, with segments that end as the standard wants or as editors leave them.
 * Lines before the first MSH, and headers of batches, are passed over.
 */
export function messagesIn(text: string): Message[] {
  const messages: { delimiters: Delimiters; segments: Segment[] }[] = [];
  for (const line of text
    .replace(BOM, "")
    .replace(BLOCK, "\r")
    .split(/[\r\n]+/)) {
    const trimmed = line.trimStart();
    if (trimmed.startsWith("MSH")) {
      const delimiters = delimitersIn(trimmed);
      if (delimiters !== undefined) messages.push({ delimiters, segments: [headerOf(trimmed, delimiters)] });
      continue;
    }
    const message = messages.at(-1);
    if (message === undefined) continue;
    const fields = trimmed.split(message.delimiters.field);
    const name = fields[0] ?? "";
    if (SEGMENT.test(name) && !BATCH.has(name)) message.segments.push({ name, fields });
  }
  return messages;
}

const BATCH: ReadonlySet<string> = new Set(["FHS", "BHS", "BTS", "FTS"]);

function delimitersIn(header: string): Delimiters | undefined {
  const field = header[3] ?? "";
  if (!/[^\p{L}\p{N}\s]/u.test(field)) return undefined;
  const declared = header.slice(4).split(field)[0] ?? "";
  const [component = "^", repetition = "~", escape = "", subcomponent = "&"] = declared;
  return { field, component, repetition, escape, subcomponent };
}

function headerOf(line: string, { field }: Delimiters): Segment {
  const [name = "MSH", ...rest] = line.split(field);
  return { name, fields: [name, field, ...rest] };
}

/** Repetitions of a field, raw. */
export function repetitions(field: string | undefined, { repetition }: Delimiters): string[] {
  return field === undefined || field === "" ? [] : field.split(repetition);
}

/** The components of one repetition, decoded. Numbered from 0; a component's subcomponents are joined with `&`. */
export function components(field: string | undefined, delimiters: Delimiters): string[] {
  if (field === undefined) return [];
  return field.split(delimiters.component).map((part) =>
    part
      .split(delimiters.subcomponent)
      .map((piece) => unescaped(piece, delimiters))
      .join("&"),
  );
}

/** The first component of the first repetition of a field, decoded and trimmed; empty where there is none, or it is the explicit null `""`. */
export function first(field: string | undefined, delimiters: Delimiters): string {
  const text = components(repetitions(field, delimiters)[0], delimiters)[0]?.trim() ?? "";
  return text === '""' ? "" : text;
}

/** Decodes escape sequences (HL7 v2.5.1, 2.7). What is no sequence stays as it is; formatting is dropped but for line breaks. */
export function unescaped(text: string, delimiters: Delimiters): string {
  const { escape } = delimiters;
  if (escape === "" || !text.includes(escape)) return text;
  let out = "";
  let at = 0;
  for (;;) {
    const from = text.indexOf(escape, at);
    const to = from < 0 ? -1 : text.indexOf(escape, from + 1);
    if (from < 0 || to < 0) return out + text.slice(at);
    const decoded = sequence(text.slice(from + 1, to), delimiters);
    // A lone escape character is text: the next one may begin a sequence.
    out += text.slice(at, from) + (decoded ?? escape);
    at = decoded === undefined ? from + 1 : to + 1;
  }
}

function sequence(code: string, { field, component, repetition, escape, subcomponent }: Delimiters): string | undefined {
  switch (code) {
    case "F":
      return field;
    case "S":
      return component;
    case "T":
      return subcomponent;
    case "R":
      return repetition;
    case "E":
      return escape;
    case "H":
    case "N":
      return "";
    case ".br":
    case ".sp":
      return "\n";
  }
  if (/^X(?:[0-9A-Fa-f]{2})+$/.test(code)) return hexText(code.slice(1));
  if (/^\.(?:sp|in|ti|sk|fi|nf|ce)[+-]?\d*$/.test(code)) return code.startsWith(".sp") || code.startsWith(".ce") ? "\n" : "";
  return /^(?:C[0-9A-Fa-f]{4}|M[0-9A-Fa-f]{4,6}|Z\w*)$/.test(code) ? "" : undefined;
}

function hexText(hex: string): string {
  const bytes = Uint8Array.from(hex.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16));
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: false }).decode(bytes);
  } catch {
    return new TextDecoder("windows-1252").decode(bytes);
  }
}

/** Encodes a text so that it can stand in a component: the opposite of `unescaped`. */
export function escaped(text: string, { field, component, repetition, escape, subcomponent }: Delimiters): string {
  const codes = new Map([
    [field, "F"],
    [component, "S"],
    [subcomponent, "T"],
    [repetition, "R"],
    [escape, "E"],
    ["\n", ".br"],
    ["\r", "X0D"],
  ]);
  return Array.from(text, (character) => {
    const code = codes.get(character);
    return code === undefined ? character : `${escape}${code}${escape}`;
  }).join("");
}

/** The text of a file: UTF-8 where it is that, else Windows-1252, unless the message says which other. */
export function textOf(bytes: Uint8Array): string {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: false }).decode(bytes);
  } catch {
    return new TextDecoder("windows-1252").decode(bytes);
  }
}
