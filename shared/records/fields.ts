import { type Fields, fieldsIn, isFields, textAt } from "../fhir/r4/issue";
import { isSame } from "../fhir/store/json-patch";

/** A field of a plain record as a view of a resource: what it says there, and the resource that says something else. */
export interface Field {
  /** Undefined where the resource does not say it in a way that a plain record can. */
  read(resource: Fields): unknown;
  /** Changes what the field stands for and nothing else. Undefined takes it out. Only called with something new. */
  write(resource: Fields, value: unknown): Fields;
}

/** A code as plain records have it. */
export interface PlainCode {
  readonly system?: string;
  readonly code: string;
}

/** A resource with one element set, or without it where the value is undefined or empty. */
export function having(resource: Fields, name: string, value: unknown): Fields {
  const { [name]: _before, [`_${name}`]: _extended, ...rest } = resource;
  const isEmpty =
    value === undefined || (Array.isArray(value) && value.length === 0) || (isFields(value) && Object.keys(value).length === 0);
  return isEmpty ? rest : { ...rest, [name]: value };
}

/** The words for a concept: its text, else the first display, else the first code. */
export function wordsOf(concept: unknown): string | undefined {
  const codings = codingsOf(concept);
  const first = (name: string) => codings.map((one) => textAt(one, name)).find((text) => text !== undefined);
  return textAt(concept, "text") ?? first("display") ?? first("code");
}

function codingsOf(concept: unknown): Fields[] {
  return isFields(concept) ? fieldsIn(concept["coding"]) : [];
}

interface Concept {
  readonly get: (resource: Fields) => Fields | undefined;
  readonly set: (resource: Fields, concept: Fields) => Fields;
}

/** A concept at an element. */
export function conceptAt(element: string): Concept {
  return {
    get: (resource) => (isFields(resource[element]) ? resource[element] : undefined),
    set: (resource, concept) => having(resource, element, concept),
  };
}

/** The medicine of a statement: a concept, or a Medication within the resource, or the words of a reference. Writing makes it a concept. */
export const MEDICINE: Concept = {
  get: (resource) => {
    if (isFields(resource["medicationCodeableConcept"])) return resource["medicationCodeableConcept"];
    const reference = resource["medicationReference"];
    const local = textAt(reference, "reference");
    const contained = fieldsIn(resource["contained"]).find((one) => `#${textAt(one, "id")}` === local)?.["code"];
    const words = textAt(reference, "display");
    if (isFields(contained)) return contained;
    return words === undefined ? undefined : { text: words };
  },
  set: (resource, concept) => {
    const local = textAt(resource["medicationReference"], "reference");
    const rest = having(resource, "medicationReference", undefined);
    // A resource within another must be referred to.
    const others = fieldsIn(rest["contained"]).filter((one) => `#${textAt(one, "id")}` !== local);
    const without = having(rest, "contained", others);
    const isReferredTo = local === undefined || JSON.stringify(without).includes(`"${local}"`);
    return having(isReferredTo ? rest : without, "medicationCodeableConcept", concept);
  },
};

/** A concept's code. Another code means another concept: translations and displays of the old one go. */
export function codeField({ get, set }: Concept): Field {
  return {
    read: (resource) => {
      const coding = codingsOf(get(resource)).find((one) => textAt(one, "code") !== undefined);
      const [system, code] = [textAt(coding, "system"), textAt(coding, "code")];
      return code === undefined ? undefined : { ...(system !== undefined && { system }), code };
    },
    write: (resource, value) => set(resource, having(get(resource) ?? {}, "coding", value === undefined ? undefined : [value])),
  };
}

/** A concept's words. */
export function nameField({ get, set }: Concept): Field {
  return {
    read: (resource) => wordsOf(get(resource)),
    write: (resource, value) => set(resource, having(get(resource) ?? {}, "text", value)),
  };
}

/** A code of one system that R4 fixes, kept as a concept: a clinical status, a verification. */
export function statusField(element: string, system: string): Field {
  return {
    read: (resource) =>
      codingsOf(resource[element])
        .filter((one) => textAt(one, "system") === system)
        .map((one) => textAt(one, "code"))
        .find((code) => code !== undefined),
    write: (resource, code) => having(resource, element, code === undefined ? undefined : { coding: [{ system, code }] }),
  };
}

/** A text or code that stands in an element by itself. */
export function textField(element: string): Field {
  return {
    read: (resource) => textAt(resource, element),
    write: (resource, value) => having(resource, element, value),
  };
}

const OTHER_TIMES = ["DateTime", "Age", "Period", "Range", "String"];

/** One end of a time that may be told in other ways too (`onset[x]`); writing replaces all of them by a date. */
export function timeField(stem: string, end: "start" | "end"): Field {
  return {
    read: (resource) => textAt(resource, `${stem}DateTime`) ?? textAt(resource[`${stem}Period`], end),
    write: (resource, value) => {
      const bare = OTHER_TIMES.reduce((left, type) => having(left, `${stem}${type}`, undefined), resource);
      return having(bare, `${stem}DateTime`, value);
    },
  };
}

/** One end of the period in which something was taken. A time alone is its beginning. */
export function takenField(end: "start" | "end"): Field {
  const read = (resource: Fields, which: "start" | "end") =>
    textAt(resource["effectivePeriod"], which) ?? (which === "start" ? textAt(resource, "effectiveDateTime") : undefined);
  return {
    read: (resource) => read(resource, end),
    write: (resource, value) => {
      const before = isFields(resource["effectivePeriod"]) ? resource["effectivePeriod"] : having({}, "start", read(resource, "start"));
      return having(having(resource, "effectiveDateTime", undefined), "effectivePeriod", having(before, end, value));
    },
  };
}

/** One end of a span that is one time where it has no end (`performed[x]`); writing replaces what else tells of the time. */
export function spanField(stem: string, end: "start" | "end"): Field {
  const period = (resource: Fields): Fields => (isFields(resource[`${stem}Period`]) ? (resource[`${stem}Period`] as Fields) : {});
  const read = (resource: Fields, which: "start" | "end") =>
    textAt(period(resource), which) ?? (which === "start" ? textAt(resource, `${stem}DateTime`) : undefined);
  return {
    read: (resource) => read(resource, end),
    write: (resource, value) => {
      const [start, stop] = end === "start" ? [value, read(resource, "end")] : [read(resource, "start"), value];
      const bare = OTHER_TIMES.reduce((left, type) => having(left, `${stem}${type}`, undefined), resource);
      if (stop === undefined) return having(bare, `${stem}DateTime`, start);
      return having(bare, `${stem}Period`, having(having(period(resource), "start", start), "end", stop));
    },
  };
}

/** Words for the first of several concepts; other words mean another concept, which takes its place. Taking it out takes all out. */
export function firstWordsField(element: string): Field {
  return {
    read: (resource) => wordsOf(fieldsIn(resource[element])[0]),
    write: (resource, value) => {
      const rest = fieldsIn(resource[element]).slice(1);
      return having(resource, element, value === undefined ? undefined : [{ text: value }, ...rest]);
    },
  };
}

/** Words for a concept, whose codes go with other words. */
export function wordsField(element: string): Field {
  return {
    read: (resource) => wordsOf(resource[element]),
    write: (resource, value) => having(resource, element, value === undefined ? undefined : { text: value }),
  };
}

/** The words of a reference; what it leads to goes with other words. */
export function whoField(element: string): Field {
  return {
    read: (resource) => textAt(resource[element], "display"),
    write: (resource, value) => having(resource, element, value === undefined ? undefined : { display: value }),
  };
}

/** Which dose of its series an immunization was. Without a number R4 knows no protocol: all go with it. */
export const DOSE_NUMBER: Field = {
  read: ({ protocolApplied }) => fieldsIn(protocolApplied)[0]?.["doseNumberPositiveInt"],
  write: (resource, value) => {
    const [first = {}, ...rest] = fieldsIn(resource["protocolApplied"]);
    const next = having(having(first, "doseNumberString", undefined), "doseNumberPositiveInt", value);
    return having(resource, "protocolApplied", value === undefined ? undefined : [next, ...rest]);
  },
};

const SNOMED = "http://snomed.info/sct";
const SEVERITIES: readonly (readonly [word: string, code: string, display: string])[] = [
  ["mild", "255604002", "Mild"],
  ["moderate", "6736007", "Moderate"],
  ["severe", "24484000", "Severe"],
];

/** How severe a condition is, by the three codes of SNOMED CT that R4 names. */
export const SEVERITY: Field = {
  read: ({ severity }) => {
    const codes = codingsOf(severity).map((one) => textAt(one, "code"));
    return SEVERITIES.find(([, code]) => codes.includes(code))?.[0];
  },
  write: (resource, value) => {
    const known = SEVERITIES.find(([word]) => word === value);
    return having(resource, "severity", known && { coding: [{ system: SNOMED, code: known[1], display: known[2] }] });
  },
};

/** What is told of a dose. Other words mean another dose: the amounts and times of the old one go, so that they cannot contradict. */
export const DOSE: Field = {
  read: ({ dosage }) => textAt(fieldsIn(dosage)[0], "text"),
  write: (resource, value) => {
    const [first = {}, ...rest] = fieldsIn(resource["dosage"]);
    const kept = Object.fromEntries(Object.entries(first).filter(([name]) => ["id", "extension", "sequence", "route"].includes(name)));
    return havingFirst(resource, having(kept, "text", value), rest);
  },
};

export const ROUTE: Field = {
  read: ({ dosage }) => wordsOf(fieldsIn(dosage)[0]?.["route"]),
  write: (resource, value) => {
    const [first = {}, ...rest] = fieldsIn(resource["dosage"]);
    return havingFirst(resource, having(first, "route", value === undefined ? undefined : { text: value }), rest);
  },
};

/** An empty dosage is none, unless others follow that must not take its place. */
function havingFirst(resource: Fields, first: Fields, rest: readonly Fields[]): Fields {
  const isEmpty = Object.keys(first).length === 0;
  return having(resource, "dosage", isEmpty && rest.length === 0 ? undefined : [isEmpty ? { sequence: 1 } : first, ...rest]);
}

/** What an allergy did. Reactions that stay as they are keep all that is said of them. */
export const REACTIONS: Field = {
  read: ({ reaction }) => {
    const list = fieldsIn(reaction).map(plainReaction);
    return list.length === 0 ? undefined : list;
  },
  write: (resource, value) => {
    const before = fieldsIn(resource["reaction"]);
    const wanted = Array.isArray(value) ? fieldsIn(value) : [];
    const next = wanted.map((one) => {
      const same = before.findIndex((old) => isSame(plainReaction(old), one));
      if (same >= 0) return before.splice(same, 1)[0];
      const words = Array.isArray(one["manifestations"]) ? one["manifestations"] : [];
      return having({ manifestation: words.map((text: unknown) => ({ text })) }, "severity", one["severity"]);
    });
    return having(resource, "reaction", next);
  },
};

function plainReaction(reaction: Fields) {
  const severity = textAt(reaction, "severity");
  const manifestations = fieldsIn(reaction["manifestation"]).map((one) => wordsOf(one) ?? "");
  return { manifestations, ...(severity !== undefined && { severity }) };
}

/** All notes as one; another text replaces them. */
export const NOTE: Field = {
  read: ({ note }) => {
    const texts = fieldsIn(note).flatMap((one) => textAt(one, "text") ?? []);
    return texts.length === 0 ? undefined : texts.join("\n\n");
  },
  write: (resource, value) => having(resource, "note", value === undefined ? undefined : [{ text: value }]),
};
