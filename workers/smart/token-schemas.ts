import * as z from "zod";

export const appTokensSchema = z
  .looseObject({
    access_token: z.string(),
    token_type: z.literal("Bearer"),
    expires_in: z.int().describe("Seconds"),
    scope: z.string().describe("What was granted, which may be less than was asked for"),
    patient: z.string().optional(),
    id_token: z.string().optional(),
    refresh_token: z.string().optional(),
  })
  .meta({ id: "AppTokens" });
export type AppTokens = z.infer<typeof appTokensSchema>;
