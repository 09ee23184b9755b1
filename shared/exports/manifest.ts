import * as z from "zod";

/** What an export is called, and which form it has. A reader refuses versions that it does not know. */
export const FORMAT = "meridian-export";
export const FORMAT_VERSION = 1;
export const MANIFEST = "manifest.json";

export const FILE_FORMATS = ["ndjson", "csv", "file"] as const;
export type FileFormat = (typeof FILE_FORMATS)[number];

const fileSchema = z.object({
  name: z.string().min(1).max(1_024),
  kind: z.string().min(1).max(64),
  format: z.enum(FILE_FORMATS),
  /** Records in it; 0 for a file that is kept as it came. */
  records: z.int().min(0),
  bytes: z.int().min(0),
  sha256: z.string().regex(/^[0-9a-f]{64}$/),
});
export type ManifestFile = z.output<typeof fileSchema>;

const kindSchema = z.object({
  kind: z.string(),
  records: z.int().min(0),
  /** Whether an import of this archive brings it back, and where not, why. */
  isReimported: z.boolean(),
  reason: z.string().optional(),
});

/** `manifest.json`: what the archive is, whose, and every file with its count and checksum. */
export const manifestSchema = z.object({
  format: z.literal(FORMAT),
  version: z.literal(FORMAT_VERSION),
  person: z.string(),
  region: z.string(),
  createdAt: z.iso.datetime(),
  kinds: z.array(kindSchema).max(1_000),
  files: z.array(fileSchema).max(100_000),
  /** What is stored and not in the archive, with the reason. */
  leftOut: z.array(z.object({ what: z.string(), reason: z.string() })).max(1_000),
});
export type Manifest = z.output<typeof manifestSchema>;

/** Why some kinds are in the archive and do not come back from it. */
export const NOT_REIMPORTED = {
  computed: "It is computed again from the readings.",
  account: "It belongs to the account that was exported, not to the person's data.",
  proof: "It proves what happened in the vault that was exported.",
  trust: "What was agreed with others is agreed anew.",
  secret: "It does not work without its secrets, which no export holds.",
  view: "It is another form of the readings.",
} as const;
export type NotReimported = keyof typeof NOT_REIMPORTED;
