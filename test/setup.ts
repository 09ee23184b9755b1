import { applyD1Migrations } from "cloudflare:test";
import { env } from "cloudflare:workers";

await applyD1Migrations(env.DIRECTORY, env.DIRECTORY_MIGRATIONS ?? []);
for (const records of [env.RECORDS_EU, env.RECORDS_US, env.RECORDS_AP]) {
  await applyD1Migrations(records, env.REGIONAL_MIGRATIONS ?? []);
}
