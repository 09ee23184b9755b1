import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { base64Of, binaryFault, bytesOf, isFhirJson } from "./binary";

const bytes = (text: string) => new TextEncoder().encode(text);

describe("a file", () => {
  test.each([
    ["application/pdf", "%PDF-1.7\n"],
    ["text/plain; charset=utf-8", "Seen today."],
    ["application/xml", "<ClinicalDocument/>"],
    ["application/octet-stream", "%PDF-1.7"],
    ["image/webp", "RIFF0000WEBPVP8 "],
  ])("of type %s is kept where its bytes do not speak against it", (type, text) => {
    expect(binaryFault(type, bytes(text))).toBeUndefined();
  });

  test.each([
    ["application/pdf", "<html>", "data"],
    ["text/plain", "%PDF-1.7", "data"],
    ["application/octet-stream", "MZ\u0090", "data"],
    ["text/plain", "#!/bin/sh", "data"],
    ["text/plain", "", "data"],
    ["image/svg+xml", "<svg/>", "contentType"],
    ["application/javascript", "alert(1)", "contentType"],
    ["text/plain\r\nx: y", "a", "contentType"],
  ])("that is called %s and is %j is not", (type, text, field) => {
    expect(binaryFault(type, bytes(text))?.field).toBe(field);
  });
});

test("base64 comes back as it was", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 100_000 }), (all) => {
      expect(bytesOf(base64Of(all))).toEqual(Uint8Array.from(all));
    }),
    { numRuns: 20 },
  );
  expect(bytesOf("a")).toBeUndefined();
  expect([isFhirJson("application/fhir+json; charset=utf-8"), isFhirJson("application/pdf")]).toEqual([true, false]);
});
