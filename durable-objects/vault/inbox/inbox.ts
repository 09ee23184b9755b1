import type { Reader } from "../../../shared/context";
import { patientId } from "../../../shared/fhir/ids";
import type { Fields } from "../../../shared/fhir/r4/issue";
import { WHOLE_REACH } from "../../../shared/fhir/reach";
import { type Id, newId } from "../../../shared/id";
import {
  answered,
  INBOX_TYPES,
  type InboxAnswer,
  type InboxKind,
  type InboxWords,
  isInboxType,
  replyTo,
  weightOf,
  wordsOf,
} from "../../../shared/inbox/inbox";
import { notFound, problem } from "../../../shared/problem";
import type { Repository } from "../fhir/stored/repository";
import type { ResourceChange } from "../fhir/stored/resources";
import type { VaultState } from "../state";

export type InboxId = Id<"notice">;

/** Who wrote something to the person. */
export interface InboxWriter {
  readonly kind: "organisation" | "person" | "app";
  readonly id: string;
}

/** One entry. Times epoch milliseconds. Crosses RPC: plain data only. */
export interface InboxEntry extends InboxWords {
  readonly id: string;
  readonly kind: InboxKind;
  readonly reference: string;
  readonly from: InboxWriter;
  readonly isUrgent: boolean;
  /** Whether it waits for an answer. */
  readonly isOpen: boolean;
  readonly createdAt: number;
  readonly updatedAt: number;
  readonly readAt: number | null;
  readonly answeredAt: number | null;
}

/** Hears of the inbox in the writing transaction. */
export interface InboxListener {
  /** Something was written, or changed by whoever wrote it. */
  came(entry: Pick<InboxEntry, "id" | "kind" | "reference" | "isUrgent" | "updatedAt" | "from">, unread: number): void;
  /** The person has read an entry. */
  read(id: string): void;
}

export interface InboxMark {
  readonly at: number;
  readonly id: string;
}

export interface InboxPage {
  readonly items: readonly InboxEntry[];
  readonly next: InboxMark | null;
  readonly unread: number;
}

export interface InboxQuery {
  readonly unread: boolean;
  readonly limit: number;
  readonly after?: InboxMark | undefined;
}

type Row = {
  id: string;
  reference: string;
  kind: InboxKind;
  writer_kind: InboxWriter["kind"];
  writer: string;
  is_urgent: number;
  is_open: number;
  created_at: number;
  updated_at: number;
  read_at: number | null;
  answered_at: number | null;
};

/** Newest first; add conditions. */
export const SELECT_INBOX = "SELECT * FROM inbox WHERE (updated_at, id) < (?, ?)";
const NEWEST_FIRST = "ORDER BY updated_at DESC, id DESC LIMIT ?";
const OPEN_OF = "SELECT count(*) AS n, coalesce(sum(is_urgent), 0) AS urgent FROM inbox WHERE is_open = 1 AND writer = ?";

/**
 * What others have written to the person: messages, tasks, plans. Entries point to the resources, whose words are read when they are shown.
 * What the person answers becomes a status and a message, which whoever listens hears of.
 */
export class Inbox {
  readonly #state: VaultState;
  readonly #repository: Repository;
  readonly #listener: InboxListener;
  #writer: InboxWriter | undefined;

  constructor(state: VaultState, repository: Repository, listener: InboxListener) {
    this.#state = state;
    this.#repository = repository;
    this.#listener = listener;
    repository.onChanged((change) => this.#changed(change));
  }

  /** Does something at the FHIR door; what is written meanwhile is by this actor. */
  by<T>(actor: Reader, work: () => T): T {
    this.#writer = writerOf(actor, this.#state.person);
    try {
      return work();
    } finally {
      this.#writer = undefined;
    }
  }

  /** One page, newest first. */
  page({ unread, limit, after }: InboxQuery): InboxPage {
    const rows = this.#state.sql
      .exec<Row>(
        `${SELECT_INBOX} ${unread ? "AND read_at IS NULL" : ""} ${NEWEST_FIRST}`,
        after?.at ?? Number.MAX_SAFE_INTEGER,
        after?.id ?? "",
        limit + 1,
      )
      .toArray();
    const shown = rows.slice(0, limit);
    const last = shown.at(-1);
    return {
      items: shown.map((row) => this.#shown(row)),
      next: rows.length > limit && last !== undefined ? { at: last.updated_at, id: last.id } : null,
      unread: this.#unread(),
    };
  }

  /** Marks an entry as read, or as unread again. Problem `not_found`. */
  mark(id: string, isRead: boolean): InboxEntry {
    const now = Math.floor(this.#state.now());
    this.#state.sql.exec("UPDATE inbox SET read_at = iif(?, coalesce(read_at, ?), NULL) WHERE id = ?", isRead ? 1 : 0, now, id);
    if (isRead) this.#listener.read(id);
    return this.#shown(this.#row(id));
  }

  /** Answers: by a status, in words, or both. Problems `not_found`, `gone`, `invalid` for an answer that the entry does not know. */
  answer(id: string, answer: InboxAnswer | undefined, text: string | undefined): InboxEntry {
    return this.#state.storage.transactionSync(() => {
      const row = this.#row(id);
      const [type = "", resourceId = ""] = row.reference.split("/");
      const { json } = this.#repository.answer({ kind: "read", type, id: resourceId }, WHOLE_REACH, () => undefined);
      const resource = JSON.parse(json ?? "{}") as Fields;
      const at = new Date(this.#state.now()).toISOString();
      if (answer !== undefined) {
        const changed = answered(resource, answer, at);
        if (changed === undefined)
          throw problem("invalid", undefined, {
            errors: [{ pointer: "/status", code: "not_answerable", message: `A ${row.kind} is not answered by this: answer in words.` }],
          });
        this.#repository.answer({ kind: "update", type, id: resourceId, resource: JSON.stringify(changed) }, WHOLE_REACH, () => undefined);
      }
      if (text !== undefined) {
        const reply = replyTo(resource, patientId(this.#state.person), text, at);
        this.#repository.answer({ kind: "create", type: "Communication", resource: JSON.stringify(reply) }, WHOLE_REACH, () => undefined);
      }
      const now = Math.floor(this.#state.now());
      // A task goes on until it is done; all else is answered.
      const isOpen = type === "Task" && answer !== undefined && (answer === "accepted" || answer === "in-progress");
      this.#state.sql.exec(
        "UPDATE inbox SET answered_at = ?1, read_at = coalesce(read_at, ?1), is_open = ?2 WHERE id = ?3",
        now,
        isOpen ? 1 : type === "Task" && answer === undefined ? row.is_open : 0,
        id,
      );
      this.#listener.read(id);
      return this.#shown(this.#row(id));
    });
  }

  /** How many entries of a writer wait for an answer, and how many of them are urgent. */
  openOf(writer: string): { readonly open: number; readonly urgent: number } {
    const { n, urgent } = this.#state.sql.exec<{ n: number; urgent: number }>(OPEN_OF, writer).one();
    return { open: n, urgent };
  }

  /** How many tasks a writer has given since, and how many of them are done. */
  tasksOf(writer: string, since: number): { readonly tasks: number; readonly tasksDone: number } {
    const { n, done } = this.#state.sql
      .exec<{ n: number; done: number }>(
        `SELECT count(*) AS n, coalesce(sum(r.body->>'status' = 'completed'), 0) AS done FROM inbox i
         JOIN fhir_resources r ON r.type = 'Task' AND r.id = substr(i.reference, 6)
         WHERE i.kind = 'task' AND i.writer = ? AND i.updated_at >= ?`,
        writer,
        since,
      )
      .one();
    return { tasks: n, tasksDone: done };
  }

  #changed({ type, id, interaction, body }: ResourceChange): void {
    if (!isInboxType(type)) return;
    const { sql, now, random, region } = this.#state;
    const reference = `${type}/${id}`;
    if (interaction === "delete") {
      sql.exec("DELETE FROM inbox WHERE reference = ?", reference);
      return;
    }
    const { isUrgent, isOpen } = weightOf(body);
    // What the person writes is nothing new to them.
    if (this.#writer === undefined) {
      sql.exec("UPDATE inbox SET is_open = ?, is_urgent = ? WHERE reference = ?", isOpen ? 1 : 0, isUrgent ? 1 : 0, reference);
      return;
    }
    const at = Math.floor(now());
    const kind = INBOX_TYPES[type];
    const { id: entry } = sql
      .exec<{ id: string }>(
        `INSERT INTO inbox (id, reference, kind, writer_kind, writer, is_urgent, is_open, created_at, updated_at)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?8)
         ON CONFLICT (reference) DO UPDATE SET writer_kind = excluded.writer_kind, writer = excluded.writer, is_urgent = excluded.is_urgent,
           is_open = excluded.is_open, updated_at = excluded.updated_at, read_at = NULL
         RETURNING id`,
        newId("notice", region, now(), random),
        reference,
        kind,
        this.#writer.kind,
        this.#writer.id,
        isUrgent ? 1 : 0,
        isOpen ? 1 : 0,
        at,
      )
      .one();
    this.#listener.came({ id: entry, kind, reference, isUrgent, updatedAt: at, from: this.#writer }, this.#unread());
  }

  #unread(): number {
    return this.#state.sql.exec<{ n: number }>("SELECT count(*) AS n FROM inbox WHERE read_at IS NULL").one().n;
  }

  #row(id: string): Row {
    const [row] = this.#state.sql.exec<Row>("SELECT * FROM inbox WHERE id = ?", id).toArray();
    if (row === undefined) throw notFound("entry of the inbox");
    return row;
  }

  #shown(row: Row): InboxEntry {
    const [type = "", id = ""] = row.reference.split("/");
    const resource = this.#repository.search.one(type, id, WHOLE_REACH);
    const words = resource === undefined ? { title: null, text: null, status: null } : wordsOf(resource);
    return {
      id: row.id,
      kind: row.kind,
      reference: row.reference,
      from: { kind: row.writer_kind, id: row.writer },
      ...words,
      isUrgent: row.is_urgent === 1,
      isOpen: row.is_open === 1,
      createdAt: row.created_at,
      updatedAt: row.updated_at,
      readAt: row.read_at,
      answeredAt: row.answered_at,
    };
  }
}

/** Undefined for the person themselves. */
function writerOf(actor: Reader, person: string): InboxWriter | undefined {
  if (actor.kind === "client") return { kind: "organisation", id: actor.organisation ?? actor.client };
  if (actor.person !== person) return { kind: "person", id: actor.person };
  return actor.reach === undefined ? undefined : { kind: "app", id: actor.session };
}
