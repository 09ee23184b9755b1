import { type Fields, fieldsIn, isFields } from "./r4/issue";

/** A Patient of another server, as far as people read it: null and empty lists where the server says nothing. */
export interface RemotePatient {
  readonly id: string;
  readonly name: string | null;
  readonly birthDate: string | null;
  /** `male`, `female`, `other`, `unknown`. */
  readonly gender: string | null;
  readonly addresses: readonly RemoteAddress[];
  readonly contacts: readonly { readonly system: string | null; readonly value: string; readonly use: string | null }[];
  readonly identifiers: readonly { readonly system: string | null; readonly value: string; readonly type: string | null }[];
}

export interface RemoteAddress {
  readonly use: string | null;
  readonly lines: readonly string[];
  readonly city: string | null;
  readonly state: string | null;
  readonly postalCode: string | null;
  readonly country: string | null;
}

/** A server that sends thousands is cut short. */
const MOST = 50;
const LONGEST = 500;
/** Which name people go by: HL7's NameUse in order of choice. */
const NAME_USES = ["official", "usual", "nickname"];

/** Reads a Patient that another server has answered; undefined for anything else. Unknown and ill-formed elements are left out. */
export function readRemotePatient(value: unknown): RemotePatient | undefined {
  if (!isFields(value) || value["resourceType"] !== "Patient") return undefined;
  const id = text(value["id"]);
  if (id === null) return undefined;
  return {
    id,
    name: nameOf(some(value["name"])),
    birthDate: text(value["birthDate"]),
    gender: text(value["gender"]),
    addresses: some(value["address"]).map((address) => ({
      use: text(address["use"]),
      lines: texts(address["line"]),
      city: text(address["city"]),
      state: text(address["state"]),
      postalCode: text(address["postalCode"]),
      country: text(address["country"]),
    })),
    contacts: some(value["telecom"]).flatMap((point) => {
      const found = text(point["value"]);
      return found === null ? [] : [{ system: text(point["system"]), value: found, use: text(point["use"]) }];
    }),
    identifiers: some(value["identifier"]).flatMap((identifier) => {
      const found = text(identifier["value"]);
      return found === null ? [] : [{ system: text(identifier["system"]), value: found, type: typeOf(identifier["type"]) }];
    }),
  };
}

function nameOf(names: readonly Fields[]): string | null {
  const rank = (name: Fields) => {
    const at = NAME_USES.indexOf(String(name["use"]));
    return at < 0 ? NAME_USES.length : at;
  };
  for (const name of names.toSorted((a, b) => rank(a) - rank(b))) {
    const whole = [...texts(name["prefix"]), ...texts(name["given"]), text(name["family"]) ?? "", ...texts(name["suffix"])]
      .join(" ")
      .trim();
    const said = text(name["text"]) ?? (whole === "" ? null : whole);
    if (said !== null) return said;
  }
  return null;
}

function typeOf(concept: unknown): string | null {
  if (!isFields(concept)) return null;
  const coding = some(concept["coding"]);
  return text(concept["text"]) ?? coding.map(({ display, code }) => text(display) ?? text(code)).find((found) => found !== null) ?? null;
}

/** The objects of a list; nobody has more of one kind. */
function some(value: unknown): readonly Fields[] {
  return Array.isArray(value) ? fieldsIn(value).slice(0, MOST) : [];
}

function texts(value: unknown): readonly string[] {
  return Array.isArray(value) ? value.slice(0, MOST).flatMap((one) => text(one) ?? []) : [];
}

function text(value: unknown): string | null {
  if (typeof value !== "string") return null;
  const trimmed = value.trim();
  return trimmed === "" ? null : trimmed.slice(0, LONGEST);
}
