import * as z from "zod";
import type { Meaning } from "../vendor";

/** Every reply of Withings is a 200 with a status of its own. */
export const replySchema = z.object({ status: z.number().int(), body: z.unknown().optional(), error: z.string().optional() });

type Span = readonly [low: number, high: number];

/** The vendor's own table. What stands in none of these rows ("An error occurred", time-outs) may be better in a while. */
const DEAD_TOKEN: readonly Span[] = [
  [100, 102],
  [200, 200],
  [401, 401],
];
const FORBIDDEN: readonly Span[] = [
  [214, 214],
  [277, 277],
  [2553, 2553],
  [2555, 2555],
];
const INVALID: readonly Span[] = [
  [201, 213],
  [216, 218],
  [220, 221],
  [223, 223],
  [225, 225],
  [227, 230],
  [234, 236],
  [238, 238],
  [240, 252],
  [254, 254],
  [260, 267],
  [271, 272],
  [275, 276],
  [283, 288],
  [290, 290],
  [293, 295],
  [297, 297],
  [300, 304],
  [321, 321],
  [323, 353],
  [380, 382],
  [400, 400],
  [501, 511],
  [523, 523],
  [532, 532],
  [3017, 3019],
];
const TOO_MANY = 601;
const NOT_IMPLEMENTED = 2554;

const isOf = (rows: readonly Span[], status: number): boolean => rows.some(([low, high]) => status >= low && status <= high);

/** What a reply means by the status in its body; undefined where the reply is none of Withings' own, such as a proxy's 503. */
export function meaningOf(httpStatus: number, body: unknown): Meaning | undefined {
  if (httpStatus !== 200) return undefined;
  const reply = replySchema.safeParse(body);
  if (!reply.success) return { kind: "down" };
  const { status, error } = reply.data;
  if (status === 0) return { kind: "ok" };
  if (status === TOO_MANY) return { kind: "limited" };
  if (isOf(DEAD_TOKEN, status)) return { kind: "unauthorized" };
  if (isOf(FORBIDDEN, status)) return { kind: "forbidden" };
  if (status === NOT_IMPLEMENTED) return { kind: "rejected", error: "not_implemented" };
  if (!isOf(INVALID, status)) return { kind: "down" };
  // A code or refresh token that is over comes as an invalid parameter.
  const isGrant = /invalid (code|refresh_?token)/i.test(error ?? "");
  return { kind: "rejected", error: isGrant ? "invalid_grant" : "invalid_params" };
}
