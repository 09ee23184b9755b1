import { env } from "cloudflare:workers";
import { migrate } from "./migrate";

/** A runtime keeps its databases for all the files that it runs: they are migrated once. */
const once = globalThis as { areMigrated?: Promise<unknown> };
await (once.areMigrated ??= Promise.all([
  migrate(env.DIRECTORY, env.DIRECTORY_MIGRATIONS),
  ...[env.RECORDS_EU, env.RECORDS_US, env.RECORDS_AP].map((records) => migrate(records, env.REGIONAL_MIGRATIONS)),
]));

/**
 * Alarms of objects outlive the test that gave them something to do, and with it the fake that answered them. From then on every grant is
 * over: they stop, where a network that fails would have them come back and would open breakers that all tests of a region share.
 */
globalThis.fetch = async () => Response.json({ error: "invalid_grant" }, { status: 401 });
