import { callsConfig, type CallsConfig } from "../../shared/calls/config";
import type { CallFrame, SfuFrame } from "../../shared/calls/frames";
import type { Clock } from "../../shared/clock";
import type { PersonActor } from "../../shared/context";
import { type AppContext, personOf } from "../../shared/http/app-env";
import { parseId } from "../../shared/id";
import { notFound } from "../../shared/problem";
import { roomOf, vaultOf } from "../regional";
import { RealtimeClient } from "./client";

/** What the verbs about calls need from outside. */
export interface CallPorts {
  readonly actor: PersonActor;
  readonly now: Clock;
  readonly config: CallsConfig;
  readonly realtime: RealtimeClient;
  /** Says something about a call to its room, as the member who asks. */
  readonly say: (frame: CallFrameInput | SfuFrame) => Promise<unknown>;
}

/** A frame, or one whose fields with a usual value are left out. */
export type CallFrameInput = { readonly type: CallFrame["type"] } & Readonly<Record<string, unknown>>;

/** The ports of a request about a room; their session is checked in the person's vault. Problem `not_found` for what is no room. */
export async function callPorts(c: AppContext, roomId: string): Promise<CallPorts> {
  const actor = personOf(c);
  await vaultOf(c.env, actor.person).enterRooms(actor);
  const id = parseId("room", roomId);
  if (id === undefined) throw notFound("room");
  const room = roomOf(c.env, id);
  const config = callsConfig(c.env);
  return {
    actor,
    now: c.get("now"),
    config,
    realtime: new RealtimeClient(config),
    say: async (frame) => JSON.parse(await room.extend(actor.person, JSON.stringify(frame))) as unknown,
  };
}
