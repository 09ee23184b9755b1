import * as z from "zod";
import type { Category } from "../../../shared/policy/vocabulary";
import type { FieldError, ProblemCode } from "../../../shared/problem";

/** Longest message that is read, in characters. */
export const LONGEST_MESSAGE = 65_536;
/** Most readings in one `publish`, and in one `readings` message. */
export const MOST_ITEMS = 500;

/** The exact texts that the runtime answers by itself, without waking the vault. */
export const PING = '{"type":"ping"}';
export const PONG = '{"type":"pong"}';

/** Close codes of our own (RFC 6455 §7.4.2) and from the registry. */
export const CLOSE = { sessionEnded: 4401, notAllowed: 4403, policy: 1008, tryAgainLater: 1013 } as const;

const ref = z.string().min(1).max(64);
const name = z.string().min(1).max(100);

const device = z.strictObject({
  name: name.optional(),
  /** `watch`, `phone`, `chest_strap`, … */
  type: z
    .string()
    .regex(/^[a-z][a-z_]{0,39}$/)
    .optional(),
  manufacturer: name.optional(),
  model: name.optional(),
});

const publishItem = z.strictObject({
  metric: z.string().max(64),
  at: z.string().max(40),
  endAt: z.string().max(40).optional(),
  value: z.number(),
  unit: z.string().max(40).optional(),
});

const clientMessage = z.discriminatedUnion("type", [
  z.strictObject({ type: z.literal("publish"), ref, items: z.array(publishItem).min(1).max(MOST_ITEMS), device: device.optional() }),
  z.strictObject({
    type: z.literal("subscribe"),
    metrics: z.array(z.string().max(64)).max(MOST_ITEMS).optional(),
    after: z.int().min(0).optional(),
  }),
  z.strictObject({ type: z.literal("seen"), seq: z.int().min(0) }),
  z.strictObject({ type: z.literal("ping") }),
]);

export type ClientMessage = z.output<typeof clientMessage>;
export type PublishMessage = Extract<ClientMessage, { type: "publish" }>;
export type PublishItem = PublishMessage["items"][number];
export type Device = z.output<typeof device>;

/** A client's message, or the faults in it. */
export function readMessage(value: unknown): ClientMessage | readonly FieldError[] {
  const parsed = clientMessage.safeParse(value);
  if (parsed.success) return parsed.data;
  return parsed.error.issues.slice(0, 10).map((issue) => ({
    pointer: issue.path.map((part) => `/${String(part).slice(0, 64)}`).join(""),
    code: issue.code,
    message: "This part of the message is not valid.",
  }));
}

/** The `ref` of a message that could not be applied, where it has a usable one. */
export function refOf(value: unknown): string | undefined {
  return z.object({ ref }).safeParse(value).data?.ref;
}

/** One item that was not stored, or was stored apart; `index` is its place in the publish, where it is known. */
export interface ItemFault {
  readonly index?: number;
  readonly reason: string;
}

export interface Ack {
  readonly ref: string;
  readonly accepted: number;
  readonly duplicate: number;
  readonly quarantined: readonly ItemFault[];
  readonly rejected: readonly ItemFault[];
}

/**
 * The messages to clients. `seq` is the entry's number in the person's stream; `prev` is the number of the entry before it that
 * concerns the same filter (0 where none is remembered), so that a watcher can tell that nothing is missing.
 */
export const write = {
  hello: (seq: number, head: number) => `{"type":"hello","seq":${seq},"head":${head}}`,
  /** `items` are JSON objects joined by commas. */
  readings: (seq: number, prev: number, items: string) => `{"type":"readings","seq":${seq},"prev":${prev},"items":[${items}]}`,
  changed: (seq: number, prev: number, metric: string, from: number, to: number) =>
    `{"type":"changed","seq":${seq},"prev":${prev},"metric":"${metric}","from":"${iso(from)}","to":"${iso(to)}"}`,
  snapshot: (seq: number, items: string) => `{"type":"snapshot","seq":${seq},"items":[${items}]}`,
  /** What of another person's may be watched from now on. */
  granted: (categories: readonly Category[]) => JSON.stringify({ type: "granted", categories }),
  /** Something has come into the inbox, or was changed there. */
  notice: ({ id, kind, reference, isUrgent }: { id: string; kind: string; reference: string; isUrgent: boolean }, unread: number) =>
    JSON.stringify({ type: "notice", id, kind, reference, urgent: isUrgent, unread }),
  /** Something has come into the notifications. */
  notification: (one: {
    readonly id: string;
    readonly kind: string;
    readonly priority: string;
    readonly about: Readonly<Record<string, string>>;
    readonly title: string;
    readonly body: string;
    readonly count: number;
    readonly unread: number;
  }) => JSON.stringify({ type: "notification", ...one }),
  ack: (ack: Ack) => JSON.stringify({ type: "ack", ...ack }),
  error: (code: ProblemCode, detail: string, about: string | undefined, errors?: readonly FieldError[]) =>
    JSON.stringify({ type: "error", code, detail, ref: about, errors }),
} as const;

/** One reading on the wire; `unit` is UCUM, `source` as in `GET /v1/me/sources`. */
export function itemText(metric: string, at: number, end: number | undefined, value: number, unit: string, source: string): string {
  const until = end === undefined ? "" : `,"endAt":"${iso(end)}"`;
  return `{"metric":"${metric}","at":"${iso(at)}"${until},"value":${value},"unit":${JSON.stringify(unit)},"source":"${source}"}`;
}

function iso(ms: number): string {
  return new Date(ms).toISOString();
}
