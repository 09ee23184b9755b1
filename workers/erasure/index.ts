export { resealLetter } from "./last-letter";
export { erasurePorts, type ErasurePorts } from "./ports";
export { runErasure } from "./run-erasure";
export { sweepErasures, sweepTombstones } from "./sweep-erasures";
