import { CALLS } from "./calls";
import type { Member } from "./members";
import type { StoredEvent } from "./log";
import type { RoomState } from "./state";

/** What an extension may do in a room. */
export interface RoomTools {
  readonly state: RoomState;
  /** An active member, or undefined. */
  member(no: number): Member | undefined;
  /** Throws where a member may not begin something that reaches all the others. */
  requireBegin(member: Member): void;
  /** A frame to every socket of one member, or to one socket by the id that `receive` was given. */
  send(to: { readonly member: number } | { readonly socket: string }, frame: Readonly<Record<string, unknown>>): void;
  /** A frame to everybody, kept nowhere. */
  broadcast(frame: Readonly<Record<string, unknown>>): void;
  /** A numbered event of kind `call`, kept and told to everybody. */
  append(by: number, data: Readonly<Record<string, unknown>>): StoredEvent;
}

/** Whose frame it is. */
export interface Sender {
  readonly member: Member;
  /** The socket that it came by; absent by REST. */
  readonly socket: string | undefined;
}

/**
 * Frames beyond the room's own verbs: those whose `type` begins with the prefix and a dot, like `call.offer`. The members are checked; the
 * frame is checked by the extension. What `receive` returns is the answer; it throws problems.
 */
export interface RoomExtension {
  readonly prefix: string;
  /** The room is there: timers get their handlers. */
  begin?(tools: RoomTools): void;
  receive(tools: RoomTools, from: Sender, frame: Readonly<Record<string, unknown>>): Promise<unknown>;
  /** A socket has gone: its own, or with its member, who was removed. */
  left?(tools: RoomTools, from: Sender): void;
}

/** Every extension, by its prefix. */
export const EXTENSIONS: readonly RoomExtension[] = [CALLS];

/** The extension that a frame's type names. */
export function extensionOf(type: unknown): RoomExtension | undefined {
  if (typeof type !== "string") return undefined;
  return EXTENSIONS.find(({ prefix }) => type.startsWith(`${prefix}.`));
}
