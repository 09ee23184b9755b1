import { readFile } from "node:fs/promises";
import { resolve } from "node:path";
import { runInNewContext } from "node:vm";
import { expect, test } from "vitest";
import * as z from "zod";
import { DOCS_SCRIPT } from "../../workers/operations/docs-script";

/** As much of a page as the script touches. It has no way to set markup: the script must do without. */
class Node {
  readonly children: (Node | string)[] = [];
  readonly attributes = new Map<string, string>();
  readonly dataset = { text: "" };
  readonly listeners = new Map<string, (event: unknown) => void>();
  readonly classList = { toggle: (): void => undefined };
  setAttribute(name: string, value: string): void {
    this.attributes.set(name, value);
    if (name === "data-text") this.dataset.text = value;
  }
  append(...children: (Node | string)[]): void {
    this.children.push(...children);
  }
  replaceChildren(...children: (Node | string)[]): void {
    this.children.splice(0, this.children.length, ...children);
  }
  addEventListener(name: string, listener: (event: unknown) => void): void {
    this.listeners.set(name, listener);
  }
  text(): string {
    return this.children.map((child) => (typeof child === "string" ? child : child.text())).join(" ");
  }
}

const documentSchema = z.looseObject({
  paths: z.record(z.string(), z.record(z.string(), z.looseObject({ summary: z.string(), operationId: z.string() }))),
});

test("the page shows every operation of the document, with a line to try it", async () => {
  const description = documentSchema.parse(JSON.parse(await readFile(resolve(import.meta.dirname, "../../docs/openapi.json"), "utf8")));
  const parts: Record<string, Node> = { index: new Node(), content: new Node(), filter: new Node() };
  const page = { createElement: () => new Node(), getElementById: (id: string) => parts[id], querySelectorAll: () => [] };
  const answered = Promise.resolve({ json: async () => description });
  runInNewContext(DOCS_SCRIPT, {
    document: page,
    fetch: () => answered,
    location: { origin: "https://api.test", hash: "" },
    navigator: {},
    encodeURIComponent,
  });
  await answered;
  await new Promise((done) => setImmediate(done));

  const shown = parts["content"]?.text() ?? "";
  for (const [path, item] of Object.entries(description.paths)) {
    for (const [method, { summary }] of Object.entries(item)) {
      expect(shown).toContain(`${method.toUpperCase()} ${path}`);
      expect(shown).toContain(summary);
      expect(shown).toMatch(new RegExp(`curl[^\\n]* 'https://api\\.test${path.replaceAll(/[.{}$*+?()[\]\\|^]/g, "\\$&")}`));
    }
  }
  expect(shown).not.toContain("undefined");
  expect(shown).not.toContain("[object Object]");
});

test("the script can set no markup and evaluate no text", () => {
  expect(DOCS_SCRIPT).not.toMatch(/innerHTML|outerHTML|insertAdjacentHTML|document\.write|eval\(|new Function/);
});
