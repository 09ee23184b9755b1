import * as z from "zod";

const at = z.iso.datetime().meta({ example: "2026-11-20T07:30:00.000Z" });
const states = z.enum(["waiting", "running", "done", "undone"]);

const erasure = {
  id: z.string(),
  state: states.describe("`waiting`: it can be undone"),
  requestedAt: at,
  undoUntil: at,
  progress: z.object({ done: z.int(), total: z.int(), unit: z.literal("{step}") }),
};

export const erasureSchema = z.object(erasure).meta({ id: "Erasure" });
export type ErasureView = z.infer<typeof erasureSchema>;

export const requestedSchema = z
  .object({
    ...erasure,
    receipt: z
      .object({ path: z.string(), secret: z.string() })
      .optional()
      .describe("Where the receipt will be, and the bearer token that opens it once; shown here and in the last letter alone"),
  })
  .meta({ id: "RequestedErasure" });
export type RequestedErasure = z.infer<typeof requestedSchema>;

export const receiptParam = z.object({ receiptId: z.string().min(1).max(64) });

export const receiptSchema = z
  .object({
    ...erasure,
    region: z.enum(["eu", "us", "ap"]),
    startedAt: at.nullable(),
    finishedAt: at.nullable(),
    erased: z.record(z.string(), z.int()).describe("What there was when it began, per kind: rows, files"),
    steps: z.array(z.object({ step: z.string(), at })),
    vendors: z
      .object({ revoked: z.int(), shared: z.int(), unconfirmed: z.int() })
      .nullable()
      .describe("Permissions at vendors: ended there, left because somebody else uses the account, not confirmed by the vendor"),
    letter: z.enum(["sent", "no_address", "not_sent"]).nullable(),
    remains: z.array(z.string()).describe("What stays, and for how long"),
  })
  .meta({ id: "ErasureReceipt" });
export type ErasureReceipt = z.infer<typeof receiptSchema>;
