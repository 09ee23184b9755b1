import * as z from "zod";
import { type ImportId, parseId } from "../../shared/id";
import { csvMapping } from "../../shared/imports/csv/mapping";
import { AUTO, IMPORT_KINDS } from "../../shared/imports/kinds";
import { IMPORT_STATES } from "../../shared/imports/status";

/** Files beyond this size are refused: 16 GiB, several times the largest export known. */
export const LARGEST_FILE = 16 * 1024 ** 3;

const kindSchema = z.enum([AUTO, ...IMPORT_KINDS]).describe("`auto`: recognised from the file itself");

export const importQuery = z.strictObject({
  kind: kindSchema.optional().describe("What the file is, or `auto`; required where the file is the body"),
  dryRun: z.enum(["true", "false"]).optional().describe("`true`: read and map everything, store nothing, and wait to be confirmed"),
});

export const announceBody = z
  .strictObject({
    kind: kindSchema,
    fileName: z.string().min(1).max(255).describe("Shown in the list of imports, used for nothing else"),
    size: z.number().int().min(1).max(LARGEST_FILE).describe("Bytes that will be uploaded"),
    dryRun: z.boolean().optional().describe("Read and map everything, store nothing, and wait to be confirmed"),
    mapping: csvMapping.optional(),
  })
  .meta({ id: "ImportAnnouncement", example: { kind: "apple-health-export", fileName: "export.zip", size: 104_857_600 } });
export type Announcement = z.output<typeof announceBody>;

export const mappingBody = z.strictObject({ mapping: csvMapping }).meta({
  id: "ImportMapping",
  example: {
    mapping: {
      delimiter: ";",
      decimal: ",",
      headerLine: 1,
      dateOrder: "dmy",
      zone: "Europe/Berlin",
      time: { date: "Datum", clock: "Uhrzeit" },
      columns: [{ column: "Gewicht", metric: "body_weight", unit: "kg" }],
    },
  },
});

/** A path part that is no import's id names nothing: it is as unknown as another person's. */
export const importParam = z.strictObject({ id: z.string().transform((text): ImportId | undefined => parseId("import", text)) });

export const followQuery = z.strictObject({
  after: z.coerce.number().int().min(0).optional().describe("The last `seq` seen; nothing is repeated before it"),
});

const typeCountSchema = z.object({
  read: z.number().int(),
  accepted: z.number().int(),
  duplicate: z.number().int(),
  quarantined: z.number().int(),
  rejected: z.number().int(),
});

const mappingRowSchema = z.object({
  types: z.array(z.string()),
  metric: z.string(),
  unit: z.string(),
  fileUnits: z.array(z.string()),
  count: z.number().int(),
  firstAt: z.iso.datetime().nullable(),
  lastAt: z.iso.datetime().nullable(),
  examples: z.array(z.object({ at: z.iso.datetime().nullable(), value: z.number().nullable(), text: z.string().optional() })),
});

const importShape = {
  id: z.string(),
  kind: kindSchema,
  fileName: z.string(),
  state: z.enum(IMPORT_STATES),
  dryRun: z.boolean().describe("Nothing is stored until it is confirmed with `start`"),
  progress: z.object({ done: z.number(), total: z.number(), unit: z.string() }).describe("Bytes of the document read so far"),
  createdAt: z.iso.datetime(),
  finishedAt: z.iso.datetime().optional(),
  keptUntil: z.iso.datetime().optional().describe("Until when a dry run can be confirmed"),
  undone: z.object({ removed: z.number().int() }).optional().describe("Readings, sessions and workouts that were taken back"),
  report: z
    .object({
      byType: z.record(z.string(), typeCountSchema).describe("By the types that the file names itself"),
      warnings: z.array(z.object({ code: z.string(), detail: z.string(), count: z.number().int() })),
      mapping: z.array(mappingRowSchema).optional().describe("Of a dry run: what the types would become"),
      columns: csvMapping.optional().describe("How the columns of a table are read, in the form that `mapping` takes"),
    })
    .optional(),
  problem: z.object({ code: z.string(), title: z.string(), status: z.number().int(), detail: z.string().optional() }).optional(),
};

export const importSchema = z.object(importShape).meta({ id: "Import" });

export const startedImportSchema = z
  .object({
    ...importShape,
    uploadUrl: z.url().optional().describe("Where to PUT the announced file, within an hour; the import starts by itself or with `start`"),
  })
  .meta({ id: "StartedImport" });

export const importListSchema = z.object({ items: z.array(importSchema), next: z.string().nullable() }).meta({ id: "ImportList" });
