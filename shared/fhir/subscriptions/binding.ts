import * as z from "zod";
import { type Id, parseId, type PersonId } from "../../id";
import { parseJson } from "../../live/admission";

/** How the Worker hands a binding to the vault: in a header of a request that it builds itself. */
export const BINDING_HEADER = "x-meridian-binding";
/** The header in which the Worker says which token opened the socket: its SHA-256. */
export const TOKEN_HEADER = "x-meridian-binding-token";
/** Seconds for which a token binds. */
export const BINDING_S = 60;

/** What a token of `$get-ws-binding-token` stands for: one socket, for Subscriptions of one person, asked for in one session. */
export interface Binding {
  readonly person: PersonId;
  /** Where the token was asked for; the socket ends with it. */
  readonly session: string;
  readonly subscriptions: readonly string[];
  readonly id: Id<"ticket">;
  /** Epoch milliseconds. */
  readonly until: number;
}

const schema = z.tuple([z.string(), z.string(), z.array(z.string()), z.string(), z.number()]);

export function writeBinding({ person, session, subscriptions, id, until }: Binding): string {
  return JSON.stringify([person, session, subscriptions, id, until]);
}

/** The binding in a text, or undefined where it is none. */
export function readBinding(text: string | null): Binding | undefined {
  const parsed = schema.safeParse(text === null ? undefined : parseJson(text));
  if (!parsed.success) return undefined;
  const [personText, session, subscriptions, ticket, until] = parsed.data;
  const person = parseId("person", personText);
  const id = parseId("ticket", ticket);
  return person === undefined || id === undefined ? undefined : { person, session, subscriptions, id, until };
}
