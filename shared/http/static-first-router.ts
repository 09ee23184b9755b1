import type { Result, Router } from "hono/router";
import { TrieRouter } from "hono/router/trie-router";

/**
 * Hono's router for overlapping paths, with one addition: what a path without parameters leads to is looked up once and remembered. The
 * faster router of Hono refuses a set of routes in which `/sessions/current` stands beside `/sessions/:id`.
 */
export class StaticFirstRouter<T> implements Router<T> {
  readonly name = "StaticFirstRouter";
  readonly #trie = new TrieRouter<T>();
  readonly #static = new Set<string>();
  readonly #known = new Map<string, Result<T>>();

  add(method: string, path: string, handler: T): void {
    this.#trie.add(method, path, handler);
    this.#known.clear();
    if (!/[:*]/.test(path)) this.#static.add(path);
  }

  match(method: string, path: string): Result<T> {
    if (!this.#static.has(path)) return this.#trie.match(method, path);
    const key = `${method} ${path}`;
    let result = this.#known.get(key);
    if (result === undefined) {
      result = this.#trie.match(method, path);
      // Methods are the caller's own words: what leads nowhere is not worth keeping.
      if (KEPT.has(method)) this.#known.set(key, result);
    }
    return result;
  }
}

const KEPT = new Set(["GET", "POST", "PUT", "PATCH", "DELETE"]);
