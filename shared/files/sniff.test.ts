import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { sniff } from "./sniff";

const bytes = (...parts: (string | readonly number[])[]) =>
  Uint8Array.from(parts.flatMap((part) => (typeof part === "string" ? [...Buffer.from(part, "latin1")] : part)));
const PADDING = Array.from({ length: 40 }, () => 0);

describe("a file is what its bytes say", () => {
  test.each([
    ["a PNG", bytes("\u0089PNG\r\n\u001A\n", [0, 0, 0, 13], "IHDR", [0, 0, 3, 32, 0, 0, 2, 88]), "image/png", 800, 600],
    ["a GIF", bytes("GIF89a", [0x20, 3, 0x58, 2]), "image/gif", 800, 600],
    ["a JPEG", bytes([0xff, 0xd8, 0xff, 0xe0, 0, 4, 1, 2, 0xff, 0xc2, 0, 17, 8, 2, 0x58, 3, 0x20, 3], PADDING), "image/jpeg", 800, 600],
    ["a lossless WebP", bytes("RIFF", [0, 0, 0, 0], "WEBPVP8L", [0, 0, 0, 0, 0x2f, 0x1f, 0xc3, 0x95, 0]), "image/webp", 800, 600],
    ["an extended WebP", bytes("RIFF", [0, 0, 0, 0], "WEBPVP8X", [0, 0, 0, 0, 0, 0, 0, 0, 0x1f, 3, 0, 0x57, 2, 0]), "image/webp", 800, 600],
    ["an AVIF", bytes([0, 0, 0, 28], "ftypavif", PADDING, "ispe", [0, 0, 0, 0, 0, 0, 3, 32, 0, 0, 2, 88]), "image/avif", 800, 600],
    ["a voice note of a phone", bytes([0, 0, 0, 28], "ftypM4A ", PADDING), "audio/mp4", null, null],
    ["a voice note of a browser", bytes([0x1a, 0x45, 0xdf, 0xa3], "....webm....A_OPUS", PADDING), "audio/webm", null, null],
    ["a film of a browser", bytes([0x1a, 0x45, 0xdf, 0xa3], "....webm....V_VP9", PADDING), "video/webm", null, null],
    ["an Ogg", bytes("OggS", PADDING, "OpusHead"), "audio/ogg", null, null],
    ["an MP3", bytes([0xff, 0xfb, 0x90, 0x64], PADDING), "audio/mpeg", null, null],
    ["a PDF", bytes("%PDF-1.7\n"), "application/pdf", null, null],
    ["a text", new TextEncoder().encode("Frühstück: 2 Eier\n"), "text/plain", null, null],
  ])("%s", (_name, file, type, width, height) => {
    expect(sniff(file)).toMatchObject({ type, width, height });
  });

  test.each([
    ["nothing", bytes("")],
    ["a page", bytes("<!doctype html><script>alert(1)</script>")],
    ["a drawing with a script", bytes(' <svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"/>')],
    ["a shell script", bytes("#!/bin/sh\nrm -rf /")],
    ["a program", bytes("MZ", [0x90, 0, 3, 0, 0, 0])],
    ["an archive", bytes("PK", [3, 4, 0, 0])],
  ])("%s is refused", (_name, file) => {
    expect(sniff(file)).toBeUndefined();
  });

  test("whatever the bytes, it answers, and no picture is of no size", () => {
    const begin = fc.constantFrom(
      "",
      "\u0089PNG\r\n\u001A\n",
      "GIF89a",
      "\u00FF\u00D8\u00FF",
      "RIFF....WEBP",
      "....ftypavif",
      "OggS",
      "ID3",
    );
    fc.assert(
      fc.property(begin, fc.uint8Array({ maxLength: 60 }), (start, rest) => {
        const found = sniff(bytes(start, [...rest]));
        if (found === undefined) return;
        expect(found.width === null).toBe(found.height === null);
        expect(found.type).toMatch(/^(?:image|audio|video|application|text)\/[\w.-]+$/);
      }),
      { numRuns: 300 },
    );
  });
});
