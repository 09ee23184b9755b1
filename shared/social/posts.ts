import { type Relation, sees, type Audience } from "./visibility";

/** Who may see a post beside its author, from the nearest to everybody who is signed in. Each includes those before it. */
export const POST_AUDIENCES = ["friends", "followers", "everybody"] as const;
export type PostAudience = (typeof POST_AUDIENCES)[number];

/** What a post is about. Nothing is posted that the person has not chosen, or chosen to have posted. */
export const POST_KINDS = ["text", "workout", "achievement", "challenge", "streak", "plan"] as const;
export type PostKind = (typeof POST_KINDS)[number];
/** Kinds that the person may have posted by themselves as they happen. */
export const POSTED_KINDS = ["workout", "achievement", "challenge", "streak"] as const satisfies readonly PostKind[];
export type PostedKind = (typeof POSTED_KINDS)[number];

export const REACTIONS = ["like", "cheer", "strong", "wow", "support"] as const;
export type Reaction = (typeof REACTIONS)[number];

/** How near somebody must be for an audience: the number that is stored, so that nearness can be compared in SQL. */
export function reachOf(audience: PostAudience): number {
  return POST_AUDIENCES.indexOf(audience) + 1;
}

export function audienceOf(reach: number): PostAudience {
  return POST_AUDIENCES[reach - 1] ?? "friends";
}

/** What a viewer is to an author, as far as posts are concerned. */
export interface Viewer {
  readonly relation: Relation;
  /** Whether they follow the author, and that counts. */
  readonly isFollowing: boolean;
}

/**
 * The least reach that a post must have for a viewer to see it among the author's own posts: 0 for the author, 1 for friends, 2 for followers, 3
 * for others; undefined for whoever sees none. `cap` is what the author says of all their posts in the profile.
 */
export function leastReach({ relation, isFollowing }: Viewer, cap: Audience): number | undefined {
  if (relation === "self") return 0;
  if (!sees(relation, cap)) return undefined;
  if (relation === "friend") return 1;
  return isFollowing ? 2 : 3;
}
