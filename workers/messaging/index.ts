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
} from "./open-room";
export { type RoomPorts, roomPorts } from "./ports";
