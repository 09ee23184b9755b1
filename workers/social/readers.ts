import { parseId, type PersonId, regionOf } from "../../shared/id";
import { leastReach } from "../../shared/social/posts";
import { areFriends, following, type FollowRule, isBlocked, type Tie } from "../../shared/social/ties";
import type { Relation } from "../../shared/social/visibility";
import { type Card, cardOf, shownOf, visibilityOf } from "./cards";
import type { SocialPorts } from "./ports";
import { friendsOf, hiddenFrom, shareGroup } from "./relations";
import { readTies } from "./ties";

/** An author of whom the actor sees the posts that reach at least so far: see `leastReach`. */
export interface Reader {
  readonly author: PersonId;
  readonly reach: number;
}

interface Row {
  id: PersonId;
  visibility: string | null;
  follow_rule: FollowRule | null;
}

/**
 * Of which authors the actor sees posts, and how far those have to reach. Judged in each author's region, where their ties, their rule and what they
 * show are written, and by the actor's own ties; nobody who is blocked either way is among them.
 */
export async function readersOf(ports: SocialPorts, authors: readonly PersonId[]): Promise<Reader[]> {
  const { actor } = ports;
  const hidden = new Set<string>(await hiddenFrom(ports, actor.person));
  const asked = authors.filter((author) => author !== actor.person && !hidden.has(author));
  const found = await Promise.all(
    [...Map.groupBy(asked, (author) => regionOf(author))].map(async ([region, list]) => {
      const records = ports.recordsOf(region);
      const [ties, shown] = await Promise.all([
        readTies(records, actor.person, list),
        records
          .prepare(
            `select people.id, visibility, follow_rule from people left join social_profiles on person_id = people.id
             where people.id in (select value from json_each(?))`,
          )
          .bind(JSON.stringify(list))
          .all<Row>(),
      ]);
      return await Promise.all(
        shown.results.map(async ({ id, visibility, follow_rule }) => {
          const { own, theirs } = ties(id);
          const cap = visibilityOf(visibility).posts;
          const relation = await relationFor(ports, id, own, theirs, cap === "groups");
          const isFollowing = following(own, theirs, follow_rule ?? "nobody") === "active";
          const reach = leastReach({ relation, isFollowing }, cap);
          return reach === undefined ? [] : [{ author: id, reach }];
        }),
      );
    }),
  );
  const own = authors.includes(actor.person) ? [{ author: actor.person, reach: 0 }] : [];
  return [...own, ...found.flat(2)];
}

/** Whether two share a group is asked only where something hangs on it. */
async function relationFor(ports: SocialPorts, author: PersonId, own: Tie, theirs: Tie, needsGroups: boolean): Promise<Relation> {
  if (isBlocked(own, theirs)) return "blocked";
  if (areFriends(own, theirs)) return "friend";
  return needsGroups && (await shareGroup(ports, author, ports.actor.person)) ? "groupmate" : "stranger";
}

/** How the authors of posts or comments are shown: by name to friends and, within a group, to its members, as far as they show it to these. */
export async function viewOfAuthor(
  ports: SocialPorts,
  rows: readonly { readonly person_id: string; readonly group_id: string | null }[],
): Promise<(row: { readonly person_id: string; readonly group_id: string | null }) => Card> {
  const authors = rows.flatMap(({ person_id }) => parseId("person", person_id) ?? []);
  const [shown, friends] = await Promise.all([shownOf(ports, authors), friendsOf(ports, ports.actor.person)]);
  const near = new Set<string>(friends);
  return ({ person_id, group_id }) => {
    if (person_id === ports.actor.person) return cardOf(person_id, shown.get(person_id), "self");
    const relation = near.has(person_id) ? "friend" : group_id === null ? "stranger" : "groupmate";
    return cardOf(person_id, shown.get(person_id), relation);
  };
}
