import fc from "fast-check";
import { SaxesParser } from "saxes";
import { describe, expect, test } from "vitest";
import { decodeText } from "./text";
import { XmlScanner } from "./scanner";
import { Vocabulary } from "./vocabulary";

const ELEMENTS = new Vocabulary(["Record", "MetadataEntry", "HealthData", "time"]);
const ATTRIBUTES = new Vocabulary(["type", "value", "startDate", "sourceName"]);

type Event = ["open", string, Record<string, string>] | ["close", string] | ["text", string];

/** What the scanner sees, cut into chunks; text is joined and trimmed, because chunks and comments may split it. */
function scan(bytes: Uint8Array, cuts: readonly number[] = []): { events: Event[]; malformed: number; open: boolean } {
  const events: Event[] = [];
  const scanner = new XmlScanner(ELEMENTS, ATTRIBUTES, {
    open(tag) {
      const attributes: Record<string, string> = {};
      ATTRIBUTES.names.forEach((name, id) => {
        const text = tag.text(id);
        if (text !== undefined) attributes[name] = text;
      });
      const name = ELEMENTS.names[tag.element] ?? "?";
      events.push(["open", name, attributes]);
      if (tag.selfClosing) events.push(["close", name]);
    },
    close: (element) => events.push(["close", ELEMENTS.names[element] ?? "?"]),
    text: (chunk, start, end) => addText(events, decodeText(chunk, start, end)),
  });
  let at = 0;
  for (const cut of [...cuts, bytes.length]) {
    // The scanner may not keep what it is given: hand over a buffer that is overwritten afterwards.
    const chunk = bytes.slice(at, cut);
    scanner.push(chunk);
    chunk.fill(0x3c);
    at = cut;
  }
  return { events: settled(events), malformed: scanner.malformed, open: scanner.end() };
}

function oracle(xml: string): Event[] {
  const events: Event[] = [];
  const parser = new SaxesParser();
  parser.on("opentag", ({ name, attributes }) => {
    const known = Object.entries(attributes).filter(([key]) => ATTRIBUTES.names.includes(key));
    events.push(["open", knownName(name), Object.fromEntries(known.map(([key, value]) => [key, String(value)]))]);
  });
  parser.on("closetag", ({ name }) => events.push(["close", knownName(name)]));
  parser.on("text", (text) => addText(events, text));
  parser.on("error", (error) => {
    throw error;
  });
  parser.write(xml).close();
  return settled(events);
}

function knownName(name: string): string {
  return ELEMENTS.names.includes(name) ? name : "?";
}

function addText(events: Event[], text: string): void {
  const last = events.at(-1);
  if (last?.[0] === "text") last[1] += text;
  else events.push(["text", text]);
}

function settled(events: readonly Event[]): Event[] {
  return events
    .map((event): Event => (event[0] === "text" ? ["text", event[1].trim()] : event))
    .filter((event) => event[0] !== "text" || event[1] !== "");
}

function bytesOf(xml: string): Uint8Array {
  return new TextEncoder().encode(xml);
}

describe("the scanner sees what a parser sees", () => {
  test.each([
    ["any attribute order and both quotes", `<Record value='5' type="a"/>`],
    ["a quote of the other kind inside a value", `<Record value="it's" type='say "x"'/>`],
    ["white space and line breaks anywhere", "<Record\n\ttype = \"a\"\r\n   value\n=\n'5'   ></Record  >"],
    ["a greater-than sign inside a value", `<Record type="a>b" value="/>"/>`],
    ["predefined entities and numeric references", `<Record type="&lt;&lt;HK&gt; &amp;amp; &quot;&apos; &#8217;&#x1F600;"/>`],
    ["comments with markup inside", `<HealthData><!-- <Record type="no"/> > --><Record/><!----></HealthData>`],
    ["processing instructions", `<?xml version="1.0"?><?pi <Record/> ?><HealthData/>`],
    ["unknown elements and attributes", `<HealthData><What is="it"><Record other="1" type="t"/></What></HealthData>`],
    ["characters of several bytes", `<Record sourceName="Robin’s Watch" type="心拍数 😀"/>`],
    ["an empty value", `<Record type="" value=""/>`],
    ["text between tags", `<HealthData>a<time>2026-01-01T00:00:00Z</time>b</HealthData>`],
  ])("%s", (_what, xml) => {
    expect(scan(bytesOf(xml)).events).toEqual(oracle(xml));
  });

  test("random documents cut anywhere", () => {
    const text = fc.string({
      unit: fc.constantFrom("a", "Z", " ", "’", "é", "😀", "'", ">", "]", "-", "?", "!", "/", "=", "&amp;", "&lt;", "&#65;"),
      maxLength: 12,
    });
    const attributes = fc.uniqueArray(fc.tuple(fc.constantFrom("type", "value", "startDate", "sourceName", "other"), text), {
      selector: ([key]) => key,
      maxLength: 5,
    });
    const space = fc.constantFrom(" ", "\n", "\t", "  \r\n ");
    const { node } = fc.letrec<{ node: string }>((tie) => ({
      node: fc.oneof(
        { maxDepth: 4 },
        text.map((value) => value.replaceAll(">", "")),
        fc.constantFrom("<!-- <Record type='x'/> -->", "<!-- a - b -->", "<?x <y/> ?>"),
        fc
          .tuple(
            fc.constantFrom("Record", "MetadataEntry", "Other", "time"),
            attributes,
            space,
            fc.boolean(),
            fc.array(tie("node"), { maxLength: 4 }),
          )
          .map(([name, pairs, gap, apostrophes, children]) => {
            const written = pairs
              .map(([key, value]) => `${gap}${key}=${apostrophes ? `'${value.replaceAll("'", "&apos;")}'` : `"${value}"`}`)
              .join("");
            return children.length === 0 ? `<${name}${written}/>` : `<${name}${written}${gap}>${children.join("")}</${name}${gap}>`;
          }),
      ),
    }));
    const document = fc
      .array(node, { maxLength: 6 })
      .map(
        (nodes) =>
          `<?xml version="1.0"?>\n<!DOCTYPE HealthData [<!ELEMENT a (b)> <!-- ]> ' -->]>\n<HealthData>${nodes.join("")}</HealthData>`,
      );
    fc.assert(
      fc.property(document, fc.array(fc.nat(4_000), { maxLength: 8 }), (xml, places) => {
        const bytes = bytesOf(xml);
        const cuts = places.map((place) => place % (bytes.length + 1)).toSorted((a, b) => a - b);
        const { events, malformed, open } = scan(bytes, cuts);
        expect(events).toEqual(oracle(xml));
        expect({ malformed, open }).toEqual({ malformed: 0, open: false });
      }),
      { numRuns: 400 },
    );
  });

  test("one byte at a time", () => {
    const xml = `\ufeff<?xml version="1.0"?><!DOCTYPE HealthData [<!ENTITY a "]>"><!-- don't -->]><HealthData><!-- x --><Record type="é"/><![CDATA[ <Record/> ]]></HealthData>`;
    const bytes = bytesOf(xml);
    const cuts = Array.from({ length: bytes.length }, (_, i) => i);
    const { events } = scan(bytes, cuts);
    expect(events.filter((event) => event[0] !== "text")).toEqual([
      ["open", "HealthData", {}],
      ["open", "Record", { type: "é" }],
      ["close", "Record"],
      ["close", "HealthData"],
    ]);
  });
});

describe("what a document cannot do", () => {
  test("declare an entity that expands", () => {
    const bomb = `<!DOCTYPE HealthData [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;">]><HealthData><Record type="&b;"/></HealthData>`;
    expect(scan(bytesOf(bomb)).events[1]).toEqual(["open", "Record", { type: "&b;" }]);
  });

  test("hide elements in a malformed DTD", () => {
    const broken = `<!DOCTYPE HealthData [\n<!ATTLIST Record\n type CDATA "never closed\n>\n<!ELEMENT Record EMPTY>\n]>\n<HealthData><Record type="a"/></HealthData>`;
    expect(scan(bytesOf(broken)).events.map((event) => event[1])).toEqual(["HealthData", "Record", "Record", "HealthData"]);
  });

  test.each([
    ["a value without quotes", `<Record type=a/><Record type="b"/>`],
    ["an attribute without a value", `<Record type/><Record type="b"/>`],
    ["a quote that is not closed", `<Record type="a <Record type="b"/>`],
    ["a lonely less-than sign", `< <Record type="b"/>`],
  ])("make %s cost more than itself", (_what, xml) => {
    const { events, malformed } = scan(bytesOf(xml));
    expect(events.filter((event) => event[0] === "open")).toEqual([["open", "Record", { type: "b" }]]);
    expect(malformed).toBe(1);
  });

  test("fill the memory with a tag that never ends", () => {
    const scanner = new XmlScanner(ELEMENTS, ATTRIBUTES, { open: () => undefined, close: () => undefined });
    scanner.push(bytesOf(`<Record type="`));
    const chunk = new Uint8Array(64 * 1024).fill(0x61);
    for (let i = 0; i < 64; i++) scanner.push(chunk);
    expect(scanner.malformed).toBe(1);
    expect(scanner.position).toBeGreaterThan(1_000_000);
  });

  test("end in the middle unnoticed", () => {
    for (const xml of ["<Record type=", "<!-- x", "<!DOCTYPE a [", "<?pi"]) expect(scan(bytesOf(xml)).open).toBe(true);
  });
});
