export { keepChallenges } from "./keep-challenges";
export { workPorts } from "./ports";
export { judgeRooms } from "./tell-room";
