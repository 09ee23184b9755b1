import { XmlScanner } from "../xml/scanner";
import { LocalVocabulary, Vocabulary } from "../xml/vocabulary";

const ROOTS = ["TrainingCenterDatabase", "gpx"] as const;
const ELEMENTS = new LocalVocabulary(ROOTS);
const ATTRIBUTES = new Vocabulary([]);
const LT = 0x3c;
const BOM = [0xef, 0xbb, 0xbf] as const;
/** A root follows its declaration and some comments. */
const WITHIN_BYTES = 16 * 1024;

/** The root element of a document that begins with these bytes, where it is one of those read here. */
export function rootOf(head: Uint8Array): (typeof ROOTS)[number] | undefined {
  let at = BOM.every((byte, i) => head[i] === byte) ? BOM.length : 0;
  while (at < head.length && head[at]! <= 0x20) at++;
  if (head[at] !== LT) return undefined;
  let root: number | undefined;
  const scanner = new XmlScanner(ELEMENTS, ATTRIBUTES, { open: (tag) => (root ??= tag.element), close: () => undefined });
  scanner.push(head.subarray(at, at + WITHIN_BYTES));
  return ROOTS[root ?? -1];
}
