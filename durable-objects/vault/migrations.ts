import type { Migration } from "../migrate";
import storage from "../../migrations/vault/0001_storage.sql";

/** The vault's schema, in order of application. Never edit one that has shipped: add another. */
export const VAULT_MIGRATIONS: readonly Migration[] = [["0001_storage", storage]];
