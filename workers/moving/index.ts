export { sweepMoves } from "./run-move";
