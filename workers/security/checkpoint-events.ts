import * as z from "zod";
import { chainKey, mac } from "../../shared/crypto/chain";
import { sameBytes } from "../../shared/crypto/hmac";
import { currentKey } from "../../shared/crypto/keys";
import { REGIONS } from "../../shared/region";
import { headOf, type SecurityPorts, securityPorts } from "./events";

/** The head of the chain at some time, as it was put outside of the database. */
export interface SecurityCheckpoint {
  readonly seq: number;
  readonly hash: string;
  /** False where its signature does not fit: somebody has written to the bucket. */
  readonly isGenuine: boolean;
}

const schema = z.object({ seq: z.int(), hash: z.string(), at: z.int(), key: z.string(), signature: z.string() });
const FOLDER = "security/";
/** Names count down from here, so that a listing begins with the newest. */
const COUNT_FROM = 1e15;
const encoder = new TextEncoder();

/** Puts the signed head of a region's chain into its bucket. Returns 1 where there was something new, else 0. */
export async function checkpointEvents(ports: SecurityPorts): Promise<0 | 1> {
  const { seq, hash } = await headOf(ports);
  const name = `${FOLDER}${String(COUNT_FROM - seq).padStart(16, "0")}`;
  if (seq === 0 || (await ports.files.head(name)) !== null) return 0;
  const { version } = currentKey(ports.keys.chain);
  const at = Math.floor(ports.now());
  const signature = sign(ports, version, seq, hash, at);
  await ports.files.put(name, JSON.stringify({ seq, hash, at, key: version, signature } satisfies z.infer<typeof schema>));
  return 1;
}

/** The newest checkpoint of a region. */
export async function newestCheckpoint(ports: SecurityPorts): Promise<SecurityCheckpoint | undefined> {
  const [newest] = (await ports.files.list({ prefix: FOLDER, limit: 1 })).objects;
  const file = newest === undefined ? null : await ports.files.get(newest.key);
  if (newest === undefined || file === null) return undefined;
  const parsed = schema.safeParse(jsonOf(await file.text()));
  // What cannot be read stands where its name says, and is not genuine.
  if (!parsed.success) return { seq: COUNT_FROM - Number(newest.key.slice(FOLDER.length)), hash: "", isGenuine: false };
  const { seq, hash, at, key, signature } = parsed.data;
  return { seq, hash, isGenuine: sameBytes(encoder.encode(signature), encoder.encode(sign(ports, key, seq, hash, at))) };
}

/** The checkpoints of all regions, for the clock. */
export async function checkpointAllEvents(env: Env, now: number): Promise<number> {
  const counts = await Promise.all(REGIONS.map((region) => checkpointEvents(securityPorts(env, region, () => now))));
  return counts.reduce<number>((sum, count) => sum + count, 0);
}

function sign({ keys, region }: SecurityPorts, version: string, seq: number, hash: string, at: number): string {
  const key = chainKey(keys, version);
  return key === undefined ? "" : mac(key, "security-checkpoint", `${region}|${seq}|${at}|${hash}`);
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
