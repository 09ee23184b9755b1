import type { FieldError } from "../../problem";
import { checkEndpointUrl } from "../../webhooks/endpoint-url";
import { isProblem } from "../../problem";
import { type Fields, fieldsIn, isFields, textAt } from "../r4/issue";
import { isResourceType } from "../r4/structures";
import type { Grant } from "../reach";
import { paramsOf } from "../store/params";
import { parseQuery, type QuerySetting } from "../store/query";
import { topicOf } from "./topics";

/** Canonical base of the R4 backport of topic-based subscriptions (STU 1.1). */
export const BACKPORT = "http://hl7.org/fhir/uv/subscriptions-backport/";
export const PROFILES = `${BACKPORT}StructureDefinition/`;

export const CONTENTS = ["empty", "id-only", "full-resource"] as const;
export type PayloadContent = (typeof CONTENTS)[number];

/** What a Subscription asks for, as the machine works by it. */
export interface Asked {
  /** The canonical URL of its topic, where it names one. */
  readonly topic: string | undefined;
  /** What its criteria let through, as grants to read: a resource within one of them is told of. */
  readonly grants: readonly Grant[];
  readonly channel: "rest-hook" | "websocket";
  readonly url: string | undefined;
  readonly content: PayloadContent;
  /** Events in one notification. */
  readonly maxCount: number;
  readonly timeoutS: number;
  /** Seconds; undefined for none. */
  readonly heartbeatS: number | undefined;
  /** Names and values as they were given. A value of `KEPT` stands for the one that is known. */
  readonly headers: readonly (readonly [name: string, value: string])[];
  /** Epoch milliseconds. */
  readonly endsAt: number | undefined;
  /** Whether it is to work, or waits to be switched on. */
  readonly isWanted: boolean;
}

/** What is shown in place of a header's value. */
export const KEPT = "***";
export const MOST_COUNT = 100;
const USUAL_COUNT = 20;
const MOST_HEADERS = 10;
const LONGEST_HEADER = 4_096;
const MOST_FILTERS = 20;
const SHORTEST_HEARTBEAT_S = 60;
const LONGEST_HEARTBEAT_S = 86_400;
const LONGEST_TIMEOUT_S = 15;
/** What a message has from Meridian alone, or what would change how it is sent. */
const OWN_HEADERS =
  /^(?:host|content-.*|transfer-encoding|connection|keep-alive|upgrade|te|trailer|expect|accept-encoding|user-agent|cookie|forwarded|via|x-forwarded-.*|x-real-ip|cf-.*|webhook-.*|proxy-.*|sec-.*)$/i;

type Faults = FieldError[];

/**
 * Reads a Subscription that is valid R4. Faults name their element; where there are none, what it asks for is there.
 *
 * @param localHosts hosts that may be called without https, of a developer's machine
 */
export function readSubscription(
  resource: Fields,
  localHosts: readonly string[],
  setting: QuerySetting,
): { readonly asked: Asked } | { readonly faults: readonly FieldError[] } {
  const faults: Faults = [];
  const channel = isFields(resource["channel"]) ? resource["channel"] : {};
  const criteria = criteriaOf(resource, setting, faults);
  const type = textAt(channel, "type");
  if (type !== "rest-hook" && type !== "websocket") fault(faults, "Subscription.channel.type", "Channels are rest-hook and websocket.");
  const endsAt = endOf(resource, setting.now, faults);
  const status = textAt(resource, "status");
  if (status === "error") fault(faults, "Subscription.status", "Ask for `requested`, or for `off`.");
  const asked: Asked = {
    ...criteria,
    channel: type === "websocket" ? "websocket" : "rest-hook",
    url: type === "websocket" ? undefined : urlOf(channel, localHosts, faults),
    content: contentOf(channel, faults),
    maxCount: numberIn(channel, "backport-max-count", "valuePositiveInt", 1, MOST_COUNT, faults) ?? USUAL_COUNT,
    timeoutS: numberIn(channel, "backport-timeout", "valueUnsignedInt", 1, LONGEST_TIMEOUT_S, faults) ?? LONGEST_TIMEOUT_S,
    heartbeatS: numberIn(channel, "backport-heartbeat-period", "valueUnsignedInt", SHORTEST_HEARTBEAT_S, LONGEST_HEARTBEAT_S, faults),
    headers: headersOf(channel, faults),
    endsAt,
    isWanted: status !== "off",
  };
  return faults.length > 0 ? { faults } : { asked };
}

/** A Subscription as it is kept and shown: in this status, with this error, and without the values of its headers. */
export function shownSubscription(resource: Fields, status: string, error?: string): Fields {
  const { error: _error, channel, ...rest } = resource;
  const { header, ...kept } = isFields(channel) ? channel : {};
  const names = Array.isArray(header) ? header.map((line) => `${String(line).split(":")[0]}: ${KEPT}`) : [];
  return {
    ...rest,
    status,
    ...(error !== undefined && { error }),
    channel: { ...kept, ...(names.length > 0 && { header: names }) },
  };
}

function criteriaOf(resource: Fields, setting: QuerySetting, faults: Faults): Pick<Asked, "topic" | "grants"> {
  const text = textAt(resource, "criteria") ?? "";
  const topic = topicOf(text);
  if (topic === undefined && /^[a-z][a-z0-9+.-]*:/i.test(text)) {
    fault(faults, "Subscription.criteria", "There is no such topic: they are listed in the CapabilityStatement.");
    return { topic: undefined, grants: [] };
  }
  const grants = topic === undefined ? [grantOf(text, "Subscription.criteria", setting, faults)] : topic.triggers.map(asGrant);
  const filters = extensionsOf(resource["_criteria"], "backport-filter-criteria")
    .slice(0, MOST_FILTERS)
    .map((extension, i) =>
      grantOf(textAt(extension, "valueString") ?? "", `Subscription.criteria.extension[${i}]`, setting, faults, topic === undefined),
    );
  const narrowed = grants
    .filter((grant) => grant !== undefined)
    .map((grant) => ({
      ...grant,
      // Filters of a type are all to hold.
      where: [...(grant.where ?? []), ...filters.flatMap((filter) => (filter?.type === grant.type ? (filter.where ?? []) : []))],
    }));
  const named = new Set(narrowed.map(({ type }) => type));
  for (const [i, filter] of filters.entries()) {
    if (filter !== undefined && !named.has(filter.type))
      fault(faults, `Subscription.criteria.extension[${i}]`, "The topic is not about this type.");
  }
  return { topic: topic?.url, grants: narrowed };
}

function asGrant({ type, where = [] }: { readonly type: string; readonly where?: Grant["where"] }): Grant {
  return { type, interactions: "r", where };
}

/** A search as a grant: `Observation?code=…`. */
function grantOf(text: string, element: string, setting: QuerySetting, faults: Faults, isDouble = false): Grant | undefined {
  const [type = "", query = ""] = text.split(/\?(.*)/s);
  if (isDouble) fault(faults, element, "Filters belong to a topic: put them into the criteria.");
  if (!isResourceType(type) || type === "Subscription" || type === "AuditEvent") {
    fault(faults, element, "Name a type that is kept here and a search of it, or a topic.");
    return undefined;
  }
  const where = query === "" ? [] : paramsOf(query);
  try {
    const { includes, revincludes, filters } = parseQuery(type, where, { ...setting, lenient: false });
    if (includes.length + revincludes.length > 0 || filters.length !== where.length)
      fault(faults, element, "Only what says which resources fit may stand here.");
  } catch (error) {
    if (!isProblem(error)) throw error;
    fault(faults, element, error.detail ?? "This search cannot be read.");
  }
  return { type, interactions: "r", where };
}

function urlOf(channel: Fields, localHosts: readonly string[], faults: Faults): string | undefined {
  const text = textAt(channel, "endpoint");
  if (text === undefined) {
    fault(faults, "Subscription.channel.endpoint", "A rest-hook needs an endpoint.");
    return undefined;
  }
  try {
    return checkEndpointUrl(text, localHosts, "Subscription.channel.endpoint").href;
  } catch (error) {
    if (!isProblem(error)) throw error;
    faults.push(...(error.errors ?? []));
    return undefined;
  }
}

function contentOf(channel: Fields, faults: Faults): PayloadContent {
  const mediaType = textAt(channel, "payload");
  if (mediaType !== undefined && !/^(?:application\/(?:fhir\+)?json|json)$/.test(mediaType.split(";")[0]?.trim() ?? ""))
    fault(faults, "Subscription.channel.payload", "Payloads are application/fhir+json.");
  const said = textAt(extensionsOf(channel["_payload"], "backport-payload-content")[0], "valueCode");
  // Plain R4: with a payload the resource is sent, without one that something happened.
  if (said === undefined) return mediaType === undefined ? "empty" : "full-resource";
  const content = CONTENTS.find((one) => one === said);
  if (content === undefined) fault(faults, "Subscription.channel.payload.extension", `The content is one of ${CONTENTS.join(", ")}.`);
  return content ?? "empty";
}

function headersOf(channel: Fields, faults: Faults): (readonly [string, string])[] {
  const lines: readonly unknown[] = Array.isArray(channel["header"]) ? channel["header"] : [];
  const at = "Subscription.channel.header";
  if (lines.length > MOST_HEADERS) fault(faults, at, `There can be ${MOST_HEADERS} headers.`);
  return lines.slice(0, MOST_HEADERS).flatMap((line, i): [string, string][] => {
    const [, name = "", value = ""] = /^([!#$%&'*+.^_`|~0-9A-Za-z-]{1,100}):[ \t]*(.*)$/s.exec(String(line)) ?? [];
    // Visible characters of ASCII, blanks and tabs: what every server takes.
    const isFine = name !== "" && !OWN_HEADERS.test(name) && value.length <= LONGEST_HEADER && /^[\t\x20-\x7e]*$/.test(value);
    if (!isFine) fault(faults, `${at}[${i}]`, "A header is `Name: value`, and none that Meridian sets itself.");
    return isFine ? [[name, value.trimEnd()]] : [];
  });
}

function endOf(resource: Fields, now: number, faults: Faults): number | undefined {
  const text = textAt(resource, "end");
  if (text === undefined) return undefined;
  const at = Date.parse(text);
  if (Number.isNaN(at) || (at <= now && textAt(resource, "status") !== "off")) fault(faults, "Subscription.end", "The end lies ahead.");
  return at;
}

function numberIn(channel: Fields, name: string, key: string, least: number, most: number, faults: Faults): number | undefined {
  const value = extensionsOf(channel, name)[0]?.[key];
  if (value === undefined) return undefined;
  if (typeof value === "number" && Number.isInteger(value) && value >= least && value <= most) return value;
  fault(faults, "Subscription.channel.extension", `${name} is a number from ${least} to ${most}.`);
  return undefined;
}

function extensionsOf(holder: unknown, name: string): Fields[] {
  return fieldsIn(isFields(holder) ? (holder["extension"] ?? []) : []).filter(({ url }) => url === `${PROFILES}${name}`);
}

function fault(faults: Faults, pointer: string, message: string): void {
  faults.push({ pointer, code: "invalid", message });
}
