import { problem } from "../../problem";
import { XmlScanner } from "./scanner";
import { decodeText } from "./text";
import { Vocabulary } from "./vocabulary";

/** An element of a small document. Names are without prefixes; names and attributes that the vocabulary does not have are left out. */
export interface XmlNode {
  /** Empty for an element that the vocabulary does not have. */
  readonly name: string;
  readonly attributes: Readonly<Record<string, string>>;
  readonly children: readonly XmlNode[];
  /** Its own text, without that of its children, trimmed. */
  readonly text: string;
}

interface Open {
  name: string;
  attributes: Record<string, string>;
  children: Open[];
  text: string;
}

const PREFIXES = ["", "cda:", "hl7:", "n1:", "n2:", "ns0:", "ns1:", "ns2:", "ns3:", "v3:"] as const;
const DEEPEST = 256;
const MOST_NODES = 1_000_000;

/** The names of a document: elements with the prefixes that such documents use, and attributes. */
export class TreeVocabulary {
  readonly elements: Vocabulary;
  readonly attributes: Vocabulary;

  constructor(elements: readonly string[], attributes: readonly string[]) {
    this.elements = new Vocabulary(elements.flatMap((name) => PREFIXES.map((prefix) => prefix + name)));
    this.attributes = new Vocabulary(attributes);
  }

  nameOf(element: number): string {
    return (this.elements.names[element] ?? "").replace(/^[^:]*:/, "");
  }
}

/**
 * Reads a whole document as a tree, forgivingly: no entity is expanded, nothing is fetched, and what is never closed ends with its parent.
 * Problem `file_unreadable` for what is deeper or larger than any such document.
 */
export function treeOf(bytes: Uint8Array, vocabulary: TreeVocabulary): XmlNode {
  const root: Open = { name: "", attributes: {}, children: [], text: "" };
  const stack: Open[] = [root];
  let nodes = 0;
  const scanner = new XmlScanner(vocabulary.elements, vocabulary.attributes, {
    open(tag) {
      if (++nodes > MOST_NODES || stack.length > DEEPEST) throw problem("file_unreadable", "The document is too large or too deep.");
      const node: Open = { name: vocabulary.nameOf(tag.element), attributes: {}, children: [], text: "" };
      vocabulary.attributes.names.forEach((name, i) => {
        const value = tag.text(i);
        if (value !== undefined) node.attributes[name] = value;
      });
      stack.at(-1)?.children.push(node);
      if (!tag.selfClosing) stack.push(node);
    },
    close(element) {
      const name = vocabulary.nameOf(element);
      // An end without its beginning closes nothing; one whose children are open closes them too.
      const at = stack.findLastIndex((node, i) => i > 0 && node.name === name);
      if (at > 0) stack.length = at;
    },
    text(from, start, end) {
      const node = stack.at(-1);
      if (node === undefined || node.text.length > LONGEST_TEXT) return;
      const text = decodeText(from, start, end).replace(/\s+/g, " ").trim();
      if (text !== "") node.text += (node.text === "" ? "" : " ") + text;
    },
  });
  scanner.push(bytes);
  scanner.end();
  return root;
}

const LONGEST_TEXT = 1_000_000;

/** Children of a name. */
export function childrenOf(node: XmlNode | undefined, name: string): readonly XmlNode[] {
  return node?.children.filter((child) => child.name === name) ?? [];
}

/** The first child of a name. */
export function childOf(node: XmlNode | undefined, name: string): XmlNode | undefined {
  return node?.children.find((child) => child.name === name);
}

/** Every descendant of a name, outermost ones alone. */
export function outermost(node: XmlNode, name: string): XmlNode[] {
  return node.children.flatMap((child) => (child.name === name ? [child] : outermost(child, name)));
}

/** The text of an element and of everything in it. */
export function wholeText(node: XmlNode | undefined): string {
  return node === undefined ? "" : [node.text, ...node.children.map(wholeText)].filter((text) => text !== "").join(" ");
}
