/** Who may see something, from the fewest to the most. Each includes those before it. */
export const AUDIENCES = ["nobody", "friends", "groups", "everybody"] as const;
export type Audience = (typeof AUDIENCES)[number];

/** What a viewer is to somebody, from the nearest to the farthest; `blocked` where either has blocked the other. */
export const RELATIONS = ["self", "friend", "groupmate", "stranger", "blocked"] as const;
export type Relation = (typeof RELATIONS)[number];

/** The narrowest audience of which somebody in a relation is a part; nothing where they are part of none. */
const NEEDED: Readonly<Record<Relation, Audience | "never">> = {
  self: "nobody",
  friend: "friends",
  groupmate: "groups",
  stranger: "everybody",
  blocked: "never",
};

/** Whether somebody in a relation sees what is meant for an audience. */
export function sees(relation: Relation, audience: Audience): boolean {
  const needed = NEEDED[relation];
  return needed !== "never" && AUDIENCES.indexOf(audience) >= AUDIENCES.indexOf(needed);
}

/** The fields of a profile whose audience a person chooses. */
export const PROFILE_FIELDS = ["name", "about", "pronouns", "area", "activities", "friends", "groups", "posts"] as const;
export type ProfileField = (typeof PROFILE_FIELDS)[number];
export type Visibility = Readonly<Record<ProfileField, Audience>>;

/**
 * Nothing is shown until a person says so, but for two: whoever makes friends or joins a group introduces themselves there by name, and each
 * post has an audience of its own, which `posts` only narrows.
 */
export const DEFAULT_VISIBILITY: Visibility = {
  name: "groups",
  about: "nobody",
  pronouns: "nobody",
  area: "nobody",
  activities: "nobody",
  friends: "nobody",
  groups: "nobody",
  posts: "everybody",
};

/** The fields that somebody in a relation sees. */
export function visibleFields(visibility: Visibility, relation: Relation): ReadonlySet<ProfileField> {
  return new Set(PROFILE_FIELDS.filter((field) => sees(relation, visibility[field])));
}
