import type { TestProject } from "vitest/node";
import { prepare, type Prepared } from "./prepared.ts";

declare module "vitest" {
  interface ProvidedContext {
    readonly prepared: Prepared;
  }
}

/** Prepares what all journeys share: they start Meridian about thirty times, ten of them on empty state. */
export default async function setup(project: TestProject): Promise<() => void> {
  const { remove, ...prepared } = await prepare();
  project.provide("prepared", prepared);
  return remove;
}
