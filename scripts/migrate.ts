import { migrateLocal } from "./local/migrate.ts";
import { openState } from "./local/state.ts";

process.env["WRANGLER_LOG"] ??= "error";
const applied = await migrateLocal(openState({ fresh: false }));
console.log(applied === 0 ? "The local databases are current." : `Applied ${applied} migrations to the local databases.`);
