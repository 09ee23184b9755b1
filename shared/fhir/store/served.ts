import { EXPORTS, operationsOf } from "../operations";
import { type Abilities, EVERYTHING, READ_ONLY, type TypeAbilities } from "../r4/abilities";
import { TOPICS } from "../subscriptions/topics";
import { RESOURCE_TYPES, type ResourceType } from "../r4/structures";

/** Types that nobody writes here, and where what they tell of is said instead. A Consent that was merely kept would look as if it had an effect. */
export const NOT_WRITTEN: Partial<Readonly<Record<ResourceType, string>>> = {
  Patient: "The Patient is the account: change it under /v1/me.",
  Consent: "A view of the person's consents: they are given and taken back under /v1/me/consents.",
  AuditEvent: "A view of the person's access log, which is written by Meridian alone.",
};

/** Files do not change: what refers to one can be sure of it. */
const FILES: TypeAbilities = {
  ...EVERYTHING,
  interactions: EVERYTHING.interactions.filter((interaction) => interaction !== "update" && interaction !== "patch"),
  updateCreate: false,
  conditionalUpdate: false,
  documentation:
    "Files of up to 20 MiB, raw or as JSON: an Accept header of FHIR's media type is answered with the resource, any other with the bytes. Searches and histories show them without their data.",
};

/** Made and changed whole, each by itself; its status is the server's. */
const SUBSCRIPTIONS: TypeAbilities = {
  ...EVERYTHING,
  interactions: EVERYTHING.interactions.filter((interaction) => interaction !== "patch"),
  updateCreate: false,
  conditionalUpdate: false,
  conditionalDelete: "not-supported",
  documentation:
    "Topic-based Subscriptions of the R4 backport (rest-hook, websocket), and those of R4 with a search. Headers are kept sealed and not shown again.",
  topics: TOPICS.map(({ url }) => url),
};

const VIEWS: Partial<Readonly<Record<ResourceType, string>>> = {
  Observation:
    "What clients wrote, beside views of the person's readings and laboratory results: those have no versions and are not changed here. A dense series is one Observation with SampledData for each source and hour.",
  DiagnosticReport: "What clients wrote, beside laboratory reports with the results that were read from them.",
  Group:
    "What clients wrote about the person; and of organisations, for their programs and staff (managing-entity=Organization/…), those of people who consented to them, of members and a number alone.",
  Device: "What clients wrote, beside one for each source of readings: a wearable, an app, an interface.",
};

/** What the server does, as its CapabilityStatement lists it and its routes do it. */
export const SERVED: Abilities = {
  types: new Map(
    RESOURCE_TYPES.map((type): [ResourceType, TypeAbilities] => {
      const documentation = NOT_WRITTEN[type] ?? VIEWS[type];
      return [
        type,
        {
          ...(type === "Binary"
            ? FILES
            : type === "Subscription"
              ? SUBSCRIPTIONS
              : NOT_WRITTEN[type] === undefined
                ? EVERYTHING
                : READ_ONLY),
          ...(documentation !== undefined && { documentation }),
          operations: operationsOf(type),
        },
      ];
    }),
  ),
  interactions: ["transaction", "batch", "history-system"],
  operations: [EXPORTS.system],
};
