import { HOUR_MS } from "../../../shared/clock";
import { auditEvent } from "../../../shared/fhir/audit-event";
import { consentOfFhirId, consentResource, consentUpdatedAt, type ShownConsent } from "../../../shared/fhir/consent";
import { parseAuditEventId } from "../../../shared/fhir/ids";
import type { Fields } from "../../../shared/fhir/r4/issue";
import { Bindings, type Condition, sqlOf, startsWithin } from "../../../shared/fhir/store/conditions";
import { readAnchor } from "../access/anchor";
import { eventOf } from "../access/event";
import { type ConsentRow, recordOf } from "../consents/rows";
import type { VaultState } from "../state";

/** Meridian's own books about a person: what they agreed to, and who did what with their data. */
export type BookType = "Consent" | "AuditEvent";

/** Where a page ended. Travels sealed in a cursor. */
export interface BookPlace {
  /** The time by which it is ordered. */
  readonly key: number;
  readonly id: string;
}

export interface BookItem {
  readonly resource: Fields;
  readonly place: BookPlace;
}

export interface BookPage {
  readonly items: readonly BookItem[];
  readonly next?: BookPlace;
}

/** What is asked of a book. */
export interface BookAsk {
  readonly by: "date" | "updated";
  readonly isDescending: boolean;
  readonly after?: BookPlace | undefined;
  readonly limit: number;
  /** What came later is left out: see `end`. */
  readonly end: number;
  /** Of lines alone: what their time must satisfy, as `lo` and `hi`. */
  readonly times?: readonly Condition[];
}

type Line = { seq: number; at: number; body: string };

/** So far may the clock of a line lie behind that of one before it. */
const SLACK_MS = HOUR_MS;

export function isBook(type: string): type is BookType {
  return type === "Consent" || type === "AuditEvent";
}

/** Consents and lines of the access log as FHIR resources. Nothing is stored for it. They are shown to the person alone, and to their apps. */
export class Books {
  readonly #state: VaultState;

  constructor(state: VaultState) {
    this.#state = state;
  }

  /** Where a book ends at this moment: at a time, or at a line. */
  end(type: BookType): number {
    if (type === "Consent") return this.#state.now();
    return this.#state.sql.exec<{ seq: number | null }>("SELECT max(seq) AS seq FROM access_log").one().seq ?? 0;
  }

  /** One resource by its id, or undefined. */
  find(type: BookType, id: string): Fields | undefined {
    const { sql, person } = this.#state;
    if (type === "Consent") {
      const own = consentOfFhirId(id);
      return own === undefined ? undefined : this.#consents(own).map((one) => consentResource(one, this.#state.now()))[0];
    }
    const seq = parseAuditEventId(person, id);
    if (seq === undefined) return undefined;
    const [line] = sql.exec<Line>("SELECT seq, at, body FROM access_log WHERE seq = ?", seq).toArray();
    return line === undefined ? undefined : auditEvent(person, eventOf(line.seq, line.at, line.body));
  }

  /** One page, in the order that is asked for. Lines are ordered by their numbers, which is the order of their times. */
  page(type: BookType, ask: BookAsk): BookPage {
    return type === "Consent" ? this.#consentPage(ask) : this.#linePage(ask);
  }

  /** How many lines there are of these times. */
  countLines({ end, times = [] }: Pick<BookAsk, "end" | "times">): number {
    const bind = new Bindings();
    const where = this.#where({ end, times, isDescending: false }, bind);
    return this.#state.sql.exec<{ n: number }>(`SELECT count(*) AS n FROM access_log WHERE ${where}`, bind.json).one().n;
  }

  #consentPage({ by, isDescending, after, limit, end }: BookAsk): BookPage {
    const now = this.#state.now();
    const way = isDescending ? -1 : 1;
    const compare = (a: BookPlace, b: BookPlace) => way * (a.key - b.key || (a.id < b.id ? -1 : a.id > b.id ? 1 : 0));
    const items = this.#consents()
      .filter(({ givenAt }) => givenAt <= end)
      .map((one) => {
        const resource = consentResource(one, now);
        return { resource, place: { key: by === "date" ? one.givenAt : consentUpdatedAt(one, now), id: resource.id } };
      })
      .filter(({ place }) => after === undefined || compare(place, after) > 0)
      .toSorted((a, b) => compare(a.place, b.place));
    return paged(items, limit);
  }

  /** The newest version of each consent, or of one. */
  #consents(id?: string): ShownConsent[] {
    const { sql, person } = this.#state;
    return sql
      .exec<ConsentRow & { given_at: number }>(
        `SELECT one.*, (SELECT changed_at FROM consents WHERE id = one.id ORDER BY version LIMIT 1) AS given_at FROM consents AS one
         WHERE one.version = (SELECT max(version) FROM consents WHERE id = one.id)${id === undefined ? "" : " AND one.id = ?"}`,
        ...(id === undefined ? [] : [id]),
      )
      .toArray()
      .map((row) => ({ ...recordOf(row, person), givenAt: row.given_at }));
  }

  #linePage({ isDescending, after, limit, end, times = [] }: BookAsk): BookPage {
    const bind = new Bindings();
    const where = this.#where({ end, times, isDescending, after }, bind);
    const { sql, person } = this.#state;
    const lines = sql.exec<Line>(
      `SELECT seq, at, body FROM access_log WHERE ${where} ORDER BY seq ${isDescending ? "DESC" : "ASC"} LIMIT ${limit + 1}`,
      bind.json,
    );
    const items = [...lines].map(({ seq, at, body }) => ({
      resource: auditEvent(person, eventOf(seq, at, body)),
      place: { key: at, id: String(seq) },
    }));
    return paged(items, limit);
  }

  #where({ end, times = [], isDescending, after }: Pick<BookAsk, "end" | "times" | "isDescending" | "after">, bind: Bindings): string {
    const first = (readAnchor(this.#state.sql)?.seq ?? 0) + 1;
    const [from, to] = startsWithin({ all: times }, 0);
    const past = after === undefined ? undefined : Number(after.id);
    const low = Math.max(
      Number.isFinite(from) ? this.#firstSince(from - SLACK_MS, first, end) : first,
      past === undefined || isDescending ? first : past + 1,
    );
    const high = Math.min(
      Number.isFinite(to) ? this.#firstSince(to + SLACK_MS, first, end) : end,
      past === undefined || !isDescending ? end : past - 1,
    );
    const held = times.map((time) => sqlOf(time, bind, { lo: "at", hi: "at" }));
    return [`seq >= ${bind.add(low)}`, `seq <= ${bind.add(high)}`, ...held].join(" AND ");
  }

  /** The first line of a time or later, found by halving: numbers have no gaps, and times rise with them. */
  #firstSince(at: number, first: number, end: number): number {
    let [low, high] = [first, end + 1];
    while (low < high) {
      const middle = Math.floor((low + high) / 2);
      const [line] = this.#state.sql.exec<{ at: number }>("SELECT at FROM access_log WHERE seq = ?", middle).toArray();
      if (line !== undefined && line.at >= at) high = middle;
      else low = middle + 1;
    }
    return low;
  }
}

function paged(items: readonly BookItem[], limit: number): BookPage {
  const shown = items.slice(0, limit);
  const last = shown.at(-1);
  return { items: shown, ...(items.length > limit && last !== undefined && { next: last.place }) };
}
