import * as z from "zod";
import { EXPORT_STATES } from "../../shared/exports/status";
import { type ExportId, parseId } from "../../shared/id";

/** A path part that is no export's id names nothing: it is as unknown as another person's. */
export const exportParam = z.strictObject({ id: z.string().transform((text): ExportId | undefined => parseId("export", text)) });

export const followExportQuery = z.strictObject({
  after: z.coerce.number().int().min(0).optional().describe("The last `seq` seen; nothing is repeated before it"),
});

export const exportSchema = z
  .object({
    id: z.string(),
    state: z.enum(EXPORT_STATES).describe("`expired`: the file is not there any more"),
    progress: z.object({ done: z.number(), total: z.number(), unit: z.string() }).describe("Records written; `total` is estimated"),
    createdAt: z.iso.datetime(),
    finishedAt: z.iso.datetime().optional(),
    result: z
      .object({
        url: z.string().describe("Where the archive is downloaded"),
        name: z.string(),
        bytes: z.number().int(),
        sha256: z.string(),
        records: z.number().int(),
        expiresAt: z.iso.datetime(),
      })
      .optional(),
    problem: z.object({ code: z.string(), title: z.string(), status: z.number(), detail: z.string().optional() }).optional(),
  })
  .meta({ id: "Export" });

export const exportListSchema = z.object({ items: z.array(exportSchema), next: z.string().nullable() }).meta({ id: "ExportList" });
