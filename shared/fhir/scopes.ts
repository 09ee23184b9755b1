import { STORED_TYPES } from "./r4/definitions";
import type { Grant, Reach } from "./reach";

/**
 * Scopes of SMART App Launch 2.2 (§3): `patient/Observation.rs?category=…|vital-signs` of version 2, `patient/*.read` of version 1, and
 * the words about launch and identity. Pure: a text becomes scopes, scopes become a `Reach`. What is not well formed is no scope.
 */
export type SmartScope = ResourceScope | WordScope;

export interface ResourceScope {
  readonly kind: "resource";
  /** As it was asked for: it is answered in the same letters. */
  readonly text: string;
  readonly context: "patient" | "user" | "system";
  readonly type: ScopeType;
  /** A subset of `cruds`, in that order. */
  readonly interactions: string;
  readonly where: readonly (readonly [name: string, value: string])[];
}

/** What a scope may name: a type of resources that is stored here, or all of them. */
export type ScopeType = (typeof STORED_TYPES)[number] | "*";

export interface WordScope {
  readonly kind: "word";
  readonly text: Word;
}

export const WORDS = ["openid", "fhirUser", "profile", "launch", "launch/patient", "offline_access", "online_access"] as const;
export type Word = (typeof WORDS)[number];

/** Constraints that can be kept on every path: a scope with another one is not granted, since it would say more than it does. */
const WHERE: ReadonlySet<string> = new Set(["category", "code", "status"]);
const ALL = "cruds";
const LETTERS = ["c", "r", "u", "d", "s"] as const;
/** Version 1 (§3.0.6.1). */
const OLD: Readonly<Record<string, string>> = { read: "rs", write: "cud", "*": ALL };
const RESOURCE = /^(patient|user|system)\/(\*|[A-Z][A-Za-z]{1,63})\.(read|write|\*|c?r?u?d?s?)(?:\?([^?#\s]{1,1000}))?$/;
const MOST_WHERE = 5;
/** Longer lists are cut: a scope's text travels in every token. */
export const MOST_SCOPES = 50;

/** One scope; undefined for a text that is none, or that cannot be kept. */
export function parseScope(text: string): SmartScope | undefined {
  if (isWord(text)) return { kind: "word", text };
  const [, context, type = "", suffix = "", query] = RESOURCE.exec(text) ?? [];
  if (context !== "patient" && context !== "user" && context !== "system") return undefined;
  if (suffix === "" || !isScopeType(type)) return undefined;
  const where = query === undefined ? [] : whereIn(query);
  if (where === undefined || (where.length > 0 && type === "*")) return undefined;
  return { kind: "resource", text, context, type, interactions: OLD[suffix] ?? suffix, where };
}

/** The scopes of a parameter or claim, each once, in order; what is none is left out (RFC 6749 §3.3). */
export function scopesOf(text: string): SmartScope[] {
  const names = [...new Set(text.split(" ").filter((name) => name !== ""))].slice(0, MOST_SCOPES);
  return names.flatMap((name) => parseScope(name) ?? []);
}

/** Scopes as the parameter or claim says them. */
export function scopeText(scopes: readonly SmartScope[]): string {
  return scopes.map(({ text }) => text).join(" ");
}

/** Whether a word is among them. */
export function says(scopes: readonly SmartScope[], word: Word): boolean {
  return scopes.some(({ text }) => text === word);
}

/**
 * What an app may do in the compartment of the person who let it in. Grants unite, each with its own constraint. `user/` and `patient/`
 * mean the same there; `system/` is for programs that act for nobody, and gives nothing. `fhirUser` lets the app read whom it names.
 */
export function reachOf(scopes: readonly SmartScope[]): Reach {
  const grants = scopes.flatMap((scope): Grant[] => {
    if (scope.kind === "word") return scope.text === "fhirUser" ? [{ type: "Patient", interactions: "r" }] : [];
    if (scope.context === "system") return [];
    const { type, interactions, where } = scope;
    return [where.length === 0 ? { type, interactions } : { type, interactions, where }];
  });
  return { grants };
}

/** What an app may do in the compartments of others who let its person in: `user/` means whatever that person may, and `patient/` does not. */
export function reachOfOthers(scopes: readonly SmartScope[]): Reach {
  return reachOf(scopes.filter((scope) => scope.kind === "resource" && scope.context === "user"));
}

/** Whether one of the scopes allows all that another would. */
export function covers(scopes: readonly SmartScope[], wanted: SmartScope): boolean {
  return scopes.some((scope) => {
    if (scope.kind === "word" || wanted.kind === "word") return scope.text === wanted.text;
    return (
      scope.context === wanted.context &&
      (scope.type === "*" || scope.type === wanted.type) &&
      LETTERS.every((letter) => !wanted.interactions.includes(letter) || scope.interactions.includes(letter)) &&
      scope.where.every(([name, value]) => wanted.where.some(([other, same]) => other === name && same === value))
    );
  });
}

/** Those of the wanted scopes that others cover: never more than either. */
export function within(wanted: readonly SmartScope[], scopes: readonly SmartScope[]): SmartScope[] {
  return wanted.filter((one) => covers(scopes, one));
}

/** A constraint, or undefined where one of its parameters cannot be kept. */
function whereIn(query: string): [string, string][] | undefined {
  const found = [...new URLSearchParams(query)];
  const isKept = found.every(([name, value]) => WHERE.has(name) && value !== "" && !/[\s\\$]/.test(value));
  return isKept && found.length > 0 && found.length <= MOST_WHERE ? found : undefined;
}

function isWord(text: string): text is Word {
  return (WORDS as readonly string[]).includes(text);
}

function isScopeType(text: string): text is ScopeType {
  return text === "*" || (STORED_TYPES as readonly string[]).includes(text);
}
