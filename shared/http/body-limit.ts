import { problem } from "../problem";
import type { AppContext } from "./app-env";

/** Largest body of a route that does not say otherwise, in bytes. */
export const DEFAULT_BODY_LIMIT = 1_000_000;

/**
 * Refuses a body longer than `limit` bytes: at once where its length is declared (the platform never delivers more than that), and
 * while it is read where it is not. Throws `too_large`; a reader of an undeclared body sees a stream error, which the error handler
 * turns into the same problem by `bodyTooLarge`.
 */
export function limitBody(c: AppContext, limit: number): void {
  // Asked for first: a body that is looked at becomes an object of its own.
  const declared = c.req.header("content-length");
  if (declared !== undefined && /^\d+$/.test(declared)) {
    if (Number(declared) > limit) throw tooLarge(limit);
    return;
  }
  const { body } = c.req.raw;
  if (body === null) return;
  let seen = 0;
  const counted = body.pipeThrough(
    new TransformStream<Uint8Array, Uint8Array>({
      transform(chunk, controller) {
        seen += chunk.byteLength;
        if (seen > limit) {
          c.set("bodyTooLarge", true);
          controller.error(tooLarge(limit));
        } else controller.enqueue(chunk);
      },
    }),
  );
  c.req.raw = new Request(c.req.raw, { body: counted });
}

function tooLarge(limit: number) {
  return problem("too_large", `The body may have at most ${limit} bytes.`);
}
