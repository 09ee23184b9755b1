import type { WorkoutFormat } from "../workouts/format";
import { rootOf } from "../workouts/root";
import { GpxReading } from "./reading";

/** GPX 1.0 and 1.1: tracks of a receiver. */
export const GPX: WorkoutFormat = {
  name: "gpx",
  title: "GPX file",
  looksLike: (head) => rootOf(head) === "gpx",
  open: () => ({ survey: undefined, read: (outlet) => new GpxReading(outlet) }),
};
