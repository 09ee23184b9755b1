import * as z from "zod";
import type { PersonActor } from "../context";
import { type Id, parseId } from "../id";
import { ROLE_NAMES } from "../roles";

/**
 * How the Worker hands an upgrade to the vault: in a header of a request that it builds itself, so nothing that a client sends can
 * stand in it.
 */
export const ADMISSION_HEADER = "x-meridian-admission";

/** Who wants to come in, as established by the Worker; a ticket is still to be redeemed by the vault. */
export interface Admission {
  readonly actor: PersonActor;
  /** `until` is when the ticket expires, epoch milliseconds. */
  readonly ticket?: { readonly id: Id<"ticket">; readonly until: number };
  /** For another person's stream: when the reader's session ends if it is not renewed, epoch milliseconds. */
  readonly sessionEnds?: number;
}

/** Roles and assurance of the reader, and when their session ends: for another person's stream. */
const readerSchema = z.tuple([z.array(z.enum(ROLE_NAMES)), z.enum(["aal1", "aal2"]), z.number()]);
const schema = z.tuple([z.string(), z.string(), z.string().nullable(), z.number(), readerSchema.nullable()]);

export function writeAdmission({ actor, ticket, sessionEnds }: Admission): string {
  const reader = sessionEnds === undefined ? null : [actor.roles ?? [], actor.assurance ?? "aal1", sessionEnds];
  return JSON.stringify([actor.person, actor.session, ticket?.id ?? null, ticket?.until ?? 0, reader]);
}

/** The admission in a header's text, or undefined where it is none. */
export function readAdmission(text: string | null): Admission | undefined {
  const parsed = schema.safeParse(text === null ? undefined : parseJson(text));
  if (!parsed.success) return undefined;
  const [personText, sessionText, ticketText, until, reader] = parsed.data;
  const person = parseId("person", personText);
  const session = parseId("session", sessionText);
  if (person === undefined || session === undefined) return undefined;
  if (reader !== null) {
    const [roles, assurance, sessionEnds] = reader;
    return { actor: { kind: "person", person, session, roles, assurance }, sessionEnds };
  }
  const actor: PersonActor = { kind: "person", person, session };
  if (ticketText === null) return { actor };
  const id = parseId("ticket", ticketText);
  return id === undefined ? undefined : { actor, ticket: { id, until } };
}

/** JSON's value, or undefined where the text is none. */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
