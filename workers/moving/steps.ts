import type { Place } from "../../durable-objects/vault/moving/departure";
import { newId, parseId, regionOf } from "../../shared/id";
import { labFileKey } from "../../shared/labs/files";
import { runErasure } from "../erasure";
import { languageOf } from "../../shared/http/texts";
import { sha256Hex } from "../../shared/crypto/sha256";
import { addressPlace } from "../credentials";
import { letter } from "../mail";
import { moveEndpoints, moveOwnDeliveries } from "../webhooks";
import type { MoveFault, MoveJob } from "./job";
import { moveImports } from "./move-imports";
import { moveRecords } from "./move-records";
import { moveRelations } from "./move-relations";
import type { MovePorts } from "./ports";

/** What a run of a step came to: it is done, has got so far, or the move is given up. */
export type StepResult =
  | { readonly kind: "done"; readonly total?: number }
  | { readonly kind: "part"; readonly rows: number; readonly place: Place | undefined }
  | { readonly kind: "fault"; readonly fault: MoveFault };

/** One step of a move; repeating it changes nothing more. */
export interface MoveStep {
  readonly name: string;
  run(ports: MovePorts, job: MoveJob): Promise<StepResult>;
}

const DONE: StepResult = { kind: "done" };

/**
 * In this order. Until `leave` the old side is only frozen, and the move can be cancelled; with `directory` the person is in the new
 * region; afterwards what points to them follows, and the old side is erased.
 */
export const MOVE_STEPS: readonly MoveStep[] = [
  {
    name: "freeze",
    async run(ports, { from }) {
      await ports.vault(from).freeze();
      return DONE;
    },
  },
  {
    name: "prove",
    async run(ports, { from }) {
      return (await ports.vault(from).logIsIntact()) ? DONE : { kind: "fault", fault: "log_not_intact" };
    },
  },
  {
    name: "prepare",
    async run(ports, { from, to }) {
      await ports.vault(to).beginArrival();
      // Copied once, compared once.
      return { kind: "done", total: 2 * (await ports.vault(from).rowsToMove()) };
    },
  },
  {
    name: "copy",
    async run(ports, { from, to, place }) {
      const { rows, next } = await ports.vault(from).copySlice(to, place ?? FIRST);
      return { kind: "part", rows, place: next };
    },
  },
  {
    name: "compare",
    async run(ports, { from, to, place }) {
      const { rows, next, differs } = await ports.vault(from).compareSlice(to, place ?? FIRST);
      return differs === undefined ? { kind: "part", rows, place: next } : { kind: "fault", fault: "copies_differ" };
    },
  },
  { name: "files", run: copyFiles },
  { name: "leave", run: leave },
  {
    name: "records",
    async run(ports, job) {
      const fault = await changedCredential(ports, job);
      if (fault !== undefined) return { kind: "fault", fault };
      await moveRecords(ports, job);
      await moveEndpoints(ports, job);
      return DONE;
    },
  },
  { name: "directory", run: switchDirectory },
  {
    name: "arrive",
    async run(ports, { from, to }) {
      await ports.vault(to).arrive(await ports.vault(from).farewell(to));
      return DONE;
    },
  },
  {
    name: "relations",
    async run(ports, job) {
      await moveRelations(ports, job);
      await moveOwnDeliveries(ports, job);
      await moveImports(ports, job);
      return DONE;
    },
  },
  { name: "erase", run: eraseOldSide },
  { name: "letter", run: tellPerson },
];

const FIRST = { table: 0 };

/** Names of files that are read in one go. */
const FILES_AT_ONCE = 20;

/**
 * Copies the files of laboratory reports, each opened by the vault that it leaves and sealed by the one that it comes to: keys stay in their
 * region. The vault is frozen, so that neither the files nor what names them change.
 */
async function copyFiles(ports: MovePorts, { from, to }: MoveJob): Promise<StepResult> {
  const [here, there] = [ports.vault(from), ports.vault(to)];
  const { files } = ports.stores(regionOf(to));
  for (let after: string | undefined; ;) {
    const names = await here.labFileNames(after, FILES_AT_ONCE);
    for (const name of names) {
      if ((await files.head(labFileKey(to, name))) !== null) continue;
      const bytes = await here.openLabFile(name);
      if (bytes !== undefined) await there.takeLabFile(name, bytes);
    }
    after = names.at(-1);
    if (names.length < FILES_AT_ONCE || after === undefined) return DONE;
  }
}

/** From here there is no cancelling. Every session of the old side ends, so that nothing changes there any more. */
async function leave(ports: MovePorts, { from, home, id }: MoveJob): Promise<StepResult> {
  const { records } = ports.stores(home);
  await records.batch([
    records.prepare("update moves set state = 'switching' where id = ? and state = 'running'").bind(id),
    records
      .prepare(
        `update sessions set revoked_at = ?1, revoked_reason = 'moved' where person_id = ?2 and revoked_at is null
         and exists (select 1 from moves where id = ?3 and state = 'switching')`,
      )
      .bind(ports.now(), from, id),
  ]);
  return DONE;
}

/** A password or an address that was changed meanwhile must not be replaced by the one before. After `leave` neither changes any more. */
async function changedCredential(ports: MovePorts, { from, home, arrival }: MoveJob): Promise<MoveFault | undefined> {
  const row = await ports
    .stores(home)
    .records.prepare("select password_hash, email_hash from credentials where person_id = ?")
    .bind(from)
    .first<{ password_hash: string; email_hash: string }>();
  if (row === null || (await sha256Hex(row.password_hash)) !== arrival?.proven) return "password_changed";
  return (await sha256Hex(row.email_hash)) === arrival.address ? undefined : "address_changed";
}

/** The switch: in one transaction address and vendors' accounts lead to the new id, and accounts at sign-in providers nowhere. */
async function switchDirectory(ports: MovePorts, { from, to }: MoveJob): Promise<StepResult> {
  const between = [`_${regionOf(from)}_`, `_${regionOf(to)}_`] as const;
  await ports.directory.batch([
    ports.directory.prepare("update emails set person_id = ?1 where person_id = ?2").bind(to, from),
    ports.directory
      .prepare("update vendor_accounts set person_id = ?1, connection_id = replace(connection_id, ?3, ?4) where person_id = ?2")
      .bind(to, from, ...between),
    ports.directory.prepare("update handles set person_id = ?1 where person_id = ?2").bind(to, from),
    ports.directory.prepare("delete from identities where person_id = ?").bind(from),
    ports.directory.prepare("delete from sign_in_flows where person_id = ?").bind(from),
  ]);
  return DONE;
}

/** What stays behind is erased like an account, but for the permissions at vendors, which have moved. */
async function eraseOldSide(ports: MovePorts, { from, home }: MoveJob): Promise<StepResult> {
  const { records } = ports.stores(home);
  const now = ports.now();
  await records
    .prepare(
      `insert into erasures (id, person_id, reason, state, next_at, requested_at, due_at)
       select ?1, ?2, 'moved', 'running', ?3, ?3, ?3 where not exists (select 1 from erasures where person_id = ?2 and reason = 'moved')
       on conflict do nothing`,
    )
    .bind(newId("erasure", home, now, ports.random), from, now)
    .run();
  const row = await records
    .prepare("select id, state from erasures where person_id = ? and reason = 'moved'")
    .bind(from)
    .first<{ id: string; state: string }>();
  if (row === null) throw new TypeError("the erasure that was just noted is not there");
  if (row.state !== "done" && !(await runErasure(ports.erasure, home, row.id))) throw new NotErasedYet();
  return DONE;
}

class NotErasedYet extends Error {
  override readonly name = "NotErasedYet";
}

/** A letter that nobody takes is given up: the person finds out when they sign in. */
async function tellPerson(ports: MovePorts, { to }: MoveJob): Promise<StepResult> {
  const region = regionOf(to);
  const row = await ports
    .stores(region)
    .records.prepare("select sealed_email, locale from credentials join people on people.id = credentials.person_id where person_id = ?")
    .bind(to)
    .first<{ sealed_email: string | null; locale: string }>();
  if (row === null || row.sealed_email === null || parseId("person", to) === undefined) return DONE;
  try {
    const email = await ports.vault(to).unseal(addressPlace(to), row.sealed_email);
    await ports.mailer.send({ region, to: email, ...letter("region_moved", languageOf(row.locale)) });
  } catch (error) {
    ports.log({ event: "move", outcome: "letter_not_sent", kind: error instanceof Error ? error.name : typeof error });
  }
  return DONE;
}
