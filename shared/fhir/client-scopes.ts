import { CATEGORIES, type Category, type Scope, SHARED_ACTIONS, SPECIAL } from "../policy/vocabulary";
import { ADVICE_TYPES } from "./classes";
import { CLASS, type Grant, type Reach } from "./reach";
import { covers, parseScope, type ResourceScope } from "./scopes";

/**
 * What machine clients may register for the FHIR API: SMART's `system/` scopes (Backend Services), beside `read:…`. Data is seen by consent
 * alone; a scope only narrows what consents allow. Special categories need to be named: by `read:…`, or by a type of resources that holds
 * nothing else (`system/Condition.rs` names the medical history). `system/*` and `system/Observation` name none.
 */
export function systemScope(text: string): ResourceScope | undefined {
  const scope = parseScope(text);
  return scope?.kind === "resource" && scope.context === "system" && !scope.interactions.includes("d") ? scope : undefined;
}

/** Whether a scope is registered, or part of one that is. */
export function isCoveredBy(registered: readonly string[], scope: string): boolean {
  if (registered.includes(scope)) return true;
  const wanted = systemScope(scope);
  return (
    wanted !== undefined &&
    covers(
      registered.flatMap((one) => systemScope(one) ?? []),
      wanted,
    )
  );
}

const PLAIN = CATEGORIES.filter((category) => !SPECIAL.has(category));
/** Types that are no more special than the readings and results in them. */
const OF_READINGS: ReadonlySet<string> = new Set(["*", "Observation", "DiagnosticReport", "Device", "Patient"]);

/** What a token with these scopes leaves of FHIR resources. */
export function reachOfClient(names: readonly string[]): Reach {
  const read = readable(names);
  const grants: Grant[] = read.length === 0 ? [] : [{ type: "*", interactions: "rs", where: [classes(read)] }];
  for (const { type, interactions, where } of systemScopes(names)) {
    // What `read:…` names beside, is named for reading alone.
    for (const [others, named] of [
      [/[^rs]/g, read],
      [/[rs]/g, []],
    ] as const) {
      const left = interactions.replaceAll(others, "");
      if (left !== "") grants.push({ type, interactions: left, where: [...where, classes([...PLAIN, ...named, ...namedBy(type)])] });
    }
  }
  return { grants };
}

/** The same in the words of the policy, for decisions about the FHIR API. */
export function policyScopesOf(names: readonly string[]): Scope[] {
  const found = new Set<Scope>(readable(names).map((category): Scope => `read:${category}`));
  for (const { type, interactions } of systemScopes(names)) {
    const isAdvice = (ADVICE_TYPES as readonly string[]).includes(type) || type === "*";
    const actions = SHARED_ACTIONS.filter((action) =>
      action === "read" ? /[rs]/.test(interactions) : /[cu]/.test(interactions) && (action === "write" || isAdvice),
    );
    for (const action of actions) for (const category of [...PLAIN, ...namedBy(type)]) found.add(`${action}:${category}`);
  }
  return [...found];
}

function systemScopes(names: readonly string[]): ResourceScope[] {
  return names.flatMap((name) => systemScope(name) ?? []);
}

/** The categories that `read:…` names. */
function readable(names: readonly string[]): Category[] {
  return CATEGORIES.filter((category) => names.includes(`read:${category}`) || (names.includes("read:*") && !SPECIAL.has(category)));
}

function namedBy(type: string): Category[] {
  return OF_READINGS.has(type) ? [] : ["history", "documents"];
}

function classes(categories: readonly Category[]) {
  return [CLASS, [...new Set<string>([...categories, "person"])].join(",")] as const;
}
