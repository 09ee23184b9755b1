import type { WorkoutFormat } from "../workouts/format";
import { looksLikeFit } from "./decoder";
import { FitReading } from "./reading";
import { FitSurvey } from "./survey";

/** FIT files: of workouts, of days, of scales and of nights. */
export const FIT: WorkoutFormat = {
  name: "fit",
  title: "FIT file",
  looksLike: looksLikeFit,
  open: () => {
    const survey = new FitSurvey();
    return { survey, read: (outlet) => new FitReading(survey, outlet) };
  },
};
