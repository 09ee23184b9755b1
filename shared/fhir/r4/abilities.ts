import { RESOURCE_TYPES, type ResourceType } from "./structures";

export type TypeInteraction =
  | "read"
  | "vread"
  | "update"
  | "patch"
  | "delete"
  | "history-instance"
  | "history-type"
  | "create"
  | "search-type";
export type SystemInteraction = "transaction" | "batch" | "search-system" | "history-system";

/** What the server can do with a type. */
export interface TypeAbilities {
  readonly interactions: readonly TypeInteraction[];
  /** A client may choose the id of what it creates. */
  readonly updateCreate: boolean;
  readonly conditionalCreate: boolean;
  readonly conditionalRead: "not-supported" | "modified-since" | "not-match" | "full-support";
  readonly conditionalUpdate: boolean;
  readonly conditionalDelete: "not-supported" | "single" | "multiple";
  /** Parameters of R4 that are not searched by. */
  readonly withoutParameters: readonly string[];
  readonly operations: readonly Operation[];
  readonly documentation?: string;
  /** Canonical URLs of the topics that a Subscription may name. */
  readonly topics?: readonly string[];
}

export interface Operation {
  readonly name: string;
  /** Canonical address. */
  readonly definition: string;
  readonly documentation?: string;
}

/** What the server can do: the only place to change when that changes. */
export interface Abilities {
  readonly types: ReadonlyMap<ResourceType, TypeAbilities>;
  readonly interactions: readonly SystemInteraction[];
  readonly operations: readonly Operation[];
}

/** Everything that a stored type can do unless a row below says otherwise. */
export const EVERYTHING: TypeAbilities = {
  interactions: ["read", "vread", "update", "patch", "delete", "history-instance", "history-type", "create", "search-type"],
  updateCreate: true,
  conditionalCreate: true,
  conditionalRead: "full-support",
  conditionalUpdate: true,
  conditionalDelete: "single",
  withoutParameters: [],
  operations: [],
};

/** What can only be looked at: the server writes it, or it comes with something else. */
export const READ_ONLY: TypeAbilities = {
  ...EVERYTHING,
  interactions: ["read", "search-type"],
  updateCreate: false,
  conditionalCreate: false,
  conditionalUpdate: false,
  conditionalDelete: "not-supported",
};

/** Every type with the same abilities, but for those that are given. */
export function abilities(
  special: Partial<Readonly<Record<ResourceType, TypeAbilities>>>,
  interactions: readonly SystemInteraction[],
  operations: readonly Operation[],
): Abilities {
  return { types: new Map(RESOURCE_TYPES.map((type) => [type, special[type] ?? EVERYTHING])), interactions, operations };
}
