import type { Next } from "hono";
import type { Region } from "../region";
import type { AppContext } from "./app-env";

/** Where the stored answers of a region lie. */
export interface IdempotencyStore {
  readonly records: D1Database;
  /** The region's key ring, as JSON text. */
  readonly keys: string;
}

export interface IdempotencyRule {
  readonly regionOfBody: ((body: unknown) => Region | undefined) | undefined;
  readonly streamed: boolean;
}

export async function idempotently(_c: AppContext, _rule: IdempotencyRule, next: Next): Promise<void> {
  await next();
}
