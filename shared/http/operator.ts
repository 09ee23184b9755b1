import { createHash, timingSafeEqual } from "node:crypto";
import type { MiddlewareHandler } from "hono";
import { problem } from "../problem";
import type { AppEnv } from "./app-env";

const BEARER = /^bearer +(\S+)$/i;

/**
 * Lets only those pass who know `OPERATIONS_SECRET`, as a bearer token. What stands behind it shows versions, counts and events that
 * belong to nobody: no secret opens a person's data. Problem `unauthenticated`.
 */
export function requireOperator(): MiddlewareHandler<AppEnv> {
  return (c, next) => {
    const given = BEARER.exec(c.req.header("authorization") ?? "")?.[1] ?? "";
    const secret = c.env.OPERATIONS_SECRET ?? "";
    if (secret === "" || !sameText(given, secret)) throw problem("unauthenticated");
    return next();
  };
}

/** Compares in a time that tells nothing about where texts differ, nor about their length: hashes are compared. */
function sameText(a: string, b: string): boolean {
  const [left, right] = [a, b].map((text) => createHash("sha256").update(text).digest());
  return left !== undefined && right !== undefined && timingSafeEqual(left, right);
}
