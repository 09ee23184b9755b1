import type { Look } from "../look";
import { RootFinder } from "./archive";
import { E } from "./vocabulary";

const P = 0x50;
const K = 0x4b;
const LT = 0x3c;
const BOM = [0xef, 0xbb, 0xbf] as const;

/** Whether a file is an Apple Health export: the document, or an archive that has it beside its folders. */
export function isAppleExport({ isZip, entries, heads, bytes }: Look): boolean {
  if (!isZip) return rootOf(bytes) === E.HealthData;
  return (
    entries !== undefined &&
    (entries.some((name) => name.startsWith("apple_health_export/")) || heads.some((head) => rootOf(head.bytes) === E.HealthData))
  );
}

/** What is wrong with a file that is said to be such an export, as far as its first bytes tell. */
export function appleRefusal(bytes: Uint8Array): string | undefined {
  if (bytes[0] === P && bytes[1] === K) return undefined;
  const at = textStart(bytes);
  if (at === bytes.length) return bytes.length < 4_096 ? "The file is empty." : undefined;
  if (bytes[at] !== LT) return "The file is neither a zip archive nor an XML document.";
  const root = rootOf(bytes);
  return root === undefined || root === E.HealthData ? undefined : "The file is no Apple Health export.";
}

function rootOf(bytes: Uint8Array): number | undefined {
  if (bytes[textStart(bytes)] !== LT) return undefined;
  const root = new RootFinder();
  root.push(bytes);
  return root.element;
}

function textStart(bytes: Uint8Array): number {
  let at = BOM.every((byte, i) => bytes[i] === byte) ? BOM.length : 0;
  while (at < bytes.length && bytes[at]! <= 0x20) at++;
  return at;
}
