import * as z from "zod";
import { type PersonId, regionOf } from "../../shared/id";
import type { FollowRule } from "../../shared/social/ties";
import { AUDIENCES, DEFAULT_VISIBILITY, PROFILE_FIELDS, type Relation, sees, type Visibility } from "../../shared/social/visibility";
import type { SocialContext } from "./ports";

/** How somebody is shown in lists. What the viewer may not see is null. */
export interface Card {
  readonly id: string;
  readonly name: string | null;
  readonly handle: string | null;
}

/** What the region of somebody knows of how they show themselves. */
export interface Shown {
  readonly id: PersonId;
  readonly name: string;
  readonly handle: string | null;
  readonly visibility: Visibility;
  readonly followRule: FollowRule;
}

interface Row {
  id: PersonId;
  name: string;
  handle: string | null;
  visibility: string | null;
  follow_rule: FollowRule | null;
}

const visibilitySchema = z.partialRecord(z.enum(PROFILE_FIELDS), z.enum(AUDIENCES));

/** Audiences as they are stored, with the default of what is not named. */
export function visibilityOf(stored: string | null): Visibility {
  return { ...DEFAULT_VISIBILITY, ...(stored === null ? {} : visibilitySchema.parse(JSON.parse(stored))) };
}

/** How people show themselves, asked of each one's region once; those who are not registered are left out. Nothing of it may be answered without `cardOf`. */
export async function shownOf({ recordsOf }: SocialContext, people: readonly PersonId[]): Promise<ReadonlyMap<string, Shown>> {
  const found = await Promise.all(
    [...Map.groupBy(new Set(people), (id) => regionOf(id))].map(
      async ([region, ids]) =>
        (
          await recordsOf(region)
            .prepare(
              `select people.id, people.name, social_profiles.handle, social_profiles.visibility, social_profiles.follow_rule
               from people left join social_profiles on social_profiles.person_id = people.id where people.id in (select value from json_each(?))`,
            )
            .bind(JSON.stringify(ids))
            .all<Row>()
        ).results,
    ),
  );
  return new Map(
    found
      .flat()
      .map(({ visibility, follow_rule, ...row }) => [
        row.id,
        { ...row, visibility: visibilityOf(visibility), followRule: follow_rule ?? "nobody" },
      ]),
  );
}

/** Somebody as a viewer in a relation sees them in a list. A handle is there to be found by, and is shown to whoever is not blocked. */
export function cardOf(id: string, shown: Shown | undefined, relation: Relation): Card {
  if (shown === undefined || relation === "blocked") return { id, name: null, handle: null };
  return { id, name: sees(relation, shown.visibility.name) ? shown.name : null, handle: shown.handle };
}
