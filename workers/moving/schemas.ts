import * as z from "zod";
import { REGIONS } from "../../shared/region";
import { MOVE_STATES } from "./job";

export const moveBody = z
  .strictObject({
    region: z.enum(REGIONS),
    password: z.string().min(1).max(128).describe("The present one: it is hashed anew for the other region"),
  })
  .meta({ id: "MoveRegion", example: { region: "us", password: "correct horse battery staple" } });

export const moveSchema = z
  .object({
    id: z.string(),
    state: z.enum(MOVE_STATES).describe("`running`: it can be cancelled; from `switching` on it cannot"),
    from: z.enum(REGIONS),
    to: z.enum(REGIONS),
    progress: z.object({ done: z.int(), total: z.int(), unit: z.literal("{row}") }).describe("Every row is copied once and compared once"),
    requestedAt: z.iso.datetime(),
    finishedAt: z.iso.datetime().nullable(),
    problem: z.string().nullable().describe("Why it failed: `log_not_intact`, `copies_differ`, `password_changed`, `address_changed`"),
  })
  .meta({ id: "RegionMove" });
export type MoveView = z.infer<typeof moveSchema>;
