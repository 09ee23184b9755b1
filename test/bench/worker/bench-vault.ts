import { AccessLog } from "../../../durable-objects/vault/access/log";
import { ConnectionRows } from "../../../durable-objects/vault/connections/connection-rows";
import { WindowRows } from "../../../durable-objects/vault/connections/window-rows";
import { Vault } from "../../../durable-objects/vault/vault";
import { readDense } from "../../../durable-objects/vault/store/read-raw";
import { Sources } from "../../../durable-objects/vault/store/sources";
import { DAY_MS } from "../../../shared/clock";
import type { PersonActor } from "../../../shared/context";
import type { ConnectionId, PersonId } from "../../../shared/id";
import type { AccountHash } from "../../../shared/vendors/account";
import { liveVendor } from "../../../shared/vendors/vendors";
import { metric as metricOf } from "../../../shared/health/catalogue";
import { BatchBuilder } from "../../../shared/health/batch";
import type { Batch, Source } from "../../../shared/health/reading";
import { ALL_CODES, patientOf, SEARCHED_CODE, transaction } from "../observations";
import { heartRatePage, ouraPage, POINT_MS, POINTS } from "../vendor-pages";
import { type Imported, importYear } from "./year-of-oura";

const SOURCE: Source = { vendor: "healthkit", deviceName: "Watch", deviceModel: "Watch7,5" };
const SECONDS_A_DAY = 86_400;

/** What can be repeated inside a vault. `page` is the JSON text of the day's samples, `raw` the samples as the vault itself reads them. */
export const READS = ["raw", "page", "hours", "days"] as const;
export type Read = (typeof READS)[number];

/** What FHIR asks of a vault: pages of 50, `month` and `hours` of thirty days, `deep` behind half of what there is. */
export const FHIR_READS = ["page", "deep", "month", "hours", "everything", "lastn"] as const;
export type FhirRead = (typeof FHIR_READS)[number];

const FHIR_PAGE = 50;
const AT_ONCE = 500;

const APPEND = AccessLog.prototype.append;

/** The real vault, with work that is repeated inside it: clocks stand still there, so it is timed from outside. */
export class BenchVault extends Vault {
  /** Records days of heart rate at 1 Hz from the UTC midnight `from`, one batch a day. Answers how many samples were accepted. */
  async fillDays(from: number, days: number): Promise<number> {
    let accepted = 0;
    for (let day = 0; day < days; day++) accepted += (await this.record(dayBatch(from + day * DAY_MS))).accepted;
    return accepted;
  }

  /** Makes the batches of `fillDays` and drops them: what making them costs. */
  async makeDays(from: number, days: number): Promise<number> {
    let made = 0;
    for (let day = 0; day < days; day++) made += dayBatch(from + day * DAY_MS).series[0]!.start.length;
    return made;
  }

  /** Repeats one read that ends before `to`; answers the size of its result. */
  async repeatRead(actor: PersonActor, read: Read, to: number, times: number): Promise<number> {
    let size = 0;
    for (let i = 0; i < times; i++) size += await this.#read(actor, read, to);
    return size / times;
  }

  /** Switches the access log off, and on again. The class is the whole vault's, so nobody else may be measured meanwhile. */
  async switchLog(on: boolean): Promise<void> {
    AccessLog.prototype.append = on ? APPEND : () => {};
  }

  /** Connects a vendor as far as its webhooks need it. Nothing is asked of it: what they name waits. */
  async connectVendor(connection: ConnectionId, vendor: string, account: AccountHash): Promise<void> {
    const { sql } = this.ctx.storage;
    const rows = new ConnectionRows(sql);
    const now = Date.now();
    const { areas, resources } = liveVendor(vendor).vendor;
    rows.add(connection, vendor, now);
    rows.connected(connection, { hash: account.hash, key: account.version }, Object.keys(areas), now);
    rows.block(connection, now + 365 * DAY_MS);
    new WindowRows(sql).setResources(connection, Object.keys(resources), now);
  }

  /** Stores Observations from number `first` on, by transactions. */
  async fillFhir(actor: PersonActor, first: number, length: number, count: number, end: number): Promise<void> {
    const patient = patientOf(actor.person);
    for (let i = 0; i < length; i += AT_ONCE)
      await this.fhir(actor, { kind: "bundle", bundle: transaction(first + i, Math.min(AT_ONCE, length - i), count, end, patient) });
  }

  /** Repeats one search or operation; answers how many resources it shows. */
  async repeatFhir(actor: PersonActor, read: FhirRead, end: number, times: number): Promise<number> {
    let shown = 0;
    for (let i = 0; i < times; i++) shown += await this.#fhirRead(actor, read, end);
    return shown / times;
  }

  async #fhirRead(actor: PersonActor, read: FhirRead, end: number): Promise<number> {
    const text = (at: number) => new Date(at).toISOString();
    const dates = (to: number) => [["date", `ge${text(to - 30 * DAY_MS)}`] as const, ["date", `lt${text(to)}`] as const];
    const size = ["_count", String(FHIR_PAGE)] as const;
    const search = async (params: readonly (readonly [string, string])[]) =>
      (await this.fhir(actor, { kind: "search", type: "Observation", params, lenient: false })).page?.entries.length ?? 0;
    switch (read) {
      case "page":
        return await search([["code", ALL_CODES], size]);
      case "deep":
        return await search([["code", ALL_CODES], ["date", `lt${text(end - 180 * DAY_MS)}`], size]);
      case "month":
        return await search([["code", SEARCHED_CODE], ...dates(end - 30 * DAY_MS), size]);
      case "hours":
        return await search([["code", "http://loinc.org|8867-4"], ...dates(end - 30 * DAY_MS), size]);
      case "everything": {
        const params = [["_type", "Observation"], ["_since", "2000-01-01"], size] as const;
        const { entries } = await this.fhirOperation(actor, { kind: "everything", id: patientOf(actor.person), params });
        return entries?.length ?? 0;
      }
      case "lastn": {
        const { entries } = await this.fhirOperation(actor, { kind: "lastn", params: [["category", "vital-signs"]] });
        return entries?.length ?? 0;
      }
    }
  }

  /**
   * Reads pages of Google's heart rates from `from` on and stores them, as the sync does with each page that a vendor answers; where not
   * `isStored` it makes the pages alone. Answers how many readings were new.
   */
  async vendorPages(from: number, pages: number, isStored: boolean): Promise<number> {
    const { readPage } = liveVendor("google-health");
    let accepted = 0;
    for (let page = 0; page < pages; page++) {
      const text = heartRatePage(from + page * POINTS * POINT_MS);
      if (!isStored) continue;
      const into = new BatchBuilder();
      const outcome = readPage("heart-rate", JSON.parse(text), into, { connection: "con_eu_bench", syncedAt: Date.now(), timeZone: "UTC" });
      if (Object.keys(outcome.rejected).length > 0) throw new Error("a point was not understood");
      accepted += (await this.record(into.take())).accepted;
    }
    return accepted;
  }

  /** Lets the first import of a year run. */
  async importYear(person: PersonId): Promise<Imported> {
    this.#calls = await importYear(this.ctx.storage, this.env, person);
    return this.#calls;
  }

  /** Makes the vendor's answers to the same calls, and drops them: what making them costs. */
  async answerYear(): Promise<number> {
    return (this.#calls?.calls ?? []).reduce((sum, url) => sum + ouraPage(new URL(url)).length, 0);
  }

  #calls: Imported | undefined;

  async databaseBytes(): Promise<number> {
    return this.ctx.storage.sql.databaseSize;
  }

  async #read(actor: PersonActor, read: Read, to: number): Promise<number> {
    const query = { key: "heart_rate", to, choice: "best", limit: 100_000 } as const;
    if (read === "hours") return (await this.series(actor, { ...query, from: to - 30 * DAY_MS, resolution: "hour" })).items.length;
    if (read === "days") return (await this.series(actor, { ...query, from: to - 365 * DAY_MS, resolution: "day" })).items.length;
    if (read === "page") return (await this.series(actor, { ...query, from: to - DAY_MS, resolution: "raw" })).items.length;
    const { sql } = this.ctx.storage;
    let samples = 0;
    for (const hour of readDense(sql, new Sources(sql), metricOf("heart_rate")!, to - DAY_MS, to, "best"))
      samples += hour.samples.at.length;
    return samples;
  }
}

/** A day of plausible heart rates, one a second: a slow wander between 45 and 180. */
function dayBatch(from: number): Batch {
  const n = SECONDS_A_DAY;
  const [start, value, version] = [new Float64Array(n), new Float64Array(n), new Float64Array(n)];
  let state = (from / DAY_MS) | 1;
  let rate = 70;
  for (let i = 0; i < n; i++) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) | 0;
    rate = Math.min(180, Math.max(45, rate + ((state >>> 28) % 5) - 2));
    start[i] = from + i * 1_000;
    value[i] = rate;
  }
  return {
    sources: [SOURCE],
    series: [{ metric: "heart_rate", kind: "sample", source: 0, start, value, zone: new Int32Array(n), version }],
    readings: [],
    sleepStretches: [],
    sleepSessions: [],
    workouts: [],
    deleted: [],
    deletedRanges: [],
    quarantined: [],
  };
}
