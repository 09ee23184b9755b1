import * as z from "zod";
import { problem } from "../../shared/problem";
import type { Description, SfuAnswer, SfuTrack } from "./client";
import type { CallPorts } from "./ports";

/** What a participant wants of the forwarding server: to push tracks of their own, or to pull those of others. */
export interface TracksAsk {
  readonly push: readonly { readonly mid: string; readonly name: string }[];
  readonly pull: readonly { readonly session: string; readonly name: string }[];
  readonly offer?: Description | undefined;
}

/** Opens a session for somebody who is in the call; it is theirs from then on. Problems `conflict`, `server_failed`. */
export async function openSession({ say, realtime, config }: CallPorts, call: string): Promise<string> {
  await say({ type: "call.sfu.may", call });
  requireSfu(config.sfu);
  const session = await realtime.newSession();
  await say({ type: "call.sfu.own", call, session });
  return session;
}

/**
 * Pushes and pulls tracks in a session of one's own; only tracks of the same call can be pulled. What the server took of a batch is noted, and what it refused
 * is in the answer. Problem `not_found` for somebody else's session or track.
 */
export async function changeTracks(
  { say, realtime, config }: CallPorts,
  call: string,
  session: string,
  ask: TracksAsk,
): Promise<SfuAnswer> {
  await say({ type: "call.sfu.use", call, session, pull: [...ask.pull] });
  requireSfu(config.sfu);
  const tracks: SfuTrack[] = [
    ...ask.push.map(({ mid, name }) => ({ location: "local" as const, mid, trackName: name })),
    ...ask.pull.map(({ session: sessionId, name }) => ({ location: "remote" as const, sessionId, trackName: name })),
  ];
  const answer = await realtime.newTracks(session, tracks, ask.offer);
  const taken = new Set(answer.tracks?.filter(({ errorCode }) => errorCode === undefined).map(({ trackName }) => trackName));
  const pushed = ask.push.filter(({ name }) => taken.has(name));
  if (pushed.length > 0) await say({ type: "call.sfu.pushed", call, session, tracks: pushed });
  return answer;
}

/** Answers an offer of the server, in a session of one's own. */
export async function renegotiate(
  { say, realtime, config }: CallPorts,
  call: string,
  session: string,
  answer: Description,
): Promise<SfuAnswer> {
  await say({ type: "call.sfu.use", call, session, pull: [] });
  requireSfu(config.sfu);
  return await realtime.renegotiate(session, answer);
}

/** Closes tracks of a session of one's own. */
export async function closeTracks(
  { say, realtime, config }: CallPorts,
  call: string,
  session: string,
  mids: readonly string[],
  offer: Description | undefined,
): Promise<SfuAnswer> {
  await say({ type: "call.sfu.use", call, session, pull: [] });
  requireSfu(config.sfu);
  const answer = await realtime.closeTracks(session, mids, offer);
  await say({ type: "call.sfu.closed", call, session, mids: [...mids] });
  return answer;
}

const tracksSchema = z.object({ items: z.array(z.object({ session: z.string(), name: z.string(), member: z.number().int() })) });

/** What can be pulled in the call, and whose it is. */
export async function listTracks({ say }: CallPorts, call: string): Promise<z.infer<typeof tracksSchema>["items"]> {
  return tracksSchema.parse(await say({ type: "call.sfu.tracks", call })).items;
}

/** Asked for last: whoever is not in the call does not learn how it runs. */
function requireSfu(sfu: unknown): void {
  if (sfu === undefined) throw problem("conflict", "No forwarding server is configured: devices connect to each other.");
}
