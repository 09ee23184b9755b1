import { SYSTEM } from "../health/codes";
import type { Fields } from "./r4/issue";

/** One question of a weekly assessment, answered by a mean over the days on which there was something. */
export interface AssessedMetric {
  readonly key: string;
  readonly title: string;
  readonly mean: number;
  readonly unit: string;
  readonly days: number;
}

export const WEEKLY_ASSESSMENT = "urn:meridian:questionnaire:weekly-assessment";

/** A week as a QuestionnaireResponse: for each metric the mean of its days, and on how many of seven there was one. */
export function weeklyAssessment(
  patient: string,
  week: { readonly from: string; readonly to: string },
  authored: string,
  metrics: readonly AssessedMetric[],
): Fields {
  return {
    resourceType: "QuestionnaireResponse",
    identifier: { system: WEEKLY_ASSESSMENT, value: `${patient}/${week.from}` },
    questionnaire: WEEKLY_ASSESSMENT,
    status: "completed",
    subject: { reference: `Patient/${patient}` },
    authored,
    item: [
      { linkId: "period", text: "Week", answer: [{ valueString: `${week.from}/${week.to}` }] },
      ...metrics.map(({ key, title, mean, unit, days }) => ({
        linkId: key,
        text: title,
        item: [
          {
            linkId: `${key}.mean`,
            text: "Mean of the days",
            answer: [{ valueQuantity: { value: mean, unit, system: SYSTEM.ucum, code: unit } }],
          },
          { linkId: `${key}.days`, text: "Days with data", answer: [{ valueInteger: days }] },
        ],
      })),
    ],
  };
}
