/** What the row `files` runs, inside one bundle: the product's modules name each other without extensions. */
import { memorySource } from "../../shared/imports/byte-source.ts";
import { WorkoutReader } from "../../shared/imports/workouts/reader.ts";

export { fitRide } from "../fixtures/fit-file.ts";
export { gpxPieces, tcxPieces } from "../fixtures/tracks.ts";

/** Reads a file as an import does, and answers how many readings, laps and points came out. */
export async function readFile(bytes: Uint8Array, onBatch: () => void = () => undefined): Promise<number> {
  const reader = new WorkoutReader(memorySource(bytes, 256 * 1024), undefined);
  let found = 0;
  for (;;) {
    const { batch, finished } = await reader.next();
    for (const { start } of batch.series) found += start.length;
    for (const { route, laps } of batch.workouts) found += (route?.length ?? 0) + (laps?.length ?? 0);
    onBatch();
    if (finished) return found;
  }
}
