/** Looks for what must not stand anywhere in clear: in raw files, in every long row of every database, in names and in logs. */
import { readdirSync, readFileSync } from "node:fs";
import { join, relative } from "node:path";
import { DatabaseSync } from "node:sqlite";

/** Part of every address and password of a journey: short enough to survive what encodings do at its ends. */
export const CANARY = "zq7-canary-x9k2";
/** Part of the name of every account of a journey. */
export const NAME_CANARY = "Vq4-Nightjar-w8n3";
const NAME = "a person's name";
const SECRET_PREFIXES: Readonly<Record<string, string>> = {
  // base 64 of `{"alg":"ES256","typ":"at+jw`, as every access token begins; signed statements, which may be read by everybody, are of another type.
  "an access token": "eyJhbGciOiJFUzI1NiIsInR5cCI6ImF0K2p3",
  "a refresh token": "rt_",
  "a key of a program": "mk_",
  "a code of a letter": "rst_",
  "a code of a registration": "reg_",
  "a code of a new address": "eml_",
  "half a sign-in": "mfa_",
  "the secret of a receipt": "rcp_",
  // base 64 of `{"use":"`, as the simulated vendor's tokens go on behind `ya29.` and `1//`.
  "a vendor's token": "eyJ1c2UiOi",
};
const REGIONED = new Set(["rt_", "mk_", "rst_", "reg_", "eml_", "mfa_", "rcp_"]);

/** What may stand in clear, where, by how the path in the state begins, and why. Nothing else may. */
const ALLOWED: readonly { readonly what: string; readonly where: readonly string[]; readonly why: string }[] = [
  {
    what: NAME,
    where: ["v3/d1/", "v3/do/meridian-Vault/"],
    why: "the profile, in the records and in the person's vault: shown with every answer about them, and nobody is found by it (decision 24)",
  },
];

/** Where something stood that must not. */
export interface Leak {
  readonly what: string;
  /** File or table within the state, or `log`, or `name`. */
  readonly where: string;
}

/** What is looked for: the bytes of each form, and what they would be. */
type Needles = readonly { readonly what: string; readonly bytes: Buffer }[];

/** The forms in which a text may be written down. */
export function formsOf(text: string): Buffer[] {
  const bytes = Buffer.from(text);
  // Of base 64 only the digits that depend on the text alone, for each of the three ways in which it can be aligned.
  const base64 = [0, 1, 2].flatMap((before) => {
    const padded = Buffer.concat([Buffer.alloc(before), bytes]);
    const whole = Math.floor(padded.length / 3) * 4;
    const digits = padded.toString("base64").slice(before === 0 ? 0 : 4, whole);
    return [digits, digits.replaceAll("+", "-").replaceAll("/", "_")];
  });
  const utf16 = Buffer.from(text, "utf16le");
  return [
    bytes,
    ...base64.map((digits) => Buffer.from(digits)),
    Buffer.from(bytes.toString("hex")),
    Buffer.from(bytes.toString("hex").toUpperCase()),
    Buffer.from([...bytes].map((byte) => `%${byte.toString(16).padStart(2, "0").toUpperCase()}`).join("")),
    utf16,
    Buffer.from(utf16).swap16(),
    Buffer.from([...bytes].toReversed()),
  ];
}

function needles(more: Readonly<Record<string, string>>): Needles {
  const own = { "an address or password": CANARY, [NAME]: NAME_CANARY, ...more };
  const sought = Object.entries(own).flatMap(([what, text]) =>
    [...new Set(formsOf(text).map((form) => form.toString("latin1")))].map((form) => ({ what, bytes: Buffer.from(form, "latin1") })),
  );
  const prefixes = Object.entries(SECRET_PREFIXES).flatMap(([what, prefix]) =>
    (REGIONED.has(prefix) ? ["eu_", "us_", "ap_"] : [""]).map((region) => ({ what, bytes: Buffer.from(prefix + region) })),
  );
  return [...sought, ...prefixes];
}

/**
 * Searches a folder of local state and the logs. `more` are further texts by what they are. `aside` are files that are no part of what
 * a deployment stores.
 */
export function leaksIn(folder: string, logs: string, more: Readonly<Record<string, string>> = {}, aside: readonly string[] = []): Leak[] {
  const sought = needles(more);
  const found: Leak[] = [];
  const look = (bytes: Buffer, where: string, file = where): void => {
    for (const { what, bytes: needle } of sought) if (bytes.includes(needle) && !isAllowed(what, file)) found.push({ what, where });
  };
  for (const file of filesIn(folder)) {
    const name = relative(folder, file);
    if (aside.includes(name)) continue;
    look(Buffer.from(name), `name ${name}`);
    const bytes = readFileSync(file);
    look(bytes, name);
    if (bytes.subarray(0, 15).toString() === "SQLite format 3") look(longRowsOf(file), `rows of ${name}`, name);
  }
  look(Buffer.from(logs), "log");
  return [...new Map(found.map((leak) => [`${leak.what} ${leak.where}`, leak])).values()];
}

function isAllowed(what: string, file: string): boolean {
  return ALLOWED.some((one) => one.what === what && one.where.some((beginning) => file.startsWith(beginning)));
}

function filesIn(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name));
}

/** Rows that may lie on several pages, where a text can be torn apart: their columns in one piece each. */
function longRowsOf(file: string): Buffer {
  const database = new DatabaseSync(file, { readOnly: true });
  try {
    const tables = database.prepare("select name from sqlite_master where type = 'table' and sql not like 'create virtual%'").all();
    const parts = tables.flatMap(({ name }) => {
      const table = `"${String(name).replaceAll('"', '""')}"`;
      const columns = database.prepare(`select name from pragma_table_info(${`'${String(name).replaceAll("'", "''")}'`})`).all();
      const lengths = columns.map(({ name: column }) => `coalesce(length("${String(column).replaceAll('"', '""')}"), 0)`);
      if (lengths.length === 0) return [];
      const rows = database.prepare(`select * from ${table} where ${lengths.join(" + ")} > 400`).all();
      return rows.flatMap((row) =>
        Object.values(row).flatMap((value) =>
          typeof value === "string" ? [Buffer.from(value)] : value instanceof Uint8Array ? [Buffer.from(value)] : [],
        ),
      );
    });
    return Buffer.concat(parts.flatMap((part) => [part, Buffer.from("\n")]));
  } finally {
    database.close();
  }
}
