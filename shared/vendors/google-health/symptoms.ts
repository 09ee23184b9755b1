/**
 * Google's symptoms with a twin in the catalogue → metric and coded value. Google states presence without a severity. Values without a
 * twin (brain fog, cravings, …) are kept apart under the vendor's own name.
 */
export const SYMPTOMS: Readonly<Record<string, readonly [metric: string, text: string]>> = {
  CRAMPS: ["symptom.abdominal_cramps", "unspecified"],
  HEADACHE: ["symptom.headache", "unspecified"],
  TENDER_BREASTS: ["symptom.breast_pain", "unspecified"],
  ACNE: ["symptom.acne", "unspecified"],
  BLOATED: ["symptom.bloating", "unspecified"],
  HOT_FLASHES: ["symptom.hot_flashes", "unspecified"],
  COUGH: ["symptom.coughing", "unspecified"],
  FEVER: ["symptom.fever", "unspecified"],
  DIFFICULTY_BREATHING: ["symptom.shortness_of_breath", "unspecified"],
  HEART_PALPITATIONS: ["symptom.rapid_pounding_or_fluttering_heartbeat", "unspecified"],
  FAINTING: ["symptom.fainting", "unspecified"],
  CHEST_PAIN: ["symptom.chest_tightness_or_pain", "unspecified"],
  FATIGUE: ["symptom.fatigue", "unspecified"],
  DIZZINESS: ["symptom.dizziness", "unspecified"],
  BLADDER_LEAKS: ["symptom.bladder_incontinence", "unspecified"],
  CONSTIPATION: ["symptom.constipation", "unspecified"],
  DECREASED_APPETITE: ["symptom.appetite_changes", "decreased"],
  INCREASED_APPETITE: ["symptom.appetite_changes", "increased"],
  INCREASED_APPETITE_V2: ["symptom.appetite_changes", "increased"],
  DIARRHEA: ["symptom.diarrhea", "unspecified"],
  DRY_SKIN: ["symptom.dry_skin", "unspecified"],
  HAIR_LOSS: ["symptom.hair_loss", "unspecified"],
  HEARTBURN: ["symptom.heartburn", "unspecified"],
  NAUSEA: ["symptom.nausea", "unspecified"],
  NIGHT_SWEATS: ["symptom.night_sweats", "unspecified"],
  VAGINAL_DRYNESS: ["symptom.vaginal_dryness", "unspecified"],
  VOMITING: ["symptom.vomiting", "unspecified"],
};
