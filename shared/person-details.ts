/** What formulas need to know of a person. Null where the person has not said it. */
export interface PersonDetails {
  /** `YYYY-MM-DD`. */
  readonly birthDate: string | null;
  /** The sex that clinical formulas and reference ranges are to use. */
  readonly sex: "female" | "male" | null;
  /** Height in centimetres. */
  readonly heightCm: number | null;
}

/** A change of some of them: null forgets, undefined leaves alone. */
export type DetailsChange = { readonly [K in keyof PersonDetails]?: PersonDetails[K] | undefined };

export const NO_DETAILS: PersonDetails = { birthDate: null, sex: null, heightCm: null };
