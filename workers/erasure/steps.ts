import { boardIdOf } from "../../shared/challenges/board";
import { exportKey } from "../../shared/exports/status";
import { parseId } from "../../shared/id";
import { unpackedKey, uploadKey } from "../../shared/imports/status";
import { isProblem } from "../../shared/problem";
import { personKeyName, putTombstone } from "../../shared/erasure/tombstones";
import { REGIONS } from "../../shared/region";
import { letter, recipientHash } from "../mail";
import { leaveAllGroups } from "../social";
import { filesOf, inventory, objectsOf } from "./inventory";
import type { ErasureJob, Report } from "./job";
import { openLetter } from "./last-letter";
import type { ErasurePorts } from "./ports";
import { DIRECTORY_TABLES, PERSON_FOLDERS, personTables, REGIONAL_TABLES } from "./tables";

/** One step of an erasure. Repeating it changes nothing more. A throw is tried again later; what it returns is added to the report. */
export interface Step {
  readonly name: string;
  run(ports: ErasurePorts, job: ErasureJob): Promise<Partial<Report>>;
}

/** So often a vendor, or the mail service, is asked before the erasure goes on without it: over about three hours. */
export const MOST_TRIES = 6;

/**
 * In this order. From the tombstone on there is no way back; permissions at vendors are ended while their tokens can still be opened;
 * with the key everything sealed is gone, in old copies too; the directory comes last, so that an address is free again when nothing
 * else is left.
 */
export const STEPS: readonly Step[] = [
  {
    name: "close",
    async run(ports, { person }) {
      await ports.vault(person).close();
      return {};
    },
  },
  { name: "inventory", run: async (ports, job) => ({ counts: await inventory(ports, job) }) },
  {
    name: "tombstone",
    async run(ports, { person, region }) {
      const { files, keys } = ports.stores(region);
      await putTombstone(files, keys, person);
      return {};
    },
  },
  { name: "vendors", run: endVendors },
  { name: "others", run: takeLeave },
  {
    name: "key",
    async run(ports, { person, region }) {
      await ports.stores(region).files.delete(personKeyName(person));
      return {};
    },
  },
  {
    name: "vault",
    async run(ports, { person }) {
      await ports.vault(person).destroy();
      return {};
    },
  },
  { name: "imports", run: eraseImports },
  { name: "exports", run: eraseExports },
  { name: "files", run: eraseFiles },
  { name: "relations", run: erasePointers },
  { name: "records", run: eraseRecords },
  { name: "directory", run: eraseDirectory },
  { name: "letter", run: sendLastLetter },
];

async function endVendors(ports: ErasurePorts, { person, attempts, reason }: ErasureJob): Promise<Partial<Report>> {
  // The permissions have moved with the person.
  if (reason === "moved") return {};
  const { results } = await ports.directory
    .prepare(
      `select distinct mine.connection_id from vendor_accounts mine
       join vendor_accounts other on other.account_hash = mine.account_hash and other.person_id <> mine.person_id
         and other.credential is mine.credential where mine.person_id = ?`,
    )
    .bind(person)
    .all<{ connection_id: string }>();
  const shared = results.map(({ connection_id }) => connection_id);
  const { open, ...vendors } = await ports.vault(person).endGrants(shared, attempts >= MOST_TRIES - 1);
  if (open > 0) throw new VendorSilent();
  return { vendors };
}

/** A vendor has not confirmed that a permission is ended. */
class VendorSilent extends Error {
  override readonly name = "VendorSilent";
}

/**
 * Tells the objects of others that know of the person: vaults in which somebody noted a stream of theirs, programmes, whose releases
 * nobody can trace back then, and rooms, where what they wrote becomes tombstones; boards take
 * them off, and the others' ranks are anew. The vault itself says who they are, so this comes before it is emptied.
 */
async function takeLeave(ports: ErasurePorts, { person, reason }: ErasureJob): Promise<Partial<Report>> {
  const { readers, programmes, rooms, standings } = await ports.vault(person).takeLeave();
  await inTurns(readers, async (reader) => await ports.vault(reader).forgetOwner(person));
  await inTurns(programmes, async (programme) => await ports.programme(programme).forget(person));
  await inTurns(rooms, async (room) => await ports.room(room).forget(person));
  // Whoever moved goes on under the same aliases.
  if (reason !== "moved") await inTurns(standings, async ({ challenge, alias }) => await ports.board(boardIdOf(challenge)).forget(alias));
  return {};
}

/** Each import is an object of its own, with its file. Its row goes with the other records: it leads there until then. */
async function eraseImports(ports: ErasurePorts, { person, region }: ErasureJob): Promise<Partial<Report>> {
  const { records, files } = ports.stores(region);
  for await (const ids of objectsOf(records, "imports", person)) {
    await inTurns(ids, async (text) => {
      const id = parseId("import", text);
      if (id === undefined) return;
      await unlessGone(ports.importer(id).erase(person));
      // An upload that its object does not know of, because the object was emptied before.
      await files.delete([uploadKey(id), unpackedKey(id)]);
    });
  }
  return {};
}

/** The same of exports, with their archives. */
async function eraseExports(ports: ErasurePorts, { person, region }: ErasureJob): Promise<Partial<Report>> {
  const { records, files } = ports.stores(region);
  for await (const ids of objectsOf(records, "exports", person)) {
    await inTurns(ids, async (text) => {
      const id = parseId("export", text);
      if (id === undefined) return;
      await unlessGone(ports.exporter(id).erase(person));
      await files.delete(exportKey(id));
    });
  }
  return {};
}

/** An object that was emptied before says that it knows nothing. */
async function unlessGone(erased: Promise<void>): Promise<void> {
  try {
    await erased;
  } catch (error) {
    if (!isProblem(error) || error.code !== "not_found") throw error;
  }
}

const AT_ONCE = 20;

async function inTurns<T>(all: readonly T[], work: (one: T) => Promise<void>): Promise<void> {
  for (let at = 0; at < all.length; at += AT_ONCE) await Promise.all(all.slice(at, at + AT_ONCE).map(work));
}

async function eraseFiles(ports: ErasurePorts, { person, region }: ErasureJob): Promise<Partial<Report>> {
  const { files } = ports.stores(region);
  for (const folder of PERSON_FOLDERS) for await (const keys of filesOf(files, `${folder}${person}/`)) await files.delete(keys);
  // Once more: work that was under way when the vault closed may have asked for a key, and been given a fresh one.
  await files.delete(personKeyName(person));
  return {};
}

async function erasePointers(ports: ErasurePorts, { person }: ErasureJob): Promise<Partial<Report>> {
  await Promise.all(
    REGIONS.map(async (region) => {
      const { records } = ports.stores(region);
      await records.batch([...leaveAllGroups(records, person), ...deletions(records, personTables(REGIONAL_TABLES, "everywhere"), person)]);
    }),
  );
  return {};
}

async function eraseRecords(ports: ErasurePorts, job: ErasureJob): Promise<Partial<Report>> {
  const { records, keys } = ports.stores(job.region);
  const written = await openLetter(keys, job.id, job.letter);
  if (written !== undefined) {
    await records
      .prepare("delete from outbox where recipient_hash = ?")
      .bind(await recipientHash(keys, written.to))
      .run();
  }
  const tables = personTables(REGIONAL_TABLES, "delete").toSorted((a, b) => Number(a.table === "people") - Number(b.table === "people"));
  await records.batch([
    // Nobody is left who could lead them.
    records.prepare("update programmes set state = 'closed' where researcher_id = ?").bind(job.person),
    ...deletions(records, tables, job.person),
  ]);
  return {};
}

async function eraseDirectory(ports: ErasurePorts, { person }: ErasureJob): Promise<Partial<Report>> {
  await ports.directory.batch(deletions(ports.directory, personTables(DIRECTORY_TABLES, "delete"), person));
  return {};
}

/** Tells the person, where they can be reached. A letter that nobody takes does not keep the address here for ever. */
async function sendLastLetter(ports: ErasurePorts, job: ErasureJob): Promise<Partial<Report>> {
  if (job.reason !== "asked") return {};
  const written = await openLetter(ports.stores(job.region).keys, job.id, job.letter);
  if (written === undefined) return { letter: "no_address" };
  try {
    await ports.mailer.send({
      region: job.region,
      to: written.to,
      ...letter("erasure_done", written.locale, `${job.id}\n${written.secret}`),
    });
    return { letter: "sent" };
  } catch (error) {
    if (job.attempts < MOST_TRIES - 1) throw error;
    return { letter: "not_sent" };
  }
}

function deletions(database: D1Database, tables: ReturnType<typeof personTables>, person: string): D1PreparedStatement[] {
  return tables.map(({ table, column }) => database.prepare(`delete from ${table} where ${column} = ?`).bind(person));
}
