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
