import { describe, expect, it } from "vitest";
import { startRuntime } from "../../scripts/local/runtime";

/** Keeps so many megabytes of numbers while it answers. */
const KEEPER = `export default {
  async fetch(request) {
    const kept = [];
    for (let mb = 0; mb < Number(new URL(request.url).searchParams.get("mb")); mb++) {
      for (let i = 0; i < 128; i++) kept.push(Array.from({ length: 1_024 }, (_, n) => n + 0.5));
    }
    return new Response(String(kept.length));
  },
};`;

async function keep(mb: number): Promise<string> {
  const runtime = startRuntime({
    workers: [{ name: "keeper", compatibilityDate: "2026-11-01", modules: [{ type: "ESModule", path: "keeper.mjs", contents: KEEPER }] }],
    // What V8 says of an isolate that it ends is expected.
    handleRuntimeStdio: (...streams: readonly { resume(): void }[]) => {
      for (const stream of streams) stream.resume();
    },
  });
  try {
    const url = await runtime.ready;
    return await fetch(new URL(`?mb=${mb}`, url)).then(
      async (answer) => (answer.ok ? await answer.text() : "ended"),
      () => "ended",
    );
  } finally {
    await runtime.dispose();
  }
}

describe("an isolate of the local runtime", () => {
  it("has room for what production has room for", async () => {
    expect(await keep(64)).toBe(String(64 * 128));
  });

  it("ends where it keeps more than production lets it keep", async () => {
    expect(await keep(192)).toBe("ended");
  });
});
