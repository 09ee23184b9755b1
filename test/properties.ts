import fc from "fast-check";
import { inject } from "vitest";

declare module "vitest" {
  interface ProvidedContext {
    /** Where property tests begin to draw their cases from. */
    readonly seed: number;
  }
}

fc.configureGlobal({ seed: inject("seed") });
