import type { AppContext } from "../../shared/http/app-env";
import type { PersonId } from "../../shared/id";
import { areBlocked, areFriends, socialContext } from "../social";

/** What somebody is to a person, as far as that decides what they are shown; `blocked` where either has blocked the other. */
export type Relation = "friend" | "stranger" | "blocked";

/** What the reader is to the owner. */
export async function relationOf(c: AppContext, owner: PersonId, reader: PersonId): Promise<Relation> {
  const context = socialContext(c.env, c.get("now"));
  const [isBlocked, isFriend] = await Promise.all([areBlocked(context, owner, reader), areFriends(context, owner, reader)]);
  return isBlocked ? "blocked" : isFriend ? "friend" : "stranger";
}
