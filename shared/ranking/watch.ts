import * as z from "zod";
import { isAlias } from "./terms";

/**
 * How the Worker hands an upgrade to a board, after whoever owns the board has let the watcher in: in a header of a request that it builds
 * itself, so nothing that a client sends can stand in it.
 */
export const WATCH_HEADER = "x-meridian-watch";

const schema = z.strictObject({
  period: z.int().min(0),
  /** The watcher's own alias, whose surroundings they are told of. */
  alias: z.string().refine(isAlias).nullable(),
  /** How many of the best they are told of, and how many around themselves. */
  top: z.int().min(0).max(100),
  around: z.int().min(1).max(25),
  /** On a board of fewer entries they are told of their own alone. */
  least: z.int().min(0),
  /** Under what the board's owner finds the socket again; says nothing about a person. */
  tag: z.string().min(1).max(64),
  /** When the socket ends at the latest, epoch milliseconds. */
  until: z.number(),
});

/** Who watches what of a board. */
export type Watch = z.output<typeof schema>;

export function writeWatch(watch: Watch): string {
  return JSON.stringify(watch);
}

/** The watch in a header's text or an attachment, or undefined where it is none. */
export function readWatch(value: unknown): Watch | undefined {
  if (typeof value !== "string") return undefined;
  try {
    return schema.safeParse(JSON.parse(value)).data;
  } catch {
    return undefined;
  }
}
