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
export { type RoomPorts, roomPorts } from "./ports";
