export { keepChallenges } from "./keep-challenges";
export { workPorts } from "./ports";
