import { RootFinder } from "./apple/archive";
import { E } from "./apple/vocabulary";
import type { ImportKind } from "./kinds";

const P = 0x50;
const K = 0x4b;
const LT = 0x3c;
const BOM = [0xef, 0xbb, 0xbf] as const;

/**
 * What is wrong with a file as far as its first bytes tell (any number of them, the more the better), or undefined where it may be
 * what it is said to be. The text is shown to people.
 */
export function refuseFirstBytes(kind: ImportKind, bytes: Uint8Array): string | undefined {
  if (bytes.length === 0) return "The file is empty.";
  if (bytes[0] === P && bytes[1] === K) return bytes[2] === 5 && bytes[3] === 6 ? "The archive is empty." : undefined;
  if (kind === "meridian-export") return "The file is no zip archive.";
  let at = BOM.every((byte, i) => bytes[i] === byte) ? BOM.length : 0;
  while (at < bytes.length && bytes[at]! <= 0x20) at++;
  if (at === bytes.length) return bytes.length < 4_096 ? "The file is empty." : undefined;
  if (bytes[at] !== LT) return "The file is neither a zip archive nor an XML document.";
  const root = new RootFinder();
  root.push(bytes);
  return root.element === undefined || root.element === E.HealthData ? undefined : "The file is no Apple Health export.";
}
