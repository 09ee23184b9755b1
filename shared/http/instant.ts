import * as z from "zod";

/** An instant of a query or body, with its offset; epoch milliseconds behind it. */
export const instant = z.iso
  .datetime({ offset: true })
  .meta({ example: "2026-11-20T00:00:00Z" })
  .transform((text) => Date.parse(text));
