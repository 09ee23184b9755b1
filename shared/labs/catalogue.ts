import { atLeast, below, bySex, defineTests, type LabTest, within } from "./lab-test";

/**
 * Common laboratory tests. Codes and units follow the LOINC core table. The ranges are conventional values of adults, as laboratories print
 * them, and stand for none of them: a laboratory's own range always comes first. Factors between mass and moles are molar masses, save
 * those of cholesterol, triglycerides, glucose, creatinine and vitamin D, which are the conventional 0.02586, 0.01129, 0.05551, 88.42 and
 * 2.496. Bounds are wide: they tell a value in the wrong unit, not a sick person.
 */
const METABOLIC = defineTests("metabolic", {
  glucose: {
    title: "Glucose",
    unit: "mg/dL",
    loinc: ["2345-7", "14749-6", "2339-0", "15074-8"],
    also: ["blood glucose", "blood sugar", "glucose serum", "glucose random"],
    bounds: [10, 2_000],
    otherUnits: [{ unit: "mmol/L", times: 1 / 0.05551 }],
  },
  glucose_fasting: {
    title: "Glucose, fasting",
    unit: "mg/dL",
    loinc: ["1558-6", "14771-0"],
    also: ["fasting glucose", "glucose (fasting)", "fasting blood sugar", "fbs"],
    bounds: [10, 2_000],
    ranges: [within(70, 99)],
    otherUnits: [{ unit: "mmol/L", times: 1 / 0.05551 }],
  },
  urea_nitrogen: {
    title: "Urea nitrogen",
    unit: "mg/dL",
    loinc: ["3094-0", "6299-2"],
    also: ["bun", "blood urea nitrogen"],
    bounds: [1, 300],
    ranges: [within(7, 20)],
    // Two nitrogen atoms a molecule of urea.
    molarMass: 28.0134,
  },
  creatinine: {
    title: "Creatinine",
    unit: "mg/dL",
    loinc: ["2160-0", "14682-9", "38483-4"],
    also: ["serum creatinine", "creatinine serum"],
    bounds: [0.1, 30],
    ranges: bySex(within(0.5, 1.1), within(0.7, 1.3)),
    otherUnits: [{ unit: "umol/L", times: 1 / 88.42 }],
  },
  egfr: {
    title: "Glomerular filtration rate, estimated",
    unit: "mL/min/{1.73_m2}",
    loinc: ["98979-8", "62238-1", "33914-3"],
    also: ["egfr", "gfr", "estimated gfr"],
    bounds: [1, 250],
    ranges: [atLeast(60)],
  },
  sodium: {
    title: "Sodium",
    unit: "mmol/L",
    loinc: ["2951-2", "2947-0"],
    also: ["na"],
    bounds: [90, 210],
    ranges: [within(135, 145)],
    otherUnits: equivalents(1),
  },
  potassium: {
    title: "Potassium",
    unit: "mmol/L",
    loinc: ["2823-3", "6298-4"],
    also: ["k"],
    bounds: [1, 12],
    ranges: [within(3.5, 5)],
    otherUnits: equivalents(1),
  },
  chloride: {
    title: "Chloride",
    unit: "mmol/L",
    loinc: ["2075-0", "2069-3"],
    also: ["cl"],
    bounds: [50, 170],
    ranges: [within(98, 106)],
    otherUnits: equivalents(1),
  },
  carbon_dioxide: {
    title: "Carbon dioxide, total",
    unit: "mmol/L",
    loinc: ["2028-9"],
    also: ["co2", "total co2", "bicarbonate", "hco3"],
    bounds: [2, 60],
    ranges: [within(22, 29)],
    otherUnits: equivalents(1),
  },
  anion_gap: {
    title: "Anion gap",
    unit: "mmol/L",
    loinc: ["33037-3"],
    bounds: [-10, 60],
    ranges: [within(8, 16)],
    otherUnits: equivalents(1),
  },
  calcium: {
    title: "Calcium",
    unit: "mg/dL",
    loinc: ["17861-6", "2000-8"],
    also: ["ca", "serum calcium"],
    bounds: [3, 25],
    ranges: [within(8.6, 10.3)],
    molarMass: 40.078,
    otherUnits: [{ unit: "meq/L", times: 40.078 / 20 }],
  },
  magnesium: {
    title: "Magnesium",
    unit: "mg/dL",
    loinc: ["19123-9", "2601-3"],
    also: ["mg"],
    bounds: [0.2, 15],
    ranges: [within(1.7, 2.2)],
    molarMass: 24.305,
  },
  phosphate: {
    title: "Phosphate",
    unit: "mg/dL",
    loinc: ["2777-1"],
    also: ["phosphorus", "inorganic phosphate"],
    bounds: [0.3, 20],
    ranges: [within(2.5, 4.5)],
    molarMass: 30.9738,
  },
  urate: {
    title: "Urate",
    unit: "mg/dL",
    loinc: ["3084-1"],
    also: ["uric acid"],
    bounds: [0.3, 30],
    ranges: bySex(within(2.6, 6), within(3.5, 7.2)),
    molarMass: 168.11,
  },
  protein_total: {
    title: "Protein, total",
    unit: "g/dL",
    loinc: ["2885-2"],
    also: ["total protein"],
    bounds: [1, 15],
    ranges: [within(6, 8.3)],
  },
  albumin: { title: "Albumin", unit: "g/dL", loinc: ["1751-7"], also: ["serum albumin"], bounds: [0.5, 8], ranges: [within(3.5, 5)] },
  globulin: { title: "Globulin", unit: "g/dL", loinc: ["10834-0"], bounds: [0.3, 12], ranges: [within(2, 3.5)] },
});

const LIVER = defineTests("liver", {
  bilirubin_total: {
    title: "Bilirubin, total",
    unit: "mg/dL",
    loinc: ["1975-2"],
    also: ["total bilirubin", "bilirubin"],
    bounds: [0.05, 60],
    ranges: [within(0.1, 1.2)],
    molarMass: 584.66,
  },
  bilirubin_direct: {
    title: "Bilirubin, direct",
    unit: "mg/dL",
    loinc: ["1968-7"],
    also: ["direct bilirubin", "conjugated bilirubin"],
    bounds: [0, 50],
    ranges: [within(0, 0.3)],
    molarMass: 584.66,
  },
  alp: {
    title: "Alkaline phosphatase",
    unit: "U/L",
    loinc: ["6768-6"],
    also: ["alp", "alk phos"],
    bounds: [1, 5_000],
    ranges: [within(40, 129)],
    otherUnits: internationalUnits(),
  },
  alt: {
    title: "Alanine aminotransferase",
    unit: "U/L",
    loinc: ["1742-6"],
    also: ["alt", "sgpt", "alt (sgpt)"],
    bounds: [1, 20_000],
    ranges: [within(7, 56)],
    otherUnits: internationalUnits(),
  },
  ast: {
    title: "Aspartate aminotransferase",
    unit: "U/L",
    loinc: ["1920-8"],
    also: ["ast", "sgot", "ast (sgot)"],
    bounds: [1, 20_000],
    ranges: [within(10, 40)],
    otherUnits: internationalUnits(),
  },
  ggt: {
    title: "Gamma glutamyl transferase",
    unit: "U/L",
    loinc: ["2324-2"],
    also: ["ggt", "gamma gt"],
    bounds: [1, 10_000],
    ranges: [within(5, 40)],
    otherUnits: internationalUnits(),
  },
});

const BLOOD_COUNT = defineTests("blood_count", {
  leukocytes: {
    title: "White blood cells",
    unit: "10*3/uL",
    loinc: ["6690-2", "26464-8", "11156-7"],
    also: ["wbc", "white blood cell count", "leukocytes", "white cell count"],
    bounds: [0.05, 600],
    ranges: [within(4, 11)],
  },
  erythrocytes: {
    title: "Red blood cells",
    unit: "10*6/uL",
    loinc: ["789-8", "26453-1", "11273-0"],
    also: ["rbc", "red blood cell count", "erythrocytes"],
    bounds: [0.5, 12],
    ranges: bySex(within(3.8, 5.1), within(4.2, 5.7)),
  },
  hemoglobin: {
    title: "Hemoglobin",
    unit: "g/dL",
    loinc: ["718-7", "20509-6"],
    also: ["hgb", "hb", "haemoglobin"],
    bounds: [2, 28],
    ranges: bySex(within(12, 15.5), within(13.5, 17.5)),
    molarMass: 16_114,
  },
  hematocrit: {
    title: "Hematocrit",
    unit: "%",
    loinc: ["4544-3", "20570-8"],
    also: ["hct", "haematocrit", "packed cell volume"],
    bounds: [5, 80],
    ranges: bySex(within(36, 46), within(40, 52)),
  },
  mcv: {
    title: "Mean corpuscular volume",
    unit: "fL",
    loinc: ["787-2", "30428-7"],
    also: ["mcv"],
    bounds: [40, 160],
    ranges: [within(80, 100)],
  },
  mch: { title: "Mean corpuscular hemoglobin", unit: "pg", loinc: ["785-6"], also: ["mch"], bounds: [10, 60], ranges: [within(27, 33)] },
  mchc: {
    title: "Mean corpuscular hemoglobin concentration",
    unit: "g/dL",
    loinc: ["786-4"],
    also: ["mchc"],
    bounds: [15, 50],
    ranges: [within(32, 36)],
  },
  rdw: {
    title: "Red cell distribution width",
    unit: "%",
    loinc: ["788-0"],
    also: ["rdw", "rdw-cv"],
    bounds: [5, 50],
    ranges: [within(11.5, 14.5)],
  },
  platelets: {
    title: "Platelets",
    unit: "10*3/uL",
    loinc: ["777-3", "26515-7", "11125-2"],
    also: ["plt", "platelet count", "thrombocytes"],
    bounds: [1, 3_000],
    ranges: [within(150, 400)],
  },
  mpv: { title: "Mean platelet volume", unit: "fL", loinc: ["32623-1"], also: ["mpv"], bounds: [3, 25], ranges: [within(7.5, 11.5)] },
  neutrophils: {
    title: "Neutrophils",
    unit: "10*3/uL",
    loinc: ["751-8"],
    also: ["absolute neutrophils", "anc"],
    bounds: [0, 300],
    ranges: [within(1.8, 7.7)],
  },
  lymphocytes: {
    title: "Lymphocytes",
    unit: "10*3/uL",
    loinc: ["731-0"],
    also: ["absolute lymphocytes"],
    bounds: [0, 500],
    ranges: [within(1, 4.8)],
  },
  monocytes: {
    title: "Monocytes",
    unit: "10*3/uL",
    loinc: ["742-7"],
    also: ["absolute monocytes"],
    bounds: [0, 100],
    ranges: [within(0.2, 0.9)],
  },
  eosinophils: {
    title: "Eosinophils",
    unit: "10*3/uL",
    loinc: ["711-2"],
    also: ["absolute eosinophils"],
    bounds: [0, 100],
    ranges: [within(0, 0.5)],
  },
  basophils: {
    title: "Basophils",
    unit: "10*3/uL",
    loinc: ["704-7"],
    also: ["absolute basophils"],
    bounds: [0, 50],
    ranges: [within(0, 0.2)],
  },
  neutrophils_share: {
    title: "Neutrophils, share",
    unit: "%",
    loinc: ["770-8", "23761-0", "26511-6"],
    also: ["neutrophils %"],
    bounds: [0, 100],
    ranges: [within(40, 75)],
  },
  lymphocytes_share: {
    title: "Lymphocytes, share",
    unit: "%",
    loinc: ["736-9", "26478-8"],
    also: ["lymphocytes %"],
    bounds: [0, 100],
    ranges: [within(20, 45)],
  },
  monocytes_share: {
    title: "Monocytes, share",
    unit: "%",
    loinc: ["5905-5", "26485-3"],
    also: ["monocytes %"],
    bounds: [0, 100],
    ranges: [within(2, 10)],
  },
  eosinophils_share: {
    title: "Eosinophils, share",
    unit: "%",
    loinc: ["713-8", "26450-7"],
    also: ["eosinophils %"],
    bounds: [0, 100],
    ranges: [within(0, 6)],
  },
  basophils_share: {
    title: "Basophils, share",
    unit: "%",
    loinc: ["706-2", "30180-4"],
    also: ["basophils %"],
    bounds: [0, 100],
    ranges: [within(0, 2)],
  },
  esr: {
    title: "Erythrocyte sedimentation rate",
    unit: "mm/h",
    loinc: ["30341-2", "4537-7"],
    also: ["esr", "sed rate"],
    bounds: [0, 200],
    ranges: bySex(within(0, 20), within(0, 15)),
  },
});

const CHOLESTEROL = [{ unit: "mmol/L", times: 1 / 0.02586 }];

const LIPIDS = defineTests("lipids", {
  cholesterol_total: {
    title: "Cholesterol, total",
    unit: "mg/dL",
    loinc: ["2093-3", "14647-2", "35200-5"],
    also: ["total cholesterol", "cholesterol"],
    bounds: [20, 2_000],
    ranges: [below(200)],
    otherUnits: CHOLESTEROL,
  },
  triglycerides: {
    title: "Triglycerides",
    unit: "mg/dL",
    loinc: ["2571-8", "35217-9", "3043-7"],
    also: ["triglyceride", "trig"],
    bounds: [5, 20_000],
    ranges: [below(150)],
    otherUnits: [{ unit: "mmol/L", times: 1 / 0.01129 }],
  },
  cholesterol_hdl: {
    title: "HDL cholesterol",
    unit: "mg/dL",
    loinc: ["2085-9", "14646-4"],
    also: ["hdl", "hdl-c", "cholesterol in hdl"],
    bounds: [2, 250],
    ranges: bySex(atLeast(50), atLeast(40)),
    otherUnits: CHOLESTEROL,
  },
  cholesterol_ldl: {
    title: "LDL cholesterol",
    unit: "mg/dL",
    loinc: ["13457-7", "18262-6", "2089-1"],
    also: ["ldl", "ldl-c", "ldl calculated", "cholesterol in ldl"],
    bounds: [2, 1_500],
    ranges: [below(100)],
    otherUnits: CHOLESTEROL,
  },
  cholesterol_non_hdl: {
    title: "Non-HDL cholesterol",
    unit: "mg/dL",
    loinc: ["43396-1"],
    also: ["non-hdl", "non-hdl-c"],
    bounds: [5, 2_000],
    ranges: [below(130)],
    otherUnits: CHOLESTEROL,
  },
  cholesterol_vldl: {
    title: "VLDL cholesterol",
    unit: "mg/dL",
    loinc: ["13458-5"],
    also: ["vldl"],
    bounds: [0, 1_000],
    ranges: [within(5, 40)],
    otherUnits: CHOLESTEROL,
  },
  apolipoprotein_b: {
    title: "Apolipoprotein B",
    unit: "mg/dL",
    loinc: ["1884-6"],
    also: ["apob", "apo b"],
    bounds: [5, 500],
    ranges: [below(90)],
  },
  // Mass and moles of Lp(a) depend on its size: no factor is right.
  lipoprotein_a: {
    title: "Lipoprotein (a)",
    unit: "mg/dL",
    loinc: ["10835-7"],
    also: ["lp(a)", "lpa"],
    bounds: [0, 500],
    ranges: [below(30)],
  },
});

const GLYCAEMIC = defineTests("glycaemic", {
  // IFCC (mmol/mol) = (NGSP − 2.15) × 10.929.
  hba1c: {
    title: "Hemoglobin A1c",
    unit: "%",
    loinc: ["4548-4", "17856-6", "59261-8"],
    also: ["hba1c", "a1c", "glycated hemoglobin"],
    bounds: [2.5, 25],
    ranges: [below(5.7)],
    otherUnits: [{ unit: "mmol/mol", times: 1 / 10.929, plus: 2.15 }],
  },
  glucose_estimated_average: {
    title: "Estimated average glucose",
    unit: "mg/dL",
    loinc: ["27353-2"],
    also: ["eag"],
    bounds: [10, 1_000],
    otherUnits: [{ unit: "mmol/L", times: 1 / 0.05551 }],
  },
  insulin_fasting: {
    title: "Insulin, fasting",
    unit: "u[IU]/mL",
    loinc: ["20448-7"],
    also: ["insulin", "fasting insulin"],
    bounds: [0.1, 1_000],
    ranges: [within(2, 25)],
  },
});

const MICRONUTRIENTS = defineTests("micronutrients", {
  vitamin_d: {
    title: "25-hydroxyvitamin D",
    unit: "ng/mL",
    loinc: ["62292-8", "1989-3", "14635-7"],
    also: ["vitamin d", "25-oh vitamin d", "vitamin d 25-hydroxy"],
    bounds: [1, 500],
    ranges: [within(30, 100)],
    otherUnits: [{ unit: "nmol/L", times: 1 / 2.496 }],
  },
  vitamin_b12: {
    title: "Vitamin B12",
    unit: "pg/mL",
    loinc: ["2132-9"],
    also: ["b12", "cobalamin"],
    bounds: [20, 20_000],
    ranges: [within(200, 900)],
    molarMass: 1_355.37,
  },
  folate: {
    title: "Folate",
    unit: "ng/mL",
    loinc: ["2284-8"],
    also: ["folic acid", "vitamin b9"],
    bounds: [0.2, 200],
    ranges: [atLeast(4)],
    molarMass: 441.4,
  },
  ferritin: {
    title: "Ferritin",
    unit: "ng/mL",
    loinc: ["2276-4"],
    bounds: [0.5, 100_000],
    ranges: bySex(within(12, 150), within(30, 400)),
  },
  iron: {
    title: "Iron",
    unit: "ug/dL",
    loinc: ["2498-4"],
    also: ["serum iron"],
    bounds: [2, 2_000],
    ranges: [within(60, 170)],
    molarMass: 55.845,
  },
  iron_binding_capacity: {
    title: "Iron binding capacity",
    unit: "ug/dL",
    loinc: ["2500-7"],
    also: ["tibc"],
    bounds: [50, 1_500],
    ranges: [within(240, 450)],
    molarMass: 55.845,
  },
  transferrin_saturation: {
    title: "Iron saturation",
    unit: "%",
    loinc: ["2502-3"],
    also: ["transferrin saturation", "tsat"],
    bounds: [0, 100],
    ranges: [within(20, 50)],
  },
  zinc: { title: "Zinc", unit: "ug/dL", loinc: ["5763-8"], bounds: [5, 1_000], ranges: [within(60, 120)], molarMass: 65.38 },
});

const HORMONES = defineTests("hormones", {
  tsh: {
    title: "Thyrotropin",
    unit: "m[IU]/L",
    loinc: ["3016-3", "11580-8"],
    also: ["tsh", "thyroid stimulating hormone"],
    bounds: [0.001, 1_000],
    ranges: [within(0.4, 4)],
  },
  t4_free: {
    title: "Thyroxine, free",
    unit: "ng/dL",
    loinc: ["3024-7"],
    also: ["free t4", "ft4"],
    bounds: [0.05, 20],
    ranges: [within(0.8, 1.8)],
    molarMass: 776.87,
  },
  t3_free: {
    title: "Triiodothyronine, free",
    unit: "pg/mL",
    loinc: ["3051-0"],
    also: ["free t3", "ft3"],
    bounds: [0.2, 50],
    ranges: [within(2.3, 4.2)],
    molarMass: 650.97,
  },
  t4_total: {
    title: "Thyroxine",
    unit: "ug/dL",
    loinc: ["3026-2"],
    also: ["t4", "total t4"],
    bounds: [0.2, 50],
    ranges: [within(5, 12)],
    molarMass: 776.87,
  },
  t3_total: {
    title: "Triiodothyronine",
    unit: "ng/dL",
    loinc: ["3053-6"],
    also: ["t3", "total t3"],
    bounds: [5, 1_500],
    ranges: [within(80, 200)],
    molarMass: 650.97,
  },
  tpo_antibodies: {
    title: "Thyroid peroxidase antibodies",
    unit: "[IU]/mL",
    loinc: ["8099-4"],
    also: ["tpo antibodies", "anti-tpo"],
    bounds: [0, 100_000],
    ranges: [below(35)],
  },
  tg_antibodies: {
    title: "Thyroglobulin antibodies",
    unit: "[IU]/mL",
    loinc: ["8098-6"],
    also: ["tg antibodies", "anti-tg"],
    bounds: [0, 100_000],
    ranges: [below(40)],
  },
  testosterone: {
    title: "Testosterone",
    unit: "ng/dL",
    loinc: ["2986-8"],
    also: ["total testosterone"],
    bounds: [0.5, 5_000],
    ranges: bySex(within(15, 70), within(300, 1_000)),
    molarMass: 288.42,
  },
  testosterone_free: {
    title: "Testosterone, free",
    unit: "pg/mL",
    loinc: ["2991-8"],
    also: ["free testosterone"],
    bounds: [0.05, 2_000],
    molarMass: 288.42,
  },
  shbg: {
    title: "Sex hormone binding globulin",
    unit: "nmol/L",
    loinc: ["13967-5"],
    also: ["shbg"],
    bounds: [0.5, 1_000],
    ranges: bySex(within(18, 144), within(10, 57)),
  },
  estradiol: { title: "Estradiol", unit: "pg/mL", loinc: ["2243-4"], also: ["oestradiol", "e2"], bounds: [0.5, 50_000], molarMass: 272.38 },
  progesterone: { title: "Progesterone", unit: "ng/mL", loinc: ["2839-9"], bounds: [0.01, 1_000], molarMass: 314.46 },
  fsh: { title: "Follitropin", unit: "m[IU]/mL", loinc: ["15067-2", "83098-4"], also: ["fsh"], bounds: [0.01, 500] },
  lh: { title: "Lutropin", unit: "m[IU]/mL", loinc: ["10501-5"], also: ["lh"], bounds: [0.01, 500] },
  cortisol: { title: "Cortisol", unit: "ug/dL", loinc: ["2143-6"], bounds: [0.1, 300], molarMass: 362.46 },
  dhea_s: {
    title: "Dehydroepiandrosterone sulfate",
    unit: "ug/dL",
    loinc: ["2191-5"],
    also: ["dhea-s", "dheas"],
    bounds: [1, 5_000],
    molarMass: 368.49,
  },
  psa: {
    title: "Prostate specific antigen",
    unit: "ng/mL",
    loinc: ["2857-1"],
    also: ["psa"],
    bounds: [0.001, 20_000],
    ranges: [{ ...below(4), sex: "male" }],
  },
});

const OTHER = defineTests("other", {
  crp: { title: "C-reactive protein", unit: "mg/L", loinc: ["1988-5"], also: ["crp"], bounds: [0, 1_000], ranges: [below(10)] },
  crp_high_sensitivity: {
    title: "C-reactive protein, high sensitivity",
    unit: "mg/L",
    loinc: ["30522-7"],
    also: ["hs-crp", "hscrp", "high sensitivity crp"],
    bounds: [0, 1_000],
    ranges: [below(3)],
  },
  homocysteine: { title: "Homocysteine", unit: "umol/L", loinc: ["13965-9"], bounds: [0.5, 600], ranges: [within(5, 15)] },
  creatine_kinase: {
    title: "Creatine kinase",
    unit: "U/L",
    loinc: ["2157-6"],
    also: ["ck", "cpk"],
    bounds: [1, 500_000],
    ranges: bySex(within(30, 150), within(40, 200)),
    otherUnits: internationalUnits(),
  },
  ldh: {
    title: "Lactate dehydrogenase",
    unit: "U/L",
    loinc: ["2532-0"],
    also: ["ldh"],
    bounds: [10, 50_000],
    ranges: [within(140, 280)],
    otherUnits: internationalUnits(),
  },
  albumin_creatinine_urine: {
    title: "Albumin/creatinine, urine",
    unit: "mg/g",
    loinc: ["14959-1"],
    also: ["acr", "uacr", "microalbumin/creatinine"],
    bounds: [0, 30_000],
    ranges: [below(30)],
    otherUnits: [{ unit: "mg/mmol", times: 1_000 / 113.12 }],
  },
  nt_probnp: { title: "NT-proBNP", unit: "pg/mL", loinc: ["33762-6"], also: ["nt-probnp"], bounds: [0.5, 100_000], ranges: [below(125)] },
  troponin_i: {
    title: "Troponin I",
    unit: "ng/mL",
    loinc: ["10839-9", "89579-7"],
    also: ["troponin i", "hs-troponin i"],
    bounds: [0, 1_000],
  },
});

/** Every test that the code knows; administrators add others to the records of their region. */
export const LAB_TESTS: readonly LabTest[] = [
  ...METABOLIC,
  ...LIVER,
  ...BLOOD_COUNT,
  ...LIPIDS,
  ...GLYCAEMIC,
  ...MICRONUTRIENTS,
  ...HORMONES,
  ...OTHER,
];

const byKey = new Map(LAB_TESTS.map((test) => [test.key, test]));
const byLoinc = new Map(LAB_TESTS.flatMap((test) => test.loinc.map((code) => [code, test] as const)));
const byName = new Map(LAB_TESTS.flatMap((test) => [test.title, ...test.synonyms].map((name) => [plainName(name), test] as const)));

/** The test of a catalogue key. */
export function labTest(key: string): LabTest | undefined {
  return byKey.get(key);
}

/** The test of a LOINC code. */
export function labTestByLoinc(code: string): LabTest | undefined {
  return byLoinc.get(code);
}

/** The test that goes by a name, whatever its capitals, spaces and punctuation. Nothing is guessed. */
export function labTestByName(name: string): LabTest | undefined {
  return byName.get(plainName(name));
}

/** A name as it is compared. A share is another test than what it is a share of, so `%` stays. */
export function plainName(name: string): string {
  return name
    .normalize("NFKC")
    .toLowerCase()
    .replace(/[^\p{L}\p{N}%]+/gu, " ")
    .trim();
}

/** A salt's equivalents are its moles times its charge. */
function equivalents(charge: number) {
  return [{ unit: "meq/L", times: 1 / charge }];
}

/** An enzyme's international units are activity as katals are: one dimension, nothing to add. */
function internationalUnits() {
  return [{ unit: "[iU]/L", times: 1 }];
}
