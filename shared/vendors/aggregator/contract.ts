import * as z from "zod";
import type { BatchBuilder } from "../../health/batch";
import type { Source } from "../../health/reading";
import { readFhir } from "../../imports/fhir/bundle";
import { putVital } from "../../imports/clinical/put-vital";
import { vitalMetrics } from "../../imports/clinical/vitals";
import { Emitter } from "../../imports/documents/emitter";
import { objectOf, textFrom } from "../../imports/documents/shape";
import { openMHealthMetrics, readDataPoint } from "../../imports/open-mhealth/format";
import { Tally } from "../../imports/tally";
import type { LabBatch } from "../../labs/result";
import { problem } from "../../problem";
import { verifyWebhook } from "../../webhooks/signing";
import { parseBody } from "../hmac-signature";
import type { Delivery, HookContent, LiveVendor, PageOutcome, VendorModule, VendorResource } from "../vendor";

/** What a network of laboratories and devices says of itself; the rest is the contract, see docs/aggregators.md. */
export interface Network {
  readonly id: string;
  readonly title: string;
  /** Its origin. Where left out, the deployment's configuration names it. */
  readonly origin?: string;
  readonly policy?: LiveVendor["policy"];
}

const DAY_S = 86_400;
/** Tokens of a link that say nothing live as long as the link. */
const LINK_LIFE_S = 3_650 * DAY_S;
const MOST_BYTES = 8_000_000;
const NOWHERE = "https://network.invalid";

const userSchema = z.string().min(1).max(128);
const messageSchema = z.looseObject({
  type: z.string().max(64),
  data: z.looseObject({ user: userSchema, payload: z.unknown().optional() }),
});
const linkSchema = z.looseObject({ access_token: z.string().min(1), user: userSchema });

function resource(areas: VendorResource["areas"], metrics: readonly string[]): VendorResource {
  return {
    areas,
    metrics: [...metrics],
    operation: "pushed",
    windowDays: 1,
    granularity: "sample",
    cadenceS: DAY_S,
    notified: true,
  };
}

/** The descriptor of a network by the contract. */
export function networkVendor({ id, title, origin, policy = { byoRequired: false, noAi: false } }: Network): LiveVendor {
  const host = origin ?? NOWHERE;
  return {
    id,
    title,
    source: id.replaceAll("-", "_"),
    status: "ga",
    auth: {
      hosts: { authorize: host, token: host, api: host },
      ...(origin === undefined ? { originFromAccount: true } : {}),
      authorizePath: "/link",
      tokenPath: "/link/token",
      authorizeParameters: {},
      clientAuth: "basic",
      moreCredentials: ["webhookSecret"],
      pkce: "required",
      scopeSeparator: "space",
      withoutScopes: true,
      rotatesRefresh: false,
      withoutRefresh: true,
      userIdSource: "token_reply",
      errorIn200: false,
      postConnect: [],
    },
    areas: {
      measurements: { scope: "measurements", title: "Measurements of devices", special: false },
      labs: { scope: "labs", title: "Laboratory results", special: false },
    },
    delivery: "push_full",
    webhook: {
      verify: "standard_webhooks",
      challenge: "none",
      registration: "dashboard",
      signatureHeaders: ["webhook-signature"],
      ackMs: 15_000,
      expires: false,
    },
    limits: [],
    history: { maxDays: 365, overlapHours: 24 },
    resources: {
      fhir: resource(["measurements"], vitalMetrics()),
      "fhir-labs": resource(["labs"], []),
      "open-mhealth": resource(["measurements"], openMHealthMetrics()),
    },
    policy,
  };
}

/** A network as code: it delivers everything itself, signed by Standard Webhooks, as FHIR or Open mHealth. */
export function networkModule(network: Network): VendorModule {
  const vendor = networkVendor(network);
  return {
    vendor,
    // Nobody asks: see `pushed`.
    pageRequest: () => ({ method: "GET", path: "/link" }),
    readPage: (name, reply, into, delivery) => readPayload(vendor.source, name, reply, into, delivery),
    tokenReply(body) {
      const link = linkSchema.safeParse(body);
      if (!link.success) return body;
      // A link has no areas of the network's own: what the person chose here counts.
      const { scope: _scope, ...rest } = link.data;
      return { expires_in: LINK_LIFE_S, ...rest };
    },
    readIdentity(reply) {
      const link = linkSchema.safeParse(reply);
      if (!link.success) throw problem("vendor_failed", "The network did not name its user.");
      return { userId: link.data.user };
    },
    revoke: async ({ userId }, _tokens, _credentials, call) =>
      (await call({ method: "DELETE", path: `/link/users/${encodeURIComponent(userId)}` })) !== undefined,
    hook: {
      async verify({ headers, body, now }, { credentials }) {
        return await verifyWebhook(credentials.more["webhookSecret"] ?? "", headers, body, now);
      },
      read: ({ body }) => contentOf(body),
    },
  };
}

/** What a message brings. Types that are not known are taken and let go: networks add some. */
function contentOf(body: Uint8Array): HookContent {
  if (body.length > MOST_BYTES) throw problem("too_large", `A message may have ${MOST_BYTES} bytes.`);
  const message = messageSchema.safeParse(parseBody(body));
  if (!message.success) throw problem("malformed", "The body is no message of the contract.");
  const { type, data } = message.data;
  const { user: userId, payload: reply } = data;
  switch (type) {
    case "data.fhir":
      return { changes: [], inline: ["fhir", "fhir-labs"].map((name) => ({ userId, resource: name, reply })) };
    case "data.open-mhealth":
      return { changes: [], inline: [{ userId, resource: "open-mhealth", reply }] };
    case "user.revoked":
      return { changes: [], ended: [userId] };
    default:
      return { changes: [] };
  }
}

function readPayload(source: string, name: string, reply: unknown, into: BatchBuilder, { connection }: Delivery): PageOutcome {
  const base: Source = { vendor: source, connection };
  if (name === "open-mhealth") return readPoints(base, reply, into);
  const items = readFhir(reply);
  if (name === "fhir-labs") {
    const labs: LabBatch = {
      reports: items.flatMap((item) => (item.kind === "report" ? [item.draft] : [])),
      results: items.flatMap((item) => (item.kind === "result" ? [item.draft] : [])),
    };
    return { read: labs.reports.length + labs.results.length, rejected: {}, labs };
  }
  const rejected: Record<string, number> = {};
  let read = 0;
  let newestAt: number | undefined;
  for (const item of items) {
    if (item.kind !== "vital" && item.kind !== "left") continue;
    read++;
    const put = item.kind === "left" ? { reason: item.code } : putVital(into, base, item);
    if (put.reason !== undefined) rejected[put.reason] = (rejected[put.reason] ?? 0) + 1;
    else newestAt = Math.max(newestAt ?? put.at, put.at);
  }
  return { read, rejected, ...(newestAt === undefined ? {} : { newestAt }) };
}

/** One data point or several; a point that comes again with a later time of creation replaces the one before. */
function readPoints(base: Source, reply: unknown, into: BatchBuilder): PageOutcome {
  const tally = new Tally();
  const emit = new Emitter(tally, into);
  let newestAt: number | undefined;
  for (const raw of Array.isArray(reply) ? reply : [reply]) {
    const point = objectOf(raw);
    if (point === undefined) {
      emit.reject("data point", "unreadable", "Data points of an unknown form.");
      continue;
    }
    const created = Date.parse(textFrom(objectOf(point["header"])?.["creation_date_time"]) ?? "");
    readDataPoint(point, emit, base, Number.isFinite(created) ? created : 0);
    if (Number.isFinite(created)) newestAt = Math.max(newestAt ?? created, created);
  }
  const { byType, warnings } = tally.state;
  const rejected: Record<string, number> = {};
  for (const { code, count } of warnings) rejected[code] = (rejected[code] ?? 0) + count;
  const read = Object.values(byType).reduce((sum, count) => sum + count.read, 0);
  return { read, rejected, ...(newestAt === undefined ? {} : { newestAt }) };
}
