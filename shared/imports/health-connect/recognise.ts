import type { Look } from "../look";
import { isSqlite } from "../sqlite/pages";

/** A database of SQLite, or an archive with one: of all kinds only Health Connect's export is that. */
export function isHealthConnectExport({ bytes, isZip, entries, heads }: Look): boolean {
  if (!isZip) return isSqlite(bytes);
  return (entries ?? []).some((name) => /(?:^|\/)health_connect_export\.db$/i.test(name)) || heads.some((head) => isSqlite(head.bytes));
}

/** What is wrong with a file that somebody says is such an export, told from its first bytes. */
export function healthConnectRefusal(head: Uint8Array): string | undefined {
  const isZip = head[0] === 0x50 && head[1] === 0x4b;
  return isZip || isSqlite(head) ? undefined : "The file is no export of Health Connect (a zip archive or its database).";
}
