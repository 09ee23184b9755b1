import * as z from "zod";
import { normaliseUnit } from "../../shared/health/units";
import { pageQuery } from "../../shared/http/page";

const key = z.string().regex(/^[a-z][a-z0-9_]{1,63}$/, "Small letters, digits and underscores, a letter first.");
const title = z.string().trim().min(1).max(200);
const unit = z
  .string()
  .max(64)
  .refine((text) => normaliseUnit(text) === text, "Not a UCUM unit that is known.")
  .meta({ example: "mg/dL" });
const names = z.array(z.string().trim().min(1).max(200)).max(50);
const finite = z.number().finite();
const isRising = (low: number | undefined, high: number | undefined) => low === undefined || high === undefined || low < high;

const range = z
  .strictObject({
    sex: z.enum(["female", "male"]).optional(),
    fromAge: z.int().min(0).max(130),
    low: finite.optional(),
    high: finite.optional(),
    isHighExcluded: z.literal(true).optional(),
  })
  .refine(({ low, high }) => isRising(low, high), "The range ends below its beginning.");
const otherUnit = z.strictObject({ unit, times: finite.positive(), plus: finite.optional() });
const bounds = z
  .array(finite)
  .length(2)
  .refine(([low = 0, high = 0]) => low < high, "The bounds end below their beginning.")
  .transform(([low = 0, high = 0]): [number, number] => [low, high])
  .nullable();

const test = {
  title,
  group: z.string().regex(/^[a-z][a-z_]{1,31}$/),
  loinc: z.array(z.string().regex(/^\d{1,7}-\d$/, "Not a LOINC code.")).max(20),
  unit,
  otherUnits: z.array(otherUnit).max(10).describe("canonical = value × times + plus"),
  synonyms: names,
  bounds: bounds.describe("Lowest and highest value that is believed, in the canonical unit"),
  ranges: z.array(range).max(20),
};

export const newTestBody = z
  .strictObject({
    key,
    title: test.title,
    group: test.group,
    unit: test.unit,
    loinc: test.loinc.default([]),
    otherUnits: test.otherUnits.default([]),
    synonyms: test.synonyms.default([]),
    bounds: test.bounds.default(null),
    ranges: test.ranges.default([]),
  })
  .meta({ id: "NewLabTest", example: { key: "copper", title: "Copper", group: "micronutrients", unit: "ug/dL", loinc: ["5631-7"] } });
export const testChangeBody = z
  .strictObject(test)
  .partial()
  .refine((change) => Object.keys(change).length > 0, "Change something.")
  .meta({ id: "LabTestChange", example: { title: "Copper, serum" } });

export const testSchema = z
  .object({
    key: z.string(),
    title: z.string(),
    group: z.string(),
    loinc: z.array(z.string()),
    unit: z.string(),
    otherUnits: z.array(z.object({ unit: z.string(), times: z.number(), plus: z.number().optional() })),
    synonyms: z.array(z.string()),
    bounds: z.array(z.number()).nullable(),
    ranges: z.array(
      z.object({
        sex: z.enum(["female", "male"]).optional(),
        fromAge: z.int(),
        low: z.number().optional(),
        high: z.number().optional(),
        isHighExcluded: z.literal(true).optional(),
      }),
    ),
    isAdded: z.boolean().describe("Added by administrators of this region"),
    edition: z.int(),
  })
  .meta({ id: "LabTest" });
export const testListSchema = z.object({ items: z.array(testSchema), next: z.string().nullable() }).meta({ id: "LabTestList" });

export const newActivityBody = z
  .strictObject({ key, title, synonyms: names.default([]) })
  .meta({ id: "NewActivityType", example: { key: "boule", title: "Boule" } });
export const activityChangeBody = z
  .strictObject({ title, synonyms: names })
  .partial()
  .refine((change) => Object.keys(change).length > 0, "Change something.")
  .meta({ id: "ActivityTypeChange", example: { title: "Boule and bocce" } });
export const activitySchema = z
  .object({ key: z.string(), title: z.string(), synonyms: z.array(z.string()), isAdded: z.boolean(), edition: z.int() })
  .meta({ id: "ActivityType" });
export const activityListSchema = z
  .object({ items: z.array(activitySchema), next: z.string().nullable() })
  .meta({ id: "ActivityTypeList" });

const search = z.string().trim().min(1).max(100).optional().describe("Part of a key, a title, another name or a code");
export const testsQuery = pageQuery.extend({ q: search, group: z.string().max(32).optional() });
export const activitiesQuery = pageQuery.extend({ q: search });
export const keyParam = z.strictObject({ key: z.string().min(1).max(64).meta({ example: "glucose" }) });
