import { expect } from "vitest";
import * as z from "zod";
import { fromBase32, stepAt, totpCode } from "../../shared/crypto/totp.ts";
import type { Client } from "./person.ts";

const codes = z.object({ recoveryCodes: z.array(z.string()).min(1) });

/** Calls, and reads an answer that must be a success. */
export async function made<T>(client: Client, path: string, body: unknown, schema: z.ZodType<T>): Promise<T> {
  const reply = await client.call("POST", path, body, { "idempotency-key": crypto.randomUUID() });
  expect(reply.status, `${path} answered ${JSON.stringify(reply.body)}`).toBeLessThan(300);
  return schema.parse(reply.body);
}

/** Sets up an authenticator app; answers its secret and the codes that replace it. */
export async function addSecondFactor(client: Client): Promise<Record<string, string>> {
  const { secret } = await made(client, "/v1/me/totp", {}, z.looseObject({ secret: z.string() }));
  const code = await totpCode(fromBase32(secret) ?? new Uint8Array(), stepAt(Date.now()));
  const { recoveryCodes } = await made(client, "/v1/me/totp/confirmation", { code }, codes);
  await client.refresh();
  return Object.fromEntries([
    [`an app's secret of ${client.id}`, secret],
    ...recoveryCodes.map((one, i) => [`recovery code ${i} of ${client.id}`, one]),
  ]);
}
