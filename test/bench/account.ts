import { randomUUID } from "node:crypto";
import * as z from "zod";
import type { Bench } from "./bench.ts";

/** Somebody who registered over HTTP, with rows in the records and a vault. */
export interface Account {
  readonly id: string;
  readonly email: string;
  readonly password: string;
  /** Good for five minutes: samples fetch their own. */
  signIn(): Promise<{ authorization: string }>;
}

const signedIn = z.object({ person: z.object({ id: z.string() }), tokens: z.object({ accessToken: z.string() }) });

/** Registers a person with a password. */
export async function newAccount(bench: Bench): Promise<Account> {
  const email = `${randomUUID()}@bench.example`;
  const password = `pine-${randomUUID()}`;
  const { person } = await post("/v1/accounts", { email, password, name: "Bench", region: "eu" });
  return {
    id: person.id,
    email,
    password,
    signIn: async () => ({ authorization: `Bearer ${(await post("/v1/sessions", { email, password })).tokens.accessToken}` }),
  };

  async function post(path: string, body: unknown): Promise<z.infer<typeof signedIn>> {
    const response = await fetch(new URL(path, bench.server.app), {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify(body),
    });
    if (!response.ok) throw new Error(`${path} answered ${response.status}: ${await response.text()}`);
    return signedIn.parse(await response.json());
  }
}

/** Lets one person read another's vital signs. */
export async function share(bench: Bench, owner: Account, reader: Account): Promise<void> {
  const response = await fetch(new URL("/v1/me/consents", bench.server.app), {
    method: "POST",
    headers: { ...(await owner.signIn()), "content-type": "application/json" },
    body: JSON.stringify({
      grantee: { kind: "person", id: reader.id },
      role: "user",
      categories: ["vitals"],
      actions: ["read"],
      purpose: "personal",
    }),
  });
  if (response.status !== 201) throw new Error(`the consent was refused: ${await response.text()}`);
}
