import type { Migration } from "../migrate";
import storage from "../../migrations/vault/0001_storage.sql";
import connections from "../../migrations/vault/0020_connections.sql";

/** The vault's schema, in order of application. Never edit one that has shipped: add another. */
export const VAULT_MIGRATIONS: readonly Migration[] = [
  ["0001_storage", storage],
  ["0020_connections", connections],
];
