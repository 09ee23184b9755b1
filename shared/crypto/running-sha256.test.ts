import { createHash } from "node:crypto";
import fc from "fast-check";
import { expect, test } from "vitest";
import { RunningSha256 } from "./running-sha256";

test("says what the platform says, wherever its input was cut and its state was stored", () => {
  fc.assert(
    fc.property(fc.array(fc.uint8Array({ maxLength: 300 }), { maxLength: 8 }), (pieces) => {
      let running = new RunningSha256();
      const whole = createHash("sha256");
      for (const piece of pieces) {
        running = new RunningSha256(JSON.parse(JSON.stringify(running.state)));
        running.update(piece);
        whole.update(piece);
      }
      expect(running.hex()).toBe(whole.copy().digest("hex"));
    }),
  );
});

test("knows the example of the standard", () => {
  const running = new RunningSha256();
  running.update(new TextEncoder().encode("abc"));
  expect(running.hex()).toBe("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
});
