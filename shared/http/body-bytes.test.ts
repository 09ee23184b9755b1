import fc from "fast-check";
import { expect, it } from "vitest";
import { bodyBytes } from "./body-bytes";

function bodyOf(chunks: readonly Uint8Array[]): ReadableStream<Uint8Array<ArrayBuffer>> {
  return new ReadableStream({
    start(controller) {
      for (const chunk of chunks) controller.enqueue(Uint8Array.from(chunk));
      controller.close();
    },
  });
}

it("reads the body whole, in whatever chunks it comes, whether its length is declared or not", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(fc.uint8Array({ maxLength: 40 }), { maxLength: 6 }), fc.boolean(), async (chunks, isDeclared) => {
      const whole = Uint8Array.from(chunks.flatMap((chunk) => [...chunk]));
      const headers = new Headers(isDeclared ? { "content-length": String(whole.byteLength) } : {});
      expect(await bodyBytes({ body: bodyOf(chunks), headers })).toEqual(whole);
    }),
  );
});

it("is nothing where there is no body", async () => {
  expect(await bodyBytes({ body: null, headers: new Headers() })).toEqual(new Uint8Array(0));
});

it("asks for no more than was declared: a look at the end costs as much as the body", async () => {
  let asked = 0;
  const body = new ReadableStream<Uint8Array<ArrayBuffer>>(
    {
      pull(controller) {
        asked++;
        controller.enqueue(new Uint8Array([7]));
      },
    },
    { highWaterMark: 0 },
  );
  expect(await bodyBytes({ body, headers: new Headers({ "content-length": "2" }) })).toEqual(new Uint8Array([7, 7]));
  expect(asked).toBe(2);
});

it("throws what the body throws", async () => {
  const body = new ReadableStream<Uint8Array<ArrayBuffer>>({ pull: (controller) => controller.error(new TypeError("gone")) });
  await expect(bodyBytes({ body, headers: new Headers() })).rejects.toThrow("gone");
});
