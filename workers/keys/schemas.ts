import { z } from "zod";
import { DIRECTORY_KINDS, REGIONAL_KINDS } from "../../shared/crypto/keys";
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

export const keyStatusSchema = z
  .object({
    regions: z.record(z.enum(REGIONS), z.record(z.enum(REGIONAL_KINDS), kindSchema)),
    directory: z.record(z.enum(DIRECTORY_KINDS), kindSchema),
  })
  .meta({ id: "KeyStatus" });

export const movedSchema = z.object({ moved: count, failed: count, status: keyStatusSchema }).meta({ id: "KeysMoved" });
