import { type DescribeRouteOptions, type ResolverReturnType, uniqueSymbol } from "hono-openapi";

/** What a handler adds to the OpenAPI document: an operation, or one part of its request. */
type Documentation = { readonly spec: DescribeRouteOptions } | ({ readonly target: string } & ResolverReturnType);

/**
 * Gives a handler its part of the OpenAPI document, made whenever somebody makes the document. Made with the routes, the parts of all of
 * them were three megabytes of every isolate.
 */
export function documented<H extends object>(handler: H, describe: () => Documentation): H {
  return Object.defineProperty(handler, uniqueSymbol, { get: describe });
}
