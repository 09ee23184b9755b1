import type { ResourceType } from "../r4/structures";

/** What happens to a resource. */
export type Interaction = "create" | "update" | "delete";

/** Which resources a topic is about: a type, and what a search of it would say. */
export interface Trigger {
  readonly type: ResourceType;
  readonly where?: readonly (readonly [name: string, value: string])[];
}

export interface Topic {
  /** Canonical URL. */
  readonly url: string;
  readonly title: string;
  readonly triggers: readonly Trigger[];
}

/** Where Meridian's own topics are named. */
export const TOPIC_BASE = "urn:meridian:topic:";
const CATEGORY = "http://terminology.hl7.org/CodeSystem/observation-category|";

const observations = (category: string): Trigger => ({ type: "Observation", where: [["category", `${CATEGORY}${category}`]] });
const each = (...types: ResourceType[]): Trigger[] => types.map((type) => ({ type }));

/** The topics that a Subscription may name. R4 has no resource for them: they are listed here, in the CapabilityStatement, and by name. */
export const TOPICS: readonly Topic[] = [
  { url: `${TOPIC_BASE}observations`, title: "Any Observation, of devices, laboratories and people", triggers: each("Observation") },
  { url: `${TOPIC_BASE}vital-signs`, title: "Vital signs", triggers: [observations("vital-signs")] },
  { url: `${TOPIC_BASE}activity`, title: "Steps, workouts, sleep and what else is of the day", triggers: [observations("activity")] },
  {
    url: `${TOPIC_BASE}laboratory`,
    title: "Laboratory results and reports",
    triggers: [observations("laboratory"), ...each("DiagnosticReport")],
  },
  {
    url: `${TOPIC_BASE}care`,
    title: "Messages, tasks and plans between a person and whoever cares for them",
    triggers: each("Communication", "Task", "CarePlan", "ServiceRequest", "Goal"),
  },
  { url: `${TOPIC_BASE}assessments`, title: "Answered questionnaires", triggers: each("QuestionnaireResponse") },
  {
    url: `${TOPIC_BASE}history`,
    title: "Conditions, medicines, allergies, immunizations and procedures",
    triggers: each("Condition", "MedicationStatement", "MedicationRequest", "AllergyIntolerance", "Immunization", "Procedure"),
  },
];

/** The topic of a canonical URL, whatever its version. */
export function topicOf(canonical: string): Topic | undefined {
  const [url = ""] = canonical.split("|");
  return TOPICS.find((topic) => topic.url === url);
}
