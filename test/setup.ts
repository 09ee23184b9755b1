import { applyD1Migrations } from "cloudflare:test";
import { env } from "cloudflare:workers";

await applyD1Migrations(env.DIRECTORY, env.DIRECTORY_MIGRATIONS ?? []);
for (const records of [env.RECORDS_EU, env.RECORDS_US, env.RECORDS_AP]) {
  await applyD1Migrations(records, env.REGIONAL_MIGRATIONS ?? []);
}

/**
 * Alarms of objects outlive the test that gave them something to do, and with it the fake that answered them. From then on every grant is
 * over: they stop, where a network that fails would have them come back and would open breakers that all tests of a region share.
 */
globalThis.fetch = async () => Response.json({ error: "invalid_grant" }, { status: 401 });
