export { type SocialContext, socialContext } from "./ports";
export { leaveAllGroups } from "./groups";
export {
  areBlocked,
  areFriends,
  friendsOf,
  type GroupRole,
  groupsOf,
  hiddenFrom,
  membersOf,
  relationTo,
  roleIn,
  shareGroup,
} from "./relations";
export { sweepTies } from "./ties";
export { bringRelations, movedRelations } from "./move-relations";
export { cleanAllInvitations } from "./invitations";
export { isModerator, keepReport } from "./moderation";
export { type CardFacts, type Happening, postToFeed, takeOutOfFeed } from "./posts";
export { handleHashes } from "./profile";
