export {
  addMember,
  dissolveRoom,
  openDirect,
  openRoom,
  removeMember,
  roomIdOf,
  type RoomPlan,
  setBlocked,
  systemMessage,
  withdrawMember,
} from "./open-room";
export { handReport } from "./hand-report";
export { type RoomPorts, roomPorts } from "./ports";
