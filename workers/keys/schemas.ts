import * as z from "zod";
import { DIRECTORY_KINDS, type RegionalKind, REGIONAL_KINDS } from "../../shared/crypto/keys";
import { REGIONS } from "../../shared/region";

const count = z.number().int().nonnegative();

const kindSchema = z
  .object({
    current: z.string().describe("The version that new values are made with"),
    versions: z.array(z.string()),
    old: count
      .nullable()
      .describe(
        "Rows that were made with another version, and parts of the marks of erased persons that were not gone through yet; null where `counted` is not `rows`",
      ),
    waiting: count.describe("Of those, rows that move only when their person signs in"),
    counted: z.enum(["rows", "time", "kept"]),
  })
  .meta({ id: "KeyKind", example: { current: "2", versions: ["1", "2"], old: 12, waiting: 0, counted: "rows" } });

const kinds = Object.fromEntries(REGIONAL_KINDS.map((kind) => [kind, kindSchema])) as Record<RegionalKind, typeof kindSchema>;
const regionSchema = z.object({ ...kinds, identity: kindSchema.optional().describe("Of id tokens; missing where there is none yet") });

export const keyStatusSchema = z
  .object({
    regions: z.record(z.enum(REGIONS), regionSchema),
    directory: z.record(z.enum(DIRECTORY_KINDS), kindSchema),
  })
  .meta({ id: "KeyStatus" });

export const movedSchema = z.object({ moved: count, failed: count, status: keyStatusSchema }).meta({ id: "KeysMoved" });
