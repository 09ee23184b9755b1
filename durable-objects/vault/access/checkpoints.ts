import * as z from "zod";
import { knowsSigner, openStatement, signStatement } from "../../../shared/crypto/statements";
import { sameBytes } from "../../../shared/crypto/hmac";
import { currentKey, type RegionalKeys } from "../../../shared/crypto/keys";
import type { PersonId } from "../../../shared/id";
import { chainKey, mac } from "./chain";

/** The head of a chain at some time, as it was put outside of the vault. */
export interface Checkpoint {
  readonly seq: number;
  readonly hash: string;
  /** Epoch milliseconds. */
  readonly at: number;
  /** False where its signatures do not fit: somebody has written to the bucket. */
  readonly isGenuine: boolean;
  /** What anybody verifies with the region's published keys; absent for those from before there was one. */
  readonly statement?: string | undefined;
}

/** `signature` is an HMAC under the chain key, `statement` a JWS by the region's signing key. */
const schema = z.object({
  seq: z.int(),
  hash: z.string(),
  at: z.int(),
  key: z.string(),
  signature: z.string(),
  statement: z.string().optional(),
});
/** What a statement says. `log` is the name of the log in the bucket, which names nobody. */
const statementSchema = z.object({ log: z.string(), seq: z.int(), hash: z.string(), at: z.int() });

/** Type of the statement, in its header. */
export const CHECKPOINT_TYPE = "access-checkpoint+jws";

/** So many of the newest are read: one is enough to notice a cut or rewritten end, the others say since when. */
const READ = 3;
/** Keys of checkpoints count down from here, so that a listing begins with the newest. */
const COUNT_FROM = 1e15;

/** Signed heads of a vault's chain in the region's bucket. The name tells nothing about the person without the chain key. */
export class Checkpoints {
  readonly #files: R2Bucket;
  readonly #keys: RegionalKeys;
  readonly #person: PersonId;

  constructor(files: R2Bucket, keys: RegionalKeys, person: PersonId) {
    this.#files = files;
    this.#keys = keys;
    this.#person = person;
  }

  async put({ seq, hash }: { readonly seq: number; readonly hash: string }, at: number): Promise<void> {
    const { version } = currentKey(this.#keys.chain);
    const folder = this.#folder(version);
    const signature = this.#sign(version, seq, hash, at);
    if (folder === undefined || signature === undefined) throw new TypeError("the key ring has no current key");
    const said: z.infer<typeof statementSchema> = { log: logIn(folder), seq, hash, at };
    const statement = await signStatement(this.#keys, CHECKPOINT_TYPE, said);
    const name = `${folder}${String(COUNT_FROM - seq).padStart(16, "0")}`;
    await this.#files.put(name, JSON.stringify({ seq, hash, at, key: version, signature, statement } satisfies z.infer<typeof schema>));
  }

  /** The newest ones of each key version, newest first. */
  async newest(): Promise<Checkpoint[]> {
    const folders = Object.keys(this.#keys.chain.keys).map((version) => this.#folder(version) ?? "");
    const listed = await Promise.all(folders.map(async (prefix) => await this.#files.list({ prefix, limit: READ })));
    const found = await Promise.all(listed.flatMap(({ objects }) => objects.map(async ({ key }) => await this.#read(key))));
    const all = found.filter((one) => one !== undefined).toSorted((a, b) => b.seq - a.seq);
    // Since there are statements, every checkpoint has one: a newer one without is not ours.
    const firstSigned = Math.min(...all.filter(({ statement }) => statement !== undefined).map(({ seq }) => seq));
    return all.map((one) => (one.statement === undefined && one.seq > firstSigned ? { ...one, isGenuine: false } : one));
  }

  async #read(name: string): Promise<Checkpoint | undefined> {
    const file = await this.#files.get(name);
    if (file === null) return undefined;
    const parsed = schema.safeParse(jsonOf(await file.text()));
    // What cannot be read stands where its name says, and is not genuine.
    if (!parsed.success) return { seq: COUNT_FROM - Number(name.slice(name.lastIndexOf("/") + 1)), hash: "", at: 0, isGenuine: false };
    const { seq, hash, at, key, signature, statement } = parsed.data;
    const expected = this.#sign(key, seq, hash, at) ?? "";
    const isOurs = sameBytes(encoder.encode(signature), encoder.encode(expected));
    const isGenuine = isOurs && (statement === undefined || (await this.#says(statement, { log: logIn(name), seq, hash, at })));
    return { seq, hash, at, isGenuine, statement };
  }

  /**
   * Whether a statement is genuine and says this. The signature under the chain key, which is kept for ever, decides alone where the
   * signing key has been retired.
   */
  async #says(statement: string, wanted: z.infer<typeof statementSchema>): Promise<boolean> {
    if (!knowsSigner(this.#keys, statement)) return true;
    const said = statementSchema.safeParse(await openStatement(this.#keys, CHECKPOINT_TYPE, statement)).data;
    return said?.log === wanted.log && said.seq === wanted.seq && said.hash === wanted.hash && said.at === wanted.at;
  }

  #sign(version: string, seq: number, hash: string, at: number): string | undefined {
    const key = chainKey(this.#keys, version);
    return key === undefined ? undefined : mac(key, "access-checkpoint", `${this.#person}|${seq}|${at}|${hash}`);
  }

  #folder(version: string): string | undefined {
    const key = chainKey(this.#keys, version);
    return key === undefined ? undefined : `access/${mac(key, "access-checkpoint-name", this.#person)}/`;
  }
}

const encoder = new TextEncoder();

/** The name of a log: the middle of `access/<log>/…`. */
function logIn(name: string): string {
  return name.split("/")[1] ?? "";
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
