import { FORMAT, MANIFEST } from "../../exports/manifest";
import type { Look } from "../look";

/** Whether a file is an export of Meridian: its archive has a manifest that says so, and one is enough to go by. */
export function isMeridianExport({ entries, heads }: Look): boolean {
  if (entries?.includes(MANIFEST) !== true) return false;
  const manifest = heads.find(({ name }) => name === MANIFEST);
  // Where it lies too far behind to have been opened, the reader will tell.
  return manifest === undefined || manifest.text.includes(FORMAT);
}

export function meridianRefusal(bytes: Uint8Array): string | undefined {
  return bytes[0] === 0x50 && bytes[1] === 0x4b ? undefined : "The file is no zip archive.";
}
