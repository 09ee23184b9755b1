import type { Look } from "../look";
import { holdsWorkouts, isGzip } from "./files";
import { noWorkouts, type WorkoutFormat } from "./format";
import { WORKOUT_FORMATS } from "./reader";

/** Whether a file is a single one of a format. */
export function isWorkoutFile(format: WorkoutFormat): (look: Look) => boolean {
  return ({ isZip, bytes }) => !isZip && format.looksLike(bytes);
}

/** Whether a file is an archive of workout files, or one that is packed. */
export function isWorkoutArchive({ isZip, bytes, entries }: Look): boolean {
  return isZip ? entries !== undefined && holdsWorkouts(entries) : isGzip(bytes);
}

/** What is wrong with a file that is said to be of one of some formats, as far as its first bytes tell. Archives of them are welcome. */
export function workoutRefusal(formats: readonly WorkoutFormat[] = WORKOUT_FORMATS): (bytes: Uint8Array) => string | undefined {
  return (bytes) => {
    const isPacked = isGzip(bytes) || (bytes[0] === 0x50 && bytes[1] === 0x4b);
    return isPacked || formats.some((format) => format.looksLike(bytes)) ? undefined : noWorkouts(formats);
  };
}
