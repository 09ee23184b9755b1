import type { PersonActor } from "../../shared/context";
import { openCursor, sealCursor } from "../../shared/http/cursor";
import type { Page, PageQuery } from "../../shared/http/page";
import { newId, parseId, type PersonId, regionOf, type ReportId } from "../../shared/id";
import { notFound, problem } from "../../shared/problem";
import type { Region } from "../../shared/region";
import { readerOf } from "../consents";
import { requireSession, sessionGuard } from "../sessions";
import { openGroup } from "./groups";
import type { SocialContext, SocialPorts } from "./ports";
import { openOwnPost, openPost } from "./posts";
import { hiddenFrom } from "./relations";

export const REPORT_REASONS = [
  "spam",
  "harassment",
  "hate",
  "sexual",
  "violence",
  "self_harm",
  "misinformation",
  "privacy",
  "other",
] as const;
export type ReportReason = (typeof REPORT_REASONS)[number];
export const REPORT_KINDS = ["post", "comment", "person", "group", "message", "removal"] as const;
export type ReportKind = (typeof REPORT_KINDS)[number];
export const REPORT_STATES = ["open", "removed", "kept"] as const;
export type ReportState = (typeof REPORT_STATES)[number];

/** What somebody reports, and what was there. */
export interface Finding {
  readonly kind: ReportKind;
  readonly subject: string;
  readonly within?: string | undefined;
  readonly author: PersonId | undefined;
  readonly reporter: PersonId;
  readonly reason: ReportReason | "appeal";
  readonly note: string;
  readonly quote: string;
}

export interface Report extends Omit<Finding, "reporter" | "author" | "within"> {
  readonly id: ReportId;
  readonly within: string | null;
  readonly author: string | null;
  readonly reporter: string;
  readonly state: ReportState;
  readonly createdAt: number;
  readonly decidedAt: number | null;
  readonly decisionNote: string | null;
}

interface Row {
  id: ReportId;
  kind: ReportKind;
  subject_id: string;
  within_id: string | null;
  author_id: string | null;
  reporter_id: string;
  reason: ReportReason | "appeal";
  note: string;
  quote: string;
  state: ReportState;
  created_at: number;
  decided_at: number | null;
  decision_note: string | null;
}

const COLUMNS =
  "id, kind, subject_id, within_id, author_id, reporter_id, reason, note, quote, state, created_at, decided_at, decision_note";
/** The reports of a region in a state `?1`, oldest first, after the id `?2`, so many (`?3`). */
export const QUEUE_QUERY = `select ${COLUMNS} from reports where state = ?1 and id > ?2 order by id limit ?3`;

const QUOTED = 2_000;
const MOST_A_DAY = 50;

/**
 * Reports a post, a comment, a person or a group that the actor sees. Reporting it again changes nothing. Whoever is reported does not learn by whom.
 * Problems `not_found`, `rate_limited`.
 */
export async function fileReport(
  ports: SocialPorts,
  {
    about,
    reason,
    note,
    within,
  }: { readonly about: string; readonly within?: string | undefined; readonly reason: ReportReason; readonly note: string },
): Promise<Pick<Report, "id" | "state">> {
  requireSession(await sessionGuard(ports.records, ports.actor, ports.now()).all());
  const found = await subjectOf(ports, about, within);
  const lately = await ports
    .recordsOf(regionOf(found.subject))
    .prepare("select count(*) as n from reports where reporter_id = ? and id > ?")
    .bind(
      ports.actor.person,
      newId("report", regionOf(found.subject), ports.now() - 86_400_000, (bytes) => bytes.fill(0)),
    )
    .first<number>("n");
  if ((lately ?? 0) >= MOST_A_DAY) throw problem("rate_limited", "That was enough for a day.", { retryAfter: 86_400 });
  return await keepReport(ports, { ...found, reporter: ports.actor.person, reason, note });
}

/** Puts a report into the queue of the region where its subject lies; the one that is there already is kept. */
export async function keepReport(context: SocialContext, finding: Finding): Promise<Pick<Report, "id" | "state">> {
  const { kind, subject, within, author, reporter, reason, note, quote } = finding;
  const region = regionOf(subject);
  const records = context.recordsOf(region);
  const now = context.now();
  const [, rows] = await records.batch<Row>([
    records
      .prepare(
        `insert into reports (id, kind, subject_id, within_id, author_id, reporter_id, reason, note, quote, created_at)
         values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?) on conflict do nothing`,
      )
      .bind(
        newId("report", region, now),
        kind,
        subject,
        within ?? null,
        author ?? null,
        reporter,
        reason,
        note,
        quote.slice(0, QUOTED),
        now,
      ),
    records.prepare("select id, state from reports where subject_id = ? and reporter_id = ? and kind = ?").bind(subject, reporter, kind),
  ]);
  const row = rows?.results[0];
  if (row === undefined) throw new TypeError("a report that was just kept is not there");
  return { id: row.id, state: row.state };
}

type Subject = Pick<Finding, "kind" | "subject" | "within" | "author" | "quote">;

async function subjectOf(ports: SocialPorts, about: string, within: string | undefined): Promise<Subject> {
  if (parseId("post", about) !== undefined) {
    const post = await openPost(ports, about);
    return { kind: "post", subject: post.id, author: parseId("person", post.person_id), quote: post.body };
  }
  const comment = parseId("comment", about);
  if (comment !== undefined) {
    const post = await openPost(ports, within ?? "");
    const hidden = await hiddenFrom(ports, ports.actor.person);
    const row = await ports
      .recordsOf(regionOf(post.id))
      .prepare("select person_id, body from post_comments where post_id = ? and id = ? and removed_at is null")
      .bind(post.id, comment)
      .first<{ person_id: PersonId; body: string }>();
    if (row === null || hidden.includes(row.person_id)) throw notFound("comment");
    return { kind: "comment", subject: comment, within: post.id, author: row.person_id, quote: row.body };
  }
  if (parseId("socialGroup", about) !== undefined) {
    const group = await openGroup(ports, about);
    return { kind: "group", subject: group.id, author: undefined, quote: `${group.name}\n${group.about}` };
  }
  const person = parseId("person", about);
  if (person === undefined || person === ports.actor.person) throw notFound("thing to report");
  // Whoever has blocked somebody may still report them; nobody learns by it whether anybody is there.
  return { kind: "person", subject: person, author: person, quote: "" };
}

/** Asks for another look at what a moderator took out: once, by its author. Problems `not_found`, `conflict` where nothing was taken out. */
export async function appeal(ports: SocialPorts, post: string, note: string): Promise<Pick<Report, "id" | "state">> {
  const row = await openOwnPost(ports, post);
  if (row.removed_at === null) throw problem("conflict", "Nobody has taken this post out.");
  return await keepReport(ports, {
    kind: "removal",
    subject: row.id,
    author: ports.actor.person,
    reporter: ports.actor.person,
    reason: "appeal",
    note,
    quote: row.body,
  });
}

/** The queue of a region, oldest first; for its moderators. Problem `forbidden`. */
export async function listReports(
  ports: SocialPorts,
  { state, region, limit, cursor }: PageQuery & { readonly state: ReportState; readonly region?: Region | undefined },
): Promise<Page<Report>> {
  const actor = await readerOf(ports.recordsOf, ports.actor, ports.now());
  if (!isModerator(actor)) throw problem("forbidden", "This is for moderators and admins, with a second factor.");
  const where = region ?? ports.region;
  const scope = `reports ${where} ${state}`;
  const after = cursor === undefined ? "" : await openCursor<string>(ports.keys, actor.person, scope, cursor);
  const { results } = await ports
    .recordsOf(where)
    .prepare(QUEUE_QUERY)
    .bind(state, after, limit + 1)
    .all<Row>();
  const page = results.slice(0, limit);
  const last = page.at(-1);
  // What two people wrote to each other is read by nobody unnoticed.
  const messages = page.filter(({ kind }) => kind === "message");
  const [first] = messages;
  if (first !== undefined) await ports.noteRead(where, { first: first.id, last: messages.at(-1)?.id ?? first.id, n: messages.length });
  const next = results.length > limit && last !== undefined ? await sealCursor(ports.keys, actor.person, scope, last.id) : null;
  return { items: page.map(reportOf), next };
}

/**
 * Decides about what was reported: takes it out, with words for its author, or keeps it. All open reports of the same thing are decided with it. An
 * appeal that is kept puts back what was taken out. Repeating a decision changes nothing. Problems `not_found` for whoever is no moderator, `forbidden`
 * for who reported it or wrote it, `conflict` where it was decided otherwise.
 */
export async function decideReport(ports: SocialPorts, id: string, outcome: "removed" | "kept", note: string): Promise<Report> {
  const actor = await readerOf(ports.recordsOf, ports.actor, ports.now());
  const report = parseId("report", id);
  if (report === undefined || !isModerator(actor)) throw notFound("report");
  const records = ports.recordsOf(regionOf(report));
  const found = await records.prepare(`select ${COLUMNS} from reports where id = ?`).bind(report).first<Row>();
  if (found === null) throw notFound("report");
  if (found.author_id === actor.person || found.reporter_id === actor.person) throw problem("forbidden", "You have a part in this.");
  if (found.state !== "open") {
    if (found.state !== outcome) throw problem("conflict", "This was decided otherwise.");
    await carryOut(ports, found, outcome);
    return reportOf(found);
  }
  const now = ports.now();
  await records.batch([
    ...effects(records, found, outcome, note, now),
    records
      .prepare(
        `update reports set state = ?3, decided_at = ?4, decided_by = ?5, decision_note = ?6
         where subject_id = ?1 and state = 'open' and (kind = 'removal') = (?2 = 'removal')`,
      )
      .bind(found.subject_id, found.kind, outcome, now, actor.person, note),
  ]);
  const row = await records.prepare(`select ${COLUMNS} from reports where id = ?`).bind(report).first<Row>();
  if (row === null) throw notFound("report");
  // Somebody else was faster.
  if (row.state !== outcome) throw problem("conflict", "This was decided otherwise.");
  await carryOut(ports, row, outcome);
  return reportOf(row);
}

/** What follows from a decision outside of the region's records. Again changes nothing, so that a decision that was cut off is repeated. */
async function carryOut(ports: SocialPorts, row: Row, outcome: "removed" | "kept"): Promise<void> {
  await inRoom(ports, row, outcome);
  const author = parseId("person", row.author_id ?? "");
  if (author === undefined || (row.kind !== "removal" && (outcome !== "removed" || row.kind === "person"))) return;
  await ports.tell(author, "moderation", `decided ${row.id}`, { subject: row.subject_id });
}

/** What is decided of a message is done in its room, which asks nobody else about it. Again changes nothing, so that a decision that was cut off is repeated. */
async function inRoom(ports: SocialPorts, { kind, subject_id, within_id }: Row, outcome: "removed" | "kept"): Promise<void> {
  if (kind !== "message") return;
  const room = parseId("room", within_id ?? "");
  const seq = Number(subject_id.split(".")[1]);
  if (room !== undefined && Number.isSafeInteger(seq)) await ports.room(room).decideHanded(seq, outcome);
}

/**
 * What follows in the region's records. Each holds only where the report is still open, in the batch that closes it: of two moderators who decide
 * otherwise at the same moment the second has no effect.
 */
export function effects(
  records: D1Database,
  { id, kind, subject_id, within_id, reason }: Pick<Row, "id" | "kind" | "subject_id" | "within_id" | "reason">,
  outcome: "removed" | "kept",
  note: string,
  now: number,
): D1PreparedStatement[] {
  const words = note === "" ? reason : `${reason}: ${note}`;
  const isOpen = (n: number) => `exists (select 1 from reports where id = ?${n} and state = 'open')`;
  if (kind === "removal") {
    // The appeal was right: what was taken out is seen again.
    return outcome === "kept"
      ? [records.prepare(`update posts set removed_at = null, removed_for = null where id = ?1 and ${isOpen(2)}`).bind(subject_id, id)]
      : [];
  }
  if (outcome === "kept") return [];
  if (kind === "post") {
    return [
      records
        .prepare(`update posts set removed_at = ?2, removed_for = ?3 where id = ?1 and removed_at is null and ${isOpen(4)}`)
        .bind(subject_id, now, words, id),
    ];
  }
  if (kind === "comment") {
    return [
      records
        .prepare(
          `update post_comments set removed_at = ?3, removed_for = ?4 where post_id = ?2 and id = ?1 and removed_at is null and ${isOpen(5)}`,
        )
        .bind(subject_id, within_id ?? "", now, words, id),
    ];
  }
  if (kind === "group") return [records.prepare(`delete from social_groups where id = ?1 and ${isOpen(2)}`).bind(subject_id, id)];
  // A person: what they have shown of themselves in words is emptied; accounts are an administrator's.
  if (kind === "person") {
    return [
      records
        .prepare(
          `update social_profiles set about = null, pronouns = null, area = null, activities = '[]', version = version + 1
           where person_id = ?1 and ${isOpen(2)}`,
        )
        .bind(subject_id, id),
    ];
  }
  return [];
}

/** Moderators and admins, in a session that was opened with a second factor. */
export function isModerator({ roles = [], assurance }: PersonActor): boolean {
  return assurance === "aal2" && (roles.includes("moderator") || roles.includes("admin"));
}

function reportOf({ subject_id, within_id, author_id, reporter_id, created_at, decided_at, decision_note, ...row }: Row): Report {
  return {
    ...row,
    subject: subject_id,
    within: within_id,
    author: author_id,
    reporter: reporter_id,
    createdAt: created_at,
    decidedAt: decided_at,
    decisionNote: decision_note,
  };
}
