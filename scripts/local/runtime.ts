import { createRequire } from "node:module";

/** The part of the local runtime that is used here. */
export interface Runtime {
  readonly ready: Promise<URL>;
  unsafeGetDirectURL(worker?: string, entrypoint?: string): Promise<URL>;
  getInspectorURL(): Promise<URL>;
  getD1Database(binding: string): Promise<Database>;
  dispose(): Promise<void>;
}

export interface Database {
  prepare(sql: string): { bind(...values: readonly (string | number | null)[]): unknown };
  batch(statements: readonly unknown[]): Promise<unknown>;
}

interface RuntimeModule {
  readonly Miniflare: new (options: unknown) => Runtime;
  readonly convertV4MiniflareOptions: (options: unknown) => unknown;
}

const fromHere = createRequire(import.meta.url);
const fromWrangler = createRequire(fromHere.resolve("wrangler"));

/** What an isolate may take in production, https://developers.cloudflare.com/workers/platform/limits/#memory. */
const MOST_HEAP_MB = 128;
const V8_FLAGS = "MINIFLARE_WORKERD_V8_FLAGS";
const GIVEN_FLAGS = process.env[V8_FLAGS];

/**
 * Gives the isolates of the runtime that is started next the memory that they have in production, unless V8's flags are given: else V8
 * takes what the machine has, collects seldom and then stops for long.
 */
export function boundIsolates(isBounded = true): void {
  process.env[V8_FLAGS] = GIVEN_FLAGS ?? (isBounded ? `--max-heap-size=${MOST_HEAP_MB}` : "");
}

/**
 * Starts the local runtime that wrangler itself uses, not another one that happens to be installed, without wrangler around it. Isolates
 * are bounded unless told otherwise. Await `ready` before another is started.
 */
export function startRuntime(options: unknown, { isBounded = true }: { readonly isBounded?: boolean } = {}): Runtime {
  const { Miniflare, convertV4MiniflareOptions } = fromWrangler("miniflare") as RuntimeModule;
  boundIsolates(isBounded);
  return new Miniflare(convertV4MiniflareOptions(options));
}

/** The program that the local runtime runs. */
export function workerdPath(): string {
  const { default: path } = createRequire(fromWrangler.resolve("miniflare"))("workerd") as { default: string };
  return path;
}
