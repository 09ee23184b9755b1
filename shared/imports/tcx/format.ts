import type { WorkoutFormat } from "../workouts/format";
import { rootOf } from "../workouts/root";
import { TcxReading } from "./reading";
import { TcxSurvey } from "./survey";

/** TCX files: activities of the Training Center Database. */
export const TCX: WorkoutFormat = {
  name: "tcx",
  title: "TCX file",
  looksLike: (head) => rootOf(head) === "TrainingCenterDatabase",
  open: () => {
    const survey = new TcxSurvey();
    return { survey, read: (outlet) => new TcxReading(survey, outlet) };
  },
};
