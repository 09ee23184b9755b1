import { type Clock, DAY_MS } from "../../shared/clock";
import { metric } from "../../shared/health/catalogue";
import { dayText } from "../../shared/health/zone";
import { parseId, type PersonId, regionOf, type ResearchExportId } from "../../shared/id";
import type { Category } from "../../shared/policy/vocabulary";
import { notFound, problem } from "../../shared/problem";
import { anonymise, type Contribution, type Release } from "../../shared/research/anonymise";
import { pseudonymOf, shiftOf } from "../../shared/research/pseudonym";
import { vaultDoor } from "../doors";
import type { Timers } from "../vault/timers";
import type { ExportFault, ExportRows } from "./export-rows";
import type { Given, ProgrammeTerms } from "./terms";

export interface ExporterPorts {
  readonly env: Env;
  readonly rows: ExportRows;
  readonly timers: Timers;
  readonly now: Clock;
  readonly files: R2Bucket;
  readonly terms: () => ProgrammeTerms;
  readonly key: () => Promise<Uint8Array>;
}

/** Vaults that are asked at once. */
const AT_ONCE = 20;
/** Vaults that are asked in one turn of the alarm. */
const A_TURN = 200;
const MOST_ATTEMPTS = 8;
/** More does not fit into the memory of an object. */
const MOST_CHARACTERS = 30_000_000;

/**
 * Runs exports behind the object's alarm. Each person's contribution is kept as it comes, so that an eviction costs one turn at most; when
 * all have been asked, each is asked again whether they still agree, and only then the release is made.
 */
export class Exporter {
  readonly #ports: ExporterPorts;

  constructor(ports: ExporterPorts) {
    this.#ports = ports;
    ports.timers.on("export", async (ref, attempts) => await this.#turn(ref, attempts));
    ports.timers.on("expiry", async (ref) => await this.#expire(ref));
  }

  /** The release; problems `not_found`, `gone`. */
  async read(id: ResearchExportId): Promise<ReadableStream> {
    const { state } = this.#ports.rows.status(id);
    if (state === "expired") throw problem("gone", "The release is kept for a week. Begin another export.");
    const object = state === "done" ? await this.#ports.files.get(keyOf(id)) : null;
    if (object === null) throw notFound("release");
    return object.body;
  }

  async #turn(ref: string, attempts: number): Promise<number | undefined> {
    const id = parseId("researchExport", ref);
    if (id === undefined) return undefined;
    const { rows, now } = this.#ports;
    const status = rows.status(id);
    if (status.state !== "running") return undefined;
    try {
      for (let asked = 0; asked < A_TURN; asked += AT_ONCE) {
        const people = rows.asked(id, AT_ONCE);
        if (people.length === 0) return await this.#finish(id, status.fromDay, status.toDay);
        await this.#gather(id, people, status.fromDay, status.toDay);
      }
      return now();
    } catch (error) {
      if (attempts + 1 < MOST_ATTEMPTS) throw error;
      return await this.#fail(id, "unavailable");
    }
  }

  /** Asks some vaults for what their people give. A date that is shown lies within the release for everybody, so their own days differ. */
  async #gather(id: ResearchExportId, people: readonly PersonId[], fromDay: number, toDay: number): Promise<void> {
    const { env, rows } = this.#ports;
    const { id: programme, metrics } = this.#ports.terms();
    const key = await this.#ports.key();
    const answers = await Promise.all(
      people.map(async (person) => {
        const shift = shiftOf(key, person);
        const ask = { programme, metrics, fromDay: fromDay - shift, toDay: toDay - shift };
        return { person, given: await vaultDoor(env, person).contribute(ask) };
      }),
    );
    for (const { person, given } of answers) rows.give(id, person, given);
  }

  async #finish(id: ResearchExportId, fromDay: number, toDay: number): Promise<undefined> {
    const { rows, files, timers, now } = this.#ports;
    const { cohort } = this.#ports.terms();
    await this.#askAgain(id);
    for (;;) {
      const before = rows.whoGave(id);
      const made = await this.#release(id, fromDay, toDay, cohort);
      if (typeof made === "string") return await this.#fail(id, made);
      await files.put(keyOf(id), made.text);
      // Somebody who withdrew while the file was written is not in the next one.
      if (rows.whoGave(id) !== before) continue;
      rows.finish(id, made.counts, made.people);
      timers.set("expiry", id, rows.status(id).expiresAt ?? now() + DAY_MS);
      return undefined;
    }
  }

  /** Ends an export without a release; a file that was written before somebody withdrew goes too. */
  async #fail(id: ResearchExportId, code: ExportFault["code"]): Promise<undefined> {
    await this.#ports.files.delete(keyOf(id));
    this.#ports.rows.fail(id, { code });
    return undefined;
  }

  /** Asks everybody whether they still agree to what they gave. */
  async #askAgain(id: ResearchExportId): Promise<void> {
    const { env, rows } = this.#ports;
    const { id: programme } = this.#ports.terms();
    let after = "";
    for (;;) {
      const page = rows.given(id, after, AT_ONCE);
      const last = page.at(-1);
      if (last === undefined) return;
      await Promise.all(
        page.map(async ({ person, given }) => {
          if (!(await vaultDoor(env, person).stillContributes(programme, categoriesOf(given)))) rows.refuse(id, person);
        }),
      );
      after = last.person;
    }
  }

  async #release(id: ResearchExportId, fromDay: number, toDay: number, cohort: number): Promise<Made | "cohort_too_small" | "too_large"> {
    const { rows, now } = this.#ports;
    const terms = this.#ports.terms();
    const key = await this.#ports.key();
    const names = new Map<string, PersonId>();
    const contributions: Contribution[] = [];
    let characters = 0;
    for (let after = ""; ;) {
      const page = rows.given(id, after, A_TURN);
      const last = page.at(-1);
      if (last === undefined) break;
      for (const { person, given } of page) {
        // Whoever has nothing to give is nobody to hide among.
        if (given.days.length === 0) continue;
        const name = pseudonymOf(key, person);
        names.set(name, person);
        contributions.push(contributionOf(name, shiftOf(key, person), given, fromDay));
        characters += given.days.length * 40;
      }
      if (characters > MOST_CHARACTERS) return "too_large";
      after = last.person;
    }
    const release = anonymise(contributions, cohort);
    if (release === undefined) return "cohort_too_small";
    const text = textOf(terms, id, release, { fromDay, toDay, at: now() });
    if (text.length > MOST_CHARACTERS) return "too_large";
    const { suppressedPeople, suppressedValues } = release;
    const people = release.people.map(({ name }) => names.get(name)).filter((person) => person !== undefined);
    return { text, people, counts: { people: people.length, suppressedPeople, suppressedValues } };
  }

  async #expire(ref: string): Promise<undefined> {
    const id = parseId("researchExport", ref);
    if (id === undefined) return undefined;
    await this.#ports.files.delete(keyOf(id));
    this.#ports.rows.expire(id);
    return undefined;
  }
}

interface Made {
  readonly text: string;
  readonly people: readonly PersonId[];
  readonly counts: { readonly people: number; readonly suppressedPeople: number; readonly suppressedValues: number };
}

/** The name of a release in the region's bucket: a pointer alone. */
function keyOf(id: ResearchExportId): string {
  return `research/${id}.ndjson`;
}

function contributionOf(name: string, shift: number, given: Given, fromDay: number): Contribution {
  const year = Number(dayText(fromDay).slice(0, 4));
  const age = given.birthYear === null ? null : year - given.birthYear;
  const days = given.days.map(({ day, values }) => ({ day: day + shift, values }));
  return { name, traits: { age, sex: given.sex, heightCm: given.heightCm, weightKg: given.weightKg }, days };
}

function categoriesOf(given: Given): Category[] {
  const keys = new Set(given.days.flatMap(({ values }) => Object.keys(values)));
  const found = new Set<Category>([...keys].map((key) => metric(key)?.sensitivity).filter((category) => category !== undefined));
  if (given.weightKg !== null) found.add("body");
  return [...found];
}

/** The release as lines of JSON: what it is, then one line for each person, in the order of their pseudonyms. */
function textOf(
  terms: ProgrammeTerms,
  id: ResearchExportId,
  release: Release,
  { fromDay, toDay, at }: { readonly fromDay: number; readonly toDay: number; readonly at: number },
): string {
  const { id: programme, cohort, metrics } = terms;
  const { node: generalisation, suppressedPeople, suppressedValues } = release;
  const period = { from: dayText(fromDay), to: dayText(toDay) };
  const units = Object.fromEntries(metrics.map((key) => [key, metric(key)?.unit ?? ""]));
  const head = { programme, export: id, createdAt: dayText(Math.floor(at / DAY_MS)), period, cohort, units };
  const lines = release.people.map(({ name, bands, days }) =>
    JSON.stringify({
      person: name,
      region: regionOf(programme),
      ...bands,
      days: days.map(({ day, values }) => ({ date: dayText(day), ...values })),
    }),
  );
  return `${[JSON.stringify({ ...head, people: lines.length, generalisation, suppressedPeople, suppressedValues }), ...lines].join("\n")}\n`;
}
