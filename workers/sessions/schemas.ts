import * as z from "zod";
import { parseId, type SessionId } from "../../shared/id";

export const tokensSchema = z
  .object({
    accessToken: z.string().describe("Bearer token for the API"),
    refreshToken: z.string().describe("Redeemed once for the next pair"),
    expiresIn: z.int().describe("Seconds until the access token expires"),
  })
  .meta({ id: "Tokens" });
export type Tokens = z.infer<typeof tokensSchema>;

export const refreshBody = z.strictObject({ refreshToken: z.string().min(1).max(256) }).meta({ id: "RefreshRequest" });

export const refreshedSchema = z.object({ tokens: tokensSchema }).meta({ id: "Refreshed" });

export const sessionSchema = z
  .object({
    id: z.string(),
    current: z.boolean().describe("Whether this is the session that asks"),
    device: z.string().nullable(),
    network: z
      .string()
      .nullable()
      .describe("Where the sign-in came from: the first 24 bits of an IPv4 address, 48 of an IPv6 address. No more is kept"),
    createdAt: z.iso.datetime(),
    lastUsedAt: z.iso.datetime(),
    expiresAt: z.iso.datetime().describe("When it ends if it is not used again"),
  })
  .meta({ id: "Session" });
export type SessionView = z.infer<typeof sessionSchema>;

export const sessionListSchema = z.object({ items: z.array(sessionSchema), next: z.string().nullable() }).meta({ id: "SessionList" });

export const endSessionsQuery = z.strictObject({
  except: z.literal("current").optional().describe("Leaves the session that asks"),
});

/** A path part that is no session id names nothing: it is as unknown as another person's. */
export const sessionParam = z.object({ id: z.string().transform((text): SessionId | undefined => parseId("session", text)) });

export const keySetSchema = z
  .object({
    keys: z.array(
      z.union([
        z.object({
          kty: z.literal("EC"),
          crv: z.literal("P-256"),
          x: z.string(),
          y: z.string(),
          kid: z.string(),
          alg: z.string(),
          use: z.literal("sig"),
        }),
        z.object({
          kty: z.literal("RSA"),
          n: z.string(),
          e: z.string(),
          kid: z.string(),
          alg: z.literal("RS256"),
          use: z.literal("sig"),
        }),
      ]),
    ),
  })
  .meta({ id: "KeySet" });
