import { SYSTEM } from "../../health/codes";
import { dateRange } from "./date-range";
import { type Fields, fieldsIn, isFields, textAt } from "./issue";
import { structureOf } from "./structures";

/** A rule of R4 that is broken: its key, and what it asks for. */
export type Broken = readonly [key: string, text: string, severity?: "warning"];

type Rule = (value: Fields, root: Fields) => readonly (Broken | false | undefined)[];

/** The rules across elements that a part of a resource breaks. `name` is its structure, `root` the resource that it lies in. */
export function invariants(name: string, value: Fields, root: Fields): readonly Broken[] {
  const rules = RULES.get(name);
  const own = rules === undefined ? NONE : rules(value, root).filter((broken) => broken !== undefined && broken !== false);
  return value["contained"] === undefined ? own : [...own, ...domain(name, value)];
}

const NONE: readonly Broken[] = [];

const has = (value: unknown, ...names: readonly string[]) => isFields(value) && names.some((name) => value[name] !== undefined);

/** Whether a choice of types is given: `has(value, "onset")` for onsetAge and the others. */
function hasChoice(value: Fields, stem: string): boolean {
  for (const key in value) if (key.startsWith(stem) && /^[A-Z]/.test(key.slice(stem.length))) return true;
  return false;
}

const codesAt = (value: Fields, name: string): string[] =>
  fieldsIn(value[name]).flatMap((concept) => fieldsIn(concept["coding"]).flatMap((coding) => textAt(coding, "code") ?? []));

function domain(name: string, value: Fields): Broken[] {
  const contained = fieldsIn(value["contained"]);
  if (contained.length === 0 || structureOf(name)?.isResource !== true) return [];
  const broken: Broken[] = [];
  if (contained.some((one) => has(one, "contained"))) broken.push(["dom-2", "A contained resource contains no other."]);
  if (contained.some(({ meta }) => has(meta, "versionId", "lastUpdated")))
    broken.push(["dom-4", "A contained resource has no version and no time of change."]);
  if (contained.some(({ meta }) => has(meta, "security"))) broken.push(["dom-5", "A contained resource has no security label."]);
  const mentioned = mentions(value);
  const isReferred = (one: Fields) => mentioned.has(`#${textAt(one, "id") ?? ""}`) || mentions(one).has("#");
  if (!contained.every(isReferred))
    broken.push(["dom-3", "A contained resource is referred to from within the resource, or refers to it."]);
  return broken;
}

/** Every local reference within a value: in References, canonical addresses and URIs. */
function mentions(value: unknown, found = new Set<string>()): Set<string> {
  if (typeof value === "string") {
    if (value.startsWith("#")) found.add(value);
  } else if (Array.isArray(value)) for (const one of value) mentions(one, found);
  else if (isFields(value)) for (const key in value) mentions(value[key], found);
  return found;
}

function quantityIn(system: string, key: string): Rule {
  return (value) => [
    has(value, "code") && !has(value, "system") && ["qty-3", "A code of a unit has a system."],
    has(value, "code") && has(value, "system") && value["system"] !== system && [key, "The unit is one of UCUM."],
  ];
}

function order(value: Fields, from: string, to: string): boolean {
  const [first, second] = [textAt(value, from), textAt(value, to)];
  const [a, b] = [first, second].map((text) => (text === undefined ? undefined : dateRange(text, "UTC")));
  // Days and times are told with different precision: only what certainly lies the wrong way round is wrong.
  return a === undefined || b === undefined || a[0] <= b[1];
}

/** A day without a zone may begin fourteen hours earlier or later. */
const ANY_ZONE_MS = 26 * 3_600_000;

function isPeriodInOrder(value: Fields): boolean {
  if (order(value, "start", "end")) return true;
  const [start, end] = [textAt(value, "start") ?? "", textAt(value, "end") ?? ""];
  if (start.includes("T") === end.includes("T")) return false;
  return (dateRange(start, "UTC")?.[0] ?? 0) <= (dateRange(end, "UTC")?.[1] ?? 0) + ANY_ZONE_MS;
}

const numberAt = (value: unknown, name: string): number | undefined => {
  const found = isFields(value) ? value[name] : undefined;
  return typeof found === "number" ? found : undefined;
};

const sameUnit = (a: Fields, b: Fields) => a["code"] === b["code"] && a["system"] === b["system"] && a["unit"] === b["unit"];

function isRangeInOrder({ low, high }: Fields): boolean {
  const [from, to] = [numberAt(low, "value"), numberAt(high, "value")];
  return from === undefined || to === undefined || !isFields(low) || !isFields(high) || !sameUnit(low, high) || from <= to;
}

function scopes(value: Fields): (Broken | false)[] {
  const SCOPES: readonly (readonly [string, string])[] = [
    ["patient-privacy", "ppc-2"],
    ["research", "ppc-3"],
    ["adr", "ppc-4"],
    ["treatment", "ppc-5"],
  ];
  const codes = codesAt(value, "scope");
  return SCOPES.map(
    ([code, key]) => codes.includes(code) && !has(value, "patient") && [key, `A consent of scope ${code} names its patient.`],
  );
}

function bundle(value: Fields): (Broken | false)[] {
  const type = textAt(value, "type") ?? "";
  const entries = fieldsIn(value["entry"]);
  const asks = type === "batch" || type === "transaction" || type === "history";
  const answers = type === "batch-response" || type === "transaction-response" || type === "history";
  const urls = entries.flatMap((entry) => {
    const meta = isFields(entry["resource"]) ? entry["resource"]["meta"] : undefined;
    const url = textAt(entry, "fullUrl");
    return url === undefined ? [] : [`${url} ${textAt(meta, "versionId") ?? ""}`];
  });
  const first = isFields(entries[0]?.["resource"]) ? textAt(entries[0]["resource"], "resourceType") : undefined;
  return [
    has(value, "total") && type !== "searchset" && type !== "history" && ["bdl-1", "Only a search or a history has a total."],
    entries.some((entry) => has(entry, "search")) && type !== "searchset" && ["bdl-2", "Only entries of a search say how they were found."],
    entries.some((entry) => has(entry, "request") !== asks) && [
      "bdl-3",
      "Entries of a batch, a transaction or a history have a request, and others have none.",
    ],
    entries.some((entry) => has(entry, "response") !== answers) && [
      "bdl-4",
      "Entries of an answer or a history have a response, and others have none.",
    ],
    // A history tells one resource many times.
    type !== "history" && new Set(urls).size < urls.length && ["bdl-7", "Addresses of entries differ, or their versions do."],
    type === "document" &&
      !(has(value["identifier"], "system") && has(value["identifier"], "value")) && [
        "bdl-9",
        "A document has an identifier with a system and a value.",
      ],
    type === "document" && !has(value, "timestamp") && ["bdl-10", "A document has a date."],
    type === "document" && first !== "Composition" && ["bdl-11", "A document begins with a Composition."],
    type === "message" && first !== "MessageHeader" && ["bdl-12", "A message begins with a MessageHeader."],
  ];
}

function questionnaireItem(value: Fields): (Broken | false)[] {
  const type = textAt(value, "type") ?? "";
  const [isGroup, isDisplay] = [type === "group", type === "display"];
  const initial = fieldsIn(value["initial"]).length;
  return [
    isGroup && !has(value, "item") && ["que-1", "A group has items."],
    isDisplay && has(value, "item") && ["que-1", "A text that is displayed has no items."],
    isDisplay && has(value, "code") && ["que-3", "A text that is displayed has no code."],
    has(value, "answerOption") && has(value, "answerValueSet") && ["que-4", "Answers are listed or come from a value set, not both."],
    has(value, "answerOption", "answerValueSet") &&
      !["choice", "open-choice", "decimal", "integer", "date", "dateTime", "time", "string", "quantity"].includes(type) && [
        "que-5",
        "Only a question that can be chosen from has listed answers.",
      ],
    isDisplay && has(value, "required", "repeats") && ["que-6", "A text that is displayed is neither required nor repeated."],
    (isGroup || isDisplay) && initial > 0 && ["que-8", "Groups and texts have no first value."],
    isDisplay && has(value, "readOnly") && ["que-9", "A text that is displayed is not read-only."],
    has(value, "maxLength") &&
      !["boolean", "decimal", "integer", "string", "text", "url", "open-choice"].includes(type) && [
        "que-10",
        "Only questions of simple types have a length.",
      ],
    has(value, "answerOption") && initial > 0 && ["que-11", "Where answers are listed, the first value is marked among them."],
    fieldsIn(value["enableWhen"]).length > 1 &&
      !has(value, "enableBehavior") && ["que-12", "With several conditions it says how they combine."],
    initial > 1 && value["repeats"] !== true && ["que-13", "Only a question that repeats has several first values."],
  ];
}

function linkIds(value: Fields): string[] {
  return fieldsIn(value["item"]).flatMap((item) => [textAt(item, "linkId") ?? "", ...linkIds(item)]);
}

function sameCoding(value: Fields): boolean {
  if (value["component"] === undefined) return false;
  const key = (coding: Fields) => `${textAt(coding, "system") ?? ""}|${textAt(coding, "code") ?? ""}`;
  const codings = (concept: unknown) => (isFields(concept) ? fieldsIn(concept["coding"]).map(key) : []);
  const own = new Set(codings(value["code"]));
  return fieldsIn(value["component"]).some(({ code }) => codings(code).some((one) => own.has(one)));
}

const needs = (value: Fields, name: string, other: string) => has(value, name) && !has(value, other);

const RULES: ReadonlyMap<string, Rule> = new Map<string, Rule>([
  // Types
  [
    "Extension",
    (v) => [
      (has(v, "extension") || has(v, "_extension")) === hasChoice(v, "value") &&
        !hasChoice(v, "_value") && ["ext-1", "An extension has either a value or extensions."],
    ],
  ],
  ["Period", (v) => [!isPeriodInOrder(v) && ["per-1", "A period does not end before it starts."]]],
  ["Quantity", (v) => [needs(v, "code", "system") && ["qty-3", "A code of a unit has a system."]]],
  ["Age", quantityIn(SYSTEM.ucum, "age-1")],
  ["Duration", quantityIn(SYSTEM.ucum, "drt-1")],
  ["Distance", quantityIn(SYSTEM.ucum, "dis-1")],
  ["Range", (v) => [!isRangeInOrder(v) && ["rng-2", "The low end is not above the high one."]]],
  [
    "Ratio",
    (v) => [
      (has(v, "numerator") !== has(v, "denominator") || (!has(v, "numerator") && !has(v, "extension"))) && [
        "rat-1",
        "A ratio has both parts, or extensions instead.",
      ],
    ],
  ],
  ["Attachment", (v) => [needs(v, "data", "contentType") && ["att-1", "Data have a content type."]]],
  ["ContactPoint", (v) => [needs(v, "value", "system") && ["cpt-2", "A way to reach somebody says of what system it is."]]],
  [
    "Timing.repeat",
    (v) => [
      needs(v, "duration", "durationUnit") && ["tim-1", "A duration has a unit."],
      needs(v, "period", "periodUnit") && ["tim-2", "A period has a unit."],
      (numberAt(v, "duration") ?? 0) < 0 && ["tim-4", "A duration is not negative."],
      (numberAt(v, "period") ?? 0) < 0 && ["tim-5", "A period is not negative."],
      needs(v, "periodMax", "period") && ["tim-6", "A longest period goes with a period."],
      needs(v, "durationMax", "duration") && ["tim-7", "A longest duration goes with a duration."],
      needs(v, "countMax", "count") && ["tim-8", "A largest count goes with a count."],
      needs(v, "offset", "when") && ["tim-9", "An offset is one from an event."],
      has(v, "timeOfDay") && has(v, "when") && ["tim-10", "Times of day or events, not both."],
    ],
  ],
  ["Expression", (v) => [!has(v, "expression", "reference") && ["exp-1", "An expression is written out or referred to."]]],
  // Clinical
  [
    "Observation",
    (v) => [
      has(v, "dataAbsentReason") && hasChoice(v, "value") && ["obs-6", "A reason why there is no value goes with no value."],
      hasChoice(v, "value") && sameCoding(v) && ["obs-7", "Where a component has the code of the whole, the whole has no value."],
    ],
  ],
  ["Observation.referenceRange", (v) => [!has(v, "low", "high", "text") && ["obs-3", "A range has a low end, a high end or a text."]]],
  [
    "Condition",
    (v) => [
      hasChoice(v, "abatement") &&
        !codesAt(v, "clinicalStatus").some((code) => ["resolved", "remission", "inactive"].includes(code)) && [
          "con-4",
          "A condition that has abated is inactive, resolved or in remission.",
        ],
      has(v, "clinicalStatus") &&
        codesAt(v, "verificationStatus").includes("entered-in-error") && ["con-5", "What was entered in error has no clinical status."],
      !has(v, "clinicalStatus") &&
        !codesAt(v, "verificationStatus").includes("entered-in-error") &&
        codesAt(v, "category").includes("problem-list-item") && ["con-3", "An item of a problem list has a clinical status.", "warning"],
    ],
  ],
  ["Condition.stage", (v) => [!has(v, "summary", "assessment") && ["con-1", "A stage has a summary or an assessment."]]],
  ["Condition.evidence", (v) => [!has(v, "code", "detail") && ["con-2", "Evidence has a code or details."]]],
  [
    "AllergyIntolerance",
    (v) => {
      const isError = codesAt(v, "verificationStatus").includes("entered-in-error");
      return [
        !isError && !has(v, "clinicalStatus") && ["ait-1", "It has a clinical status, unless it was entered in error."],
        isError && has(v, "clinicalStatus") && ["ait-2", "What was entered in error has no clinical status."],
      ];
    },
  ],
  [
    "Immunization.education",
    (v) => [!has(v, "documentType", "reference") && ["imm-1", "Education has a type of document or a reference."]],
  ],
  ["Goal.target", (v) => [hasChoice(v, "detail") && !has(v, "measure") && ["gol-1", "A detail of a target has a measure."]]],
  ["CarePlan.activity", (v) => [has(v, "detail") && has(v, "reference") && ["cpl-3", "An activity has details or a reference, not both."]]],
  [
    "CareTeam.participant",
    (v, root) => {
      const member = textAt(v["member"], "reference") ?? "";
      const type = member.startsWith("#")
        ? textAt(
            fieldsIn(root["contained"]).find((one) => `#${textAt(one, "id") ?? ""}` === member),
            "resourceType",
          )
        : /(?:^|\/)([A-Z][A-Za-z]+)\/[^/]+$/.exec(member)?.[1];
      return [
        has(v, "onBehalfOf") &&
          (type ?? "Practitioner") !== "Practitioner" && ["ctm-1", "Only a practitioner acts on behalf of an organisation."],
      ];
    },
  ],
  ["ServiceRequest", (v) => [needs(v, "orderDetail", "code") && ["prr-1", "Details of an order go with a code."]]],
  ["Task", (v) => [!order(v, "authoredOn", "lastModified") && ["inv-1", "A task is not changed before it is written."]]],
  // People
  [
    "Patient.contact",
    (v) => [
      !has(v, "name", "telecom", "address", "organization") && [
        "pat-1",
        "A contact has a name, a way to reach it, an address or an organisation.",
      ],
    ],
  ],
  [
    "Organization",
    (v) => [
      !has(v, "identifier", "name") && ["org-1", "An organisation has an identifier or a name."],
      fieldsIn(v["address"]).some(({ use }) => use === "home") && ["org-2", "An organisation has no home address."],
      fieldsIn(v["telecom"]).some(({ use }) => use === "home") && ["org-3", "An organisation has no home telephone."],
    ],
  ],
  ["Group", (v) => [has(v, "member") && v["actual"] !== true && ["grp-1", "Only a group that exists has members."]]],
  // Documents
  ["Consent", (v) => [!has(v, "policy", "policyRule") && ["ppc-1", "A consent has a policy or a rule."], ...scopes(v)]],
  [
    "List",
    (v) => [
      has(v, "emptyReason") && has(v, "entry") && ["lst-1", "A list with entries has no reason to be empty."],
      fieldsIn(v["entry"]).some((entry) => has(entry, "deleted")) &&
        v["mode"] !== "changes" && ["lst-2", "Only a list of changes has deleted entries."],
      fieldsIn(v["entry"]).some((entry) => has(entry, "date")) &&
        v["mode"] !== "working" && ["lst-3", "Only a working list has dates of entries."],
    ],
  ],
  ["AuditEvent.entity", (v) => [has(v, "name") && has(v, "query") && ["sev-1", "An entity has a name or a query, not both."]]],
  [
    "Questionnaire",
    (v) => {
      const ids = linkIds(v);
      return [new Set(ids).size < ids.length && ["que-2", "Ids of items differ."]];
    },
  ],
  ["Questionnaire.item", questionnaireItem],
  [
    "Questionnaire.item.enableWhen",
    (v) => [
      v["operator"] === "exists" &&
        typeof v["answerBoolean"] !== "boolean" && ["que-7", "Whether there is an answer is asked with a boolean."],
    ],
  ],
  [
    "QuestionnaireResponse.item",
    (v) => [has(v, "answer") && has(v, "item") && ["qrs-1", "Items lie below an item or below its answers, not both."]],
  ],
  ["Bundle", bundle],
  [
    "Bundle.entry",
    (v) => [
      !has(v, "resource", "request", "response") && ["bdl-5", "An entry has a resource, a request or a response."],
      textAt(v, "fullUrl")?.includes("/_history/") === true && ["bdl-8", "The address of an entry names no version."],
    ],
  ],
  [
    "Parameters.parameter",
    (v) => [
      [hasChoice(v, "value"), has(v, "resource"), has(v, "part")].filter(Boolean).length > 1 && [
        "inv-1",
        "A parameter has a value, a resource or parts.",
      ],
    ],
  ],
]);
