import { DAY_MS } from "../../shared/clock";
import { toBase64Url } from "../../shared/crypto/base64url";
import { sha256Hex } from "../../shared/crypto/sha256";
import { type Page, type PageQuery, paged } from "../../shared/http/page";
import { type InvitationId, newId, parseId, type PersonId, type RandomBytes, regionOf } from "../../shared/id";
import { notFound, problem } from "../../shared/problem";
import { isRegion, type Region, REGIONS } from "../../shared/region";
import { areFriends, askFriend, isBlocked } from "../../shared/social/ties";
import { sharesOf, type Shares } from "../../shared/social/shares";
import { frame } from "../../shared/notifications/texts";
import { letter } from "../mail";
import { dropGuestMessage, keepGuestMessage, type NotificationPorts, sendGuestMessage } from "../notifications";
import { requireSession, sessionGuard } from "../sessions";
import { type Card, cardOf, shownOf } from "./cards";
import { MOST_MEMBERS, openAsAdmin, openAsMember, pointTo, requireRoom } from "./groups";
import type { SocialContext, SocialPorts } from "./ports";
import { regionsOfGroups } from "./relations";
import { exactPair, stepFor, takeStep } from "./ties";

export const VIAS = ["link", "email", "sms", "text"] as const;
export type Via = (typeof VIAS)[number];

const MOST_A_DAY = 30;
const SHAPE = /^mi_([a-z]{2})_[A-Za-z0-9_-]{43}$/;

export interface Invitation {
  readonly id: InvitationId;
  readonly via: Via;
  readonly group: string | null;
  readonly uses: number;
  readonly mostUses: number;
  readonly createdAt: number;
  readonly expiresAt: number;
  readonly state: "open" | "used" | "expired" | "revoked";
}

/** What is shown once, when an invitation is made. */
export interface MadeInvitation extends Invitation {
  readonly url: string;
  /** Words to share, with the address in them. */
  readonly text: string;
  readonly shares: Shares;
}

/** What whoever opens an invitation sees of it: that, and no more, who invites shows by inviting. */
export interface OpenInvitation {
  readonly from: string;
  readonly group: { readonly name: string; readonly about: string } | null;
  readonly expiresAt: number;
}

export interface InvitationPorts {
  readonly origin: string;
  readonly notifications: NotificationPorts;
  /** Goes on with work after the answer. */
  readonly after: (work: Promise<void>) => void;
}

export interface NewInvitation {
  readonly via: Via;
  readonly group?: string | undefined;
  readonly email?: string | undefined;
  /** E.164; then Meridian sends the text message. */
  readonly number?: string | undefined;
  readonly locale?: string | undefined;
  readonly mostUses: number;
  readonly expiresInDays: number;
}

interface Row {
  id: InvitationId;
  person_id: PersonId;
  group_id: string | null;
  via: Via;
  most_uses: number;
  created_at: number;
  expires_at: number;
  revoked_at: number | null;
  uses: number;
}

const COLUMNS = `id, person_id, group_id, via, most_uses, created_at, expires_at, revoked_at,
  (select count(*) from invitation_uses where invitation_id = invitations.id) as uses`;
/** What `?1` has made in a region, newest first, before the id `?2`, so many (`?3`). */
export const OWN_QUERY = `select ${COLUMNS} from invitations where person_id = ?1 and id < ?2 order by id desc limit ?3`;

/**
 * Invites into friendship, or into a group, by a code that is shown once. To an address or number it goes out once, sealed until then and not kept after;
 * without one there are words and addresses to share it by. The answer is the same whether an address belongs to somebody, and whether they want such letters.
 * Problems `not_found` and `forbidden` for a group into which the actor may not invite, `rate_limited` past thirty a day or ten text messages,
 * `unavailable` where no text messages are sent.
 */
export async function invite(ports: SocialPorts & InvitationPorts, input: NewInvitation): Promise<MadeInvitation> {
  const { actor, records } = ports;
  const now = ports.now();
  const [guard, names] = await records.batch<{ name: string }>([
    sessionGuard(records, actor, now),
    records.prepare("select name from people where id = ?").bind(actor.person),
  ]);
  requireSession(guard);
  const group = input.group === undefined ? undefined : await groupToInviteTo(ports, input.group);
  const region = group === undefined ? ports.region : regionOf(group.id);
  const home = ports.recordsOf(region);
  const code = newCode(region, ports.random);
  const id = newId("invitation", region, now, ports.random);
  const today = await home
    .prepare("select count(*) as n from invitations where person_id = ? and id > ?")
    .bind(
      actor.person,
      newId("invitation", region, now - DAY_MS, (bytes) => bytes.fill(0)),
    )
    .first<number>("n");
  if ((today ?? 0) >= MOST_A_DAY) throw problem("rate_limited", "That was enough for a day.", { retryAfter: DAY_MS / 1_000 });
  const expiresAt = now + input.expiresInDays * DAY_MS;
  const to = input.email ?? input.number;
  const mostUses = to === undefined ? input.mostUses : 1;
  await home
    .prepare(
      "insert into invitations (id, code_hash, person_id, group_id, via, most_uses, created_at, expires_at) values (?, ?, ?, ?, ?, ?, ?, ?)",
    )
    .bind(id, await sha256Hex(code), actor.person, group?.id ?? null, input.via, mostUses, now, expiresAt)
    .run();
  const url = `${ports.origin}/invite/${code}`;
  const from = names?.results[0]?.name ?? "";
  if (to !== undefined) await send(ports, home, { id, to, from, group: group?.name, url }, input);
  const words =
    group === undefined
      ? `${from} invites you to be friends on Meridian:`
      : `${from} invites you into the group “${group.name}” on Meridian:`;
  const text = `${words} ${url}`;
  const row = {
    id,
    person_id: actor.person,
    group_id: group?.id ?? null,
    via: input.via,
    most_uses: mostUses,
    created_at: now,
    expires_at: expiresAt,
    revoked_at: null,
    uses: 0,
  };
  return { ...invitationOf(row, now), url, text, shares: sharesOf("Meridian", words, url) };
}

/** Has it go out, once. Where it may not, there is no invitation. */
async function send(
  ports: SocialPorts & InvitationPorts,
  home: D1Database,
  { id, to, from, group, url }: { id: InvitationId; to: string; from: string; group: string | undefined; url: string },
  { via, locale = "en" }: NewInvitation,
): Promise<void> {
  const person = ports.actor.person;
  const channel = via === "email" ? "email" : "sms";
  const letter_ = letter(
    group === undefined ? "invited_by_friend" : "invited_to_group",
    locale,
    `${from}${group === undefined ? "" : `\n${group}`}\n${url}`,
  );
  const who = sayable(from) ?? frame("somebody", locale);
  const what = group === undefined ? undefined : sayable(group);
  const short = what === undefined ? frame("invite", locale, { who, url }) : frame("inviteGroup", locale, { who, what, url });
  const text = channel === "email" ? letter_.text : short;
  try {
    await keepGuestMessage(ports.notifications, { id, person, channel, to, subject: letter_.subject, text, locale });
  } catch (error) {
    await home.prepare("delete from invitations where id = ?").bind(id).run();
    throw error;
  }
  ports.after(sendGuestMessage(ports.notifications, ports.region, id));
}

const LONGEST_IN_SMS = 40;

/** A name as a text message to a stranger may hold it: short, and with nothing that a telephone would make a link of. */
function sayable(name: string): string | undefined {
  const text = name.replaceAll(/\s+/g, " ").trim();
  if (text === "" || text.length > LONGEST_IN_SMS || /[/@:]|\.\p{L}|\d{5}/u.test(text)) return undefined;
  return text;
}

/** Into an open group any member invites, into others owners and administrators. */
async function groupToInviteTo(ports: SocialPorts, id: string) {
  const group = await openAsMember(ports, id);
  return group.joining === "open" ? group : await openAsAdmin(ports, id);
}

/** The actor's invitations, newest first; the codes themselves are not kept. */
export async function listInvitations(ports: SocialPorts, query: PageQuery): Promise<Page<Invitation>> {
  const { actor } = ports;
  requireSession(await sessionGuard(ports.records, actor, ports.now()).all());
  const regions = await regionsOfGroups(ports, actor.person);
  const { items, next } = await paged<Row, string>(
    ports,
    "invitations",
    query,
    async (before, limit) => {
      const found = await Promise.all(
        regions.map(
          async (region) =>
            (
              await ports
                .recordsOf(region)
                .prepare(OWN_QUERY)
                .bind(actor.person, `inv_${region}_${before ?? "~"}`, limit)
                .all<Row>()
            ).results,
        ),
      );
      return found
        .flat()
        .toSorted((a, b) => (a.id.slice(7) < b.id.slice(7) ? 1 : -1))
        .slice(0, limit);
    },
    ({ id }) => id.slice(7),
  );
  const now = ports.now();
  return { items: items.map((row) => invitationOf(row, now)), next };
}

/** Takes an invitation back: its code opens nothing any more. Taken back already is fine. Problem `not_found`. */
export async function revokeInvitation(ports: SocialPorts, text: string): Promise<void> {
  requireSession(await sessionGuard(ports.records, ports.actor, ports.now()).all());
  const id = parseId("invitation", text);
  if (id === undefined) throw notFound("invitation");
  const { meta } = await ports
    .recordsOf(regionOf(id))
    .prepare("update invitations set revoked_at = coalesce(revoked_at, ?3) where id = ?1 and person_id = ?2")
    .bind(id, ports.actor.person, ports.now())
    .run();
  if (meta.changes !== 1) throw notFound("invitation");
  await dropGuestMessage(ports.records, id);
}

/** What a code opens. One that is wrong, used up, too old or taken back opens nothing, and does not say which. Problem `not_found`. */
export async function openInvitation(context: SocialContext, code: string): Promise<OpenInvitation> {
  const row = await findOpen(context, code);
  const [from, group] = await Promise.all([
    context.recordsOf(regionOf(row.person_id)).prepare("select name from people where id = ?").bind(row.person_id).first<string>("name"),
    row.group_id === null
      ? null
      : context
          .recordsOf(regionOf(row.group_id))
          .prepare("select name, about from social_groups where id = ?")
          .bind(row.group_id)
          .first<{ name: string; about: string }>(),
  ]);
  if (from === null) throw notFound("invitation");
  return { from, group, expiresAt: row.expires_at };
}

/**
 * Accepts an invitation: the actor and who invites are friends, or the actor is in the group. Accepted already is fine. Problems `not_found`, also
 * where either has blocked the other or the group has banned the actor, and `conflict` for one's own.
 */
export async function acceptInvitation(
  ports: SocialPorts,
  code: string,
): Promise<{ readonly person: Card; readonly group: string | null }> {
  const { actor } = ports;
  requireSession(await sessionGuard(ports.records, actor, ports.now()).all());
  const row = await findOpen(ports, code, actor.person);
  const from = row.person_id;
  if (from === actor.person) throw problem("conflict", "This is your own invitation.");
  const { own, theirs } = await exactPair(ports, actor.person, from);
  if (isBlocked(own, theirs)) throw notFound("invitation");
  const group = row.group_id === null ? undefined : parseId("socialGroup", row.group_id);
  if (group !== undefined) {
    await requireRoom(ports);
    await pointTo(ports, actor.person, group);
  }
  const records = ports.recordsOf(regionOf(row.id));
  const now = ports.now();
  const [, , used] = await records.batch<{ used_at: number }>([
    records
      .prepare(
        `insert into invitation_uses (invitation_id, person_id, used_at) select id, ?2, ?3 from invitations where id = ?1 and revoked_at is null
           and expires_at > ?3 and (select count(*) from invitation_uses where invitation_id = ?1) < most_uses on conflict do nothing`,
      )
      .bind(row.id, actor.person, now),
    // Whoever has come in by it before and is out again does not come in by it once more.
    records
      .prepare(
        `insert into social_group_members (group_id, person_id, state, since_at)
         select social_groups.id, ?2, 'member', ?3 from invitation_uses join invitations on invitations.id = invitation_id
           join social_groups on social_groups.id = invitations.group_id where invitation_id = ?1 and invitation_uses.person_id = ?2 and invitation_uses.used_at = ?3
           and (select count(*) from social_group_members where group_id = social_groups.id and state = 'member') < ${MOST_MEMBERS}
           and exists (select 1 from social_group_members host where host.group_id = social_groups.id and host.person_id = invitations.person_id and host.state = 'member')
         on conflict do update set state = 'member', since_at = excluded.since_at where social_group_members.state in ('asked', 'invited')`,
      )
      .bind(row.id, actor.person, now),
    records.prepare("select used_at from invitation_uses where invitation_id = ? and person_id = ?").bind(row.id, actor.person),
  ]);
  const [use] = used?.results ?? [];
  if (use === undefined) throw notFound("invitation");
  if (group !== undefined) {
    const state = await records
      .prepare("select state from social_group_members where group_id = ? and person_id = ?")
      .bind(group, actor.person)
      .first<string>("state");
    if (state !== "member") throw notFound("invitation");
    const shown = await shownOf(ports, [from]);
    return { person: cardOf(from, shown.get(from), "groupmate"), group };
  }
  if (!areFriends(own, theirs)) {
    // A friendship that has ended since it was used does not come back by it.
    if (use.used_at <= Math.max(own.refusedAt, theirs.refusedAt)) throw notFound("invitation");
    // Who invites has said yes to whoever brings the code.
    await stepFor(ports, from, actor.person, () => askFriend);
    await takeStep(ports, from, () => askFriend);
    await ports.tell(from, "friend_accepted", `invitation ${row.id} ${actor.person}`, { person: actor.person }, { names: true });
  }
  const shown = await shownOf(ports, [from]);
  return { person: cardOf(from, shown.get(from), "friend"), group: null };
}

/** Takes out what has expired for a month, in every region. Returns how many. */
export async function cleanAllInvitations(context: SocialContext): Promise<number> {
  const counts = await Promise.all(REGIONS.map(async (region) => await cleanInvitations(context, region)));
  return counts.reduce((sum, count) => sum + count, 0);
}

async function cleanInvitations({ recordsOf, now }: SocialContext, region: Region): Promise<number> {
  const { meta } = await recordsOf(region)
    .prepare("delete from invitations where id in (select id from invitations where expires_at < ? order by expires_at limit 1000)")
    .bind(now() - 30 * DAY_MS)
    .run();
  return meta.changes;
}

async function findOpen({ recordsOf, now }: SocialContext, code: string, user = ""): Promise<Row> {
  const region = SHAPE.exec(code)?.[1];
  if (!isRegion(region)) throw notFound("invitation");
  const row = await recordsOf(region)
    .prepare(
      `select ${COLUMNS}, exists (select 1 from invitation_uses where invitation_id = invitations.id and person_id = ?2) as is_used
       from invitations where code_hash = ?1`,
    )
    .bind(await sha256Hex(code), user)
    .first<Row & { is_used: number }>();
  // Whoever has used it once has come in by it, whatever has become of it since.
  if (row === null || (invitationOf(row, now()).state !== "open" && row.is_used === 0)) throw notFound("invitation");
  return row;
}

function newCode(region: Region, random: RandomBytes): string {
  return `mi_${region}_${toBase64Url(random(new Uint8Array(32)))}`;
}

function invitationOf({ id, via, group_id, uses, most_uses, created_at, expires_at, revoked_at }: Row, now: number): Invitation {
  const state = revoked_at !== null ? "revoked" : expires_at <= now ? "expired" : uses >= most_uses ? "used" : "open";
  return { id, via, group: group_id, uses, mostUses: most_uses, createdAt: created_at, expiresAt: expires_at, state };
}
