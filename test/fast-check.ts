// By its place, as tests that import it by name get this module.
import fc from "../node_modules/fast-check/lib/fast-check.js";
import { inject } from "vitest";

declare module "vitest" {
  interface ProvidedContext {
    /** Where property tests begin to draw their cases from. */
    readonly seed: number;
  }
}

fc.configureGlobal({ seed: inject("seed") });

export * from "../node_modules/fast-check/lib/fast-check.js";
export default fc;
