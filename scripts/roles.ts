import { migrateLocal, openDatabases } from "./local/migrate.ts";
import { databaseOf, readChange, remoteCommand, type RoleChange, statementOf, USAGE } from "./local/roles.ts";
import { openState } from "./local/state.ts";

/**
 * Gives and takes roles without an administrator: how the first one of a region comes to be. Changes the local database, or prints the
 * command for the deployed one. Later changes are made by administrators, who are logged: see docs/identity.md.
 */
let change: RoleChange;
try {
  change = readChange(process.argv.slice(3));
} catch (error) {
  console.error(`${error instanceof Error ? error.message : "That is no change."}\n\n${USAGE}`);
  process.exit(1);
}

if (change.remote) {
  console.log(remoteCommand(change));
} else {
  process.env["WRANGLER_LOG"] ??= "error";
  const state = openState({ fresh: false });
  await migrateLocal(state);
  const { databases, close } = await openDatabases(state);
  try {
    const { results } = await databases[databaseOf(change.person)].prepare(statementOf(change)).all<{ id: string; roles: string }>();
    const [row] = results;
    if (row === undefined) {
      console.error("Nobody is registered under this id in the local database.");
      process.exitCode = 1;
    } else console.log(`${row.id} ${row.roles}`);
  } finally {
    await close();
  }
}
