import { fileEnd } from "../../../shared/fhir/binary";
import { utc } from "../../../shared/exports/records";
import type { SourceSettings } from "../../../shared/health/source-settings";
import { dayText } from "../../../shared/health/zone";
import type { SearchResult } from "../fhir/view";
import { eventOf } from "../access/event";
import { type ExportKind, parsed, tableKind } from "./kind";

const time = (at: unknown): string | null => (at === null ? null : utc(Number(at)));

const profile: ExportKind = {
  kind: "profile",
  tables: ["profile", "person_details"],
  resource: "profile",
  columns: ["name", "timeZone", "locale", "birthDate", "sex", "heightCm"],
  async rows({ state, details }, after) {
    if (after !== undefined) return [];
    const { name = null, timeZone, locale } = state.profile();
    return [[[1], { name, timeZone, locale, ...(await details.read()) }]];
  },
};

const retention = tableKind({
  kind: "retention",
  tables: ["retention"],
  resource: "retention",
  columns: ["kind", "keepDays", "keepsSummaries", "changedAt"],
  from: "retention",
  key: ["kind"],
  record: (row) => ({
    kind: row["kind"],
    keepDays: row["keep_days"],
    keepsSummaries: row["keeps_summaries"] === 1,
    changedAt: time(row["changed_at"]),
  }),
});

const sourceSettings = tableKind({
  kind: "source-priorities",
  tables: ["source_settings"],
  resource: "source",
  columns: ["priorities", "cutovers", "changedAt"],
  from: "source_settings",
  key: ["one"],
  record: (row) => {
    const { priorities, cutovers } = parsed(row["body"]) as SourceSettings;
    return {
      priorities: priorities as unknown,
      cutovers: cutovers.map(({ date, ...feeds }) => ({ ...feeds, date: dayText(date) })),
      changedAt: time(row["changed_at"]),
    };
  },
});

const consents = tableKind({
  kind: "consents",
  tables: ["consents"],
  resource: "consent",
  columns: [
    "id",
    "version",
    "granteeKind",
    "grantee",
    "role",
    "categories",
    "actions",
    "purpose",
    "from",
    "until",
    "state",
    "changedAt",
    "receipt",
  ],
  notReimported: "trust",
  from: "consents",
  key: ["id", "version"],
  record: (row) => ({
    id: row["id"],
    version: row["version"],
    granteeKind: row["grantee_kind"],
    grantee: row["grantee"],
    role: row["role"],
    categories: parsed(row["categories"]),
    actions: parsed(row["actions"]),
    purpose: row["purpose"],
    from: time(row["from_at"]),
    until: time(row["until_at"]),
    state: row["state"],
    changedAt: time(row["changed_at"]),
    receipt: row["receipt"],
  }),
});

const connections = tableKind({
  kind: "connections",
  tables: ["connections"],
  resource: "connection",
  columns: [
    "id",
    "vendor",
    "organisation",
    "state",
    "areas",
    "createdAt",
    "connectedAt",
    "lastSuccessAt",
    "lastDataAt",
    "errorCode",
    "errorAt",
  ],
  notReimported: "secret",
  from: "connections",
  key: ["id"],
  record: (row) => ({
    id: row["id"],
    vendor: row["vendor"],
    organisation: row["organisation"],
    state: row["state"],
    areas: parsed(row["areas"]),
    createdAt: time(row["created_at"]),
    connectedAt: time(row["connected_at"]),
    lastSuccessAt: time(row["last_success_at"]),
    lastDataAt: time(row["last_data_at"]),
    errorCode: row["error_code"],
    errorAt: time(row["error_at"]),
  }),
});

const connectionResources = tableKind({
  kind: "connection-resources",
  tables: ["connection_resources"],
  resource: "connection",
  columns: ["connection", "resource", "state", "syncedTo", "nextAt", "newestAt", "read", "stored", "rejected"],
  notReimported: "account",
  from: "connection_resources",
  key: ["connection", "resource"],
  record: (row) => ({
    connection: row["connection"],
    resource: row["resource"],
    state: row["state"],
    syncedTo: time(row["synced_to"]),
    nextAt: time(row["next_at"]),
    newestAt: time(row["newest_at"]),
    read: row["read"],
    stored: row["stored"],
    rejected: row["rejected"],
  }),
});

const connectionWindows = tableKind({
  kind: "connection-windows",
  tables: ["connection_windows"],
  resource: "connection",
  columns: ["connection", "resource", "from", "to", "purpose", "state", "dueAt", "attempts", "read", "errorCode"],
  notReimported: "account",
  from: "connection_windows",
  key: ["connection", "resource", "from_at", "to_at"],
  record: (row) => ({
    connection: row["connection"],
    resource: row["resource"],
    from: time(row["from_at"]),
    to: time(row["to_at"]),
    purpose: row["purpose"],
    state: row["state"],
    dueAt: time(row["due_at"]),
    attempts: row["attempts"],
    read: row["read"],
    errorCode: row["error_code"],
  }),
});

const connectionJobs = tableKind({
  kind: "connection-jobs",
  tables: ["connection_jobs"],
  resource: "connection",
  columns: ["id", "createdAt", "waiting", "total", "failed", "read", "accepted", "duplicate", "updated", "rejected"],
  notReimported: "account",
  from: "connection_jobs",
  key: ["id"],
  record: ({ created_at, ...row }) => ({ ...row, createdAt: time(created_at) }),
});

const connectionEvents = tableKind({
  kind: "connection-events",
  tables: ["connection_events"],
  resource: "connection",
  columns: ["connection", "seq", "at", "kind", "detail"],
  notReimported: "account",
  from: "connection_events",
  key: ["connection", "seq"],
  record: ({ at, ...row }) => ({ ...row, at: time(at) }),
});

const forwardingTargets = tableKind({
  kind: "forwarding-targets",
  tables: ["fhir_targets"],
  resource: "forwarding",
  columns: ["id", "name", "baseUrl", "state", "auth", "metrics", "categories", "sent", "refused", "lastSentAt", "lastFailure", "createdAt"],
  notReimported: "secret",
  from: "fhir_targets",
  key: ["id"],
  record: (row) => ({
    id: row["id"],
    name: row["name"],
    baseUrl: row["base_url"],
    state: row["state"],
    auth: row["auth_kind"],
    metrics: parsed(row["metrics"]),
    categories: parsed(row["categories"]),
    sent: row["sent"],
    refused: row["refused"],
    lastSentAt: time(row["last_sent_at"]),
    lastFailure: row["last_failure"],
    createdAt: time(row["created_at"]),
  }),
});

const forwardingDeliveries = tableKind({
  kind: "forwarding-deliveries",
  tables: ["fhir_deliveries"],
  resource: "forwarding",
  columns: ["id", "target", "metric", "source", "from", "to", "state", "attempts", "sent", "refused", "reason", "createdAt", "updatedAt"],
  notReimported: "account",
  from: "fhir_deliveries",
  key: ["id"],
  record: (row) => ({
    id: row["id"],
    target: row["target"],
    metric: row["metric"],
    source: `src_${Number(row["source"])}`,
    from: time(row["from_at"]),
    to: time(row["to_at"]),
    state: row["state"],
    attempts: row["attempts"],
    sent: row["sent"],
    refused: row["refused"],
    reason: row["reason"],
    createdAt: time(row["created_at"]),
    updatedAt: time(row["updated_at"]),
  }),
});

const webhookEvents = tableKind({
  kind: "webhook-events",
  tables: ["webhook_events"],
  resource: "webhook",
  columns: ["id", "type", "about", "categories", "from", "to", "readings", "facts", "state", "firstAt", "updatedAt"],
  notReimported: "account",
  from: "webhook_events",
  key: ["id"],
  record: (row) => ({
    id: row["id"],
    type: row["type"],
    about: row["about"],
    categories: parsed(row["categories"]),
    from: time(row["from_at"]),
    to: time(row["to_at"]),
    readings: row["n"],
    facts: parsed(row["facts"]),
    state: row["state"],
    firstAt: time(row["first_at"]),
    updatedAt: time(row["updated_at"]),
  }),
});

const subscriptions = tableKind({
  kind: "fhir-subscriptions",
  tables: ["fhir_subscriptions"],
  resource: "fhir",
  columns: ["id", "endpoint", "maker", "asked", "state", "error", "events", "createdAt"],
  notReimported: "account",
  from: "fhir_subscriptions",
  key: ["id"],
  record: (row) => ({
    id: row["id"],
    endpoint: row["webhook"],
    maker: parsed(row["maker"]),
    asked: parsed(row["asked"]),
    state: row["state"],
    error: row["error"],
    events: row["events"],
    createdAt: time(row["created_at"]),
  }),
});

const subscriptionEvents = tableKind({
  kind: "fhir-subscription-events",
  tables: ["fhir_subscription_events"],
  resource: "fhir",
  columns: ["subscription", "number", "at", "interaction", "focus", "context"],
  notReimported: "account",
  from: "fhir_subscription_events",
  key: ["subscription", "number"],
  record: (row) => ({
    subscription: row["subscription"],
    number: row["number"],
    at: time(row["at"]),
    interaction: row["interaction"],
    focus: row["focus"],
    context: parsed(row["context"]),
  }),
});

const notifications = tableKind({
  kind: "fhir-notifications",
  tables: ["fhir_notifications"],
  resource: "fhir",
  columns: ["id", "subscription", "kind", "from", "to", "at"],
  notReimported: "account",
  from: "fhir_notifications",
  key: ["id"],
  record: (row) => ({
    id: row["id"],
    subscription: row["subscription"],
    kind: row["kind"],
    from: row["from_number"],
    to: row["to_number"],
    at: time(row["at"]),
  }),
});

const inbox = tableKind({
  kind: "inbox",
  tables: ["inbox"],
  resource: "inbox",
  columns: ["id", "reference", "kind", "writerKind", "writer", "urgent", "open", "createdAt", "updatedAt", "readAt", "answeredAt"],
  notReimported: "account",
  from: "inbox",
  key: ["id"],
  record: (row) => ({
    id: row["id"],
    reference: row["reference"],
    kind: row["kind"],
    writerKind: row["writer_kind"],
    writer: row["writer"],
    urgent: row["is_urgent"] === 1,
    open: row["is_open"] === 1,
    createdAt: time(row["created_at"]),
    updatedAt: time(row["updated_at"]),
    readAt: time(row["read_at"]),
    answeredAt: time(row["answered_at"]),
  }),
});

const challengeParts = tableKind({
  kind: "challenges",
  tables: ["challenge_parts"],
  resource: "challenge",
  columns: ["challenge", "turn", "title", "terms", "state", "alias", "ranking", "own", "joinedAt", "leftAt", "receipt"],
  notReimported: "account",
  from: "challenge_parts",
  key: ["challenge", "turn"],
  record: (row) => ({
    challenge: row["challenge"],
    turn: row["turn"],
    title: row["title"],
    terms: parsed(row["terms"]),
    state: row["state"],
    alias: row["alias"],
    ranking: row["ranking"],
    own: row["own"],
    joinedAt: time(row["joined_at"]),
    leftAt: time(row["left_at"]),
    receipt: row["receipt"],
  }),
});

const challengeRounds = tableKind({
  kind: "challenge-rounds",
  tables: ["challenge_rounds"],
  resource: "challenge",
  columns: ["challenge", "opensAt", "endsAt", "closesAt", "score", "ranked", "reachedAt", "efforts", "final"],
  notReimported: "account",
  from: "challenge_rounds",
  key: ["challenge", "opens_at"],
  record: (row) => ({
    challenge: row["challenge"],
    opensAt: time(row["opens_at"]),
    endsAt: time(row["ends_at"]),
    closesAt: time(row["closes_at"]),
    score: row["score"],
    ranked: row["ranked"],
    reachedAt: time(row["at"]),
    efforts: row["efforts"],
    final: row["is_final"] === 1,
  }),
});

const challengeEfforts = tableKind({
  kind: "challenge-efforts",
  tables: ["challenge_efforts"],
  resource: "challenge",
  columns: ["challenge", "opensAt", "effort", "at", "value", "leftOut", "reason", "allowed"],
  notReimported: "account",
  from: "challenge_efforts",
  key: ["challenge", "opens_at", "key"],
  record: (row) => ({
    challenge: row["challenge"],
    opensAt: time(row["opens_at"]),
    effort: row["key"],
    at: time(row["at"]),
    value: row["value"],
    leftOut: row["left_out"],
    reason: row["reason"],
    allowed: row["is_allowed"] === 1,
  }),
});

const challengeLate = tableKind({
  kind: "challenge-late-days",
  tables: ["challenge_late"],
  resource: "challenge",
  columns: ["challenge", "opensAt", "date", "at"],
  notReimported: "account",
  from: "challenge_late",
  key: ["challenge", "opens_at", "day"],
  record: (row) => ({
    challenge: row["challenge"],
    opensAt: time(row["opens_at"]),
    date: dayText(Number(row["day"])),
    at: time(row["at"]),
  }),
});

const exported = tableKind({
  kind: "exports",
  tables: ["exports"],
  resource: "export",
  columns: ["id", "begunAt", "endedAt"],
  notReimported: "account",
  from: "exports",
  key: ["id"],
  record: (row) => ({ id: row["id"], begunAt: time(row["begun_at"]), endedAt: time(row["ended_at"]) }),
});

/** Newest first; names, reasons and notes are opened. */
const emergencyAccesses: ExportKind = {
  kind: "emergency-accesses",
  tables: ["emergency_accesses"],
  resource: "emergency_access",
  columns: ["id", "clinician", "clinicianName", "reason", "state", "openedAt", "endsAt", "reads", "outcome", "decidedAt", "note"],
  notReimported: "proof",
  async rows({ emergencies }, after) {
    const found = await emergencies.page(after === undefined ? undefined : String(after[0]), MOST_ACCESSES);
    return found.map(({ clinician, openedAt, endsAt, review, ...access }) => [
      [access.id],
      {
        ...access,
        clinician: clinician.id,
        clinicianName: clinician.name,
        openedAt: time(openedAt),
        endsAt: time(endsAt),
        outcome: review?.outcome ?? null,
        decidedAt: time(review?.decidedAt ?? null),
        note: review?.note ?? null,
      },
    ]);
  },
};

/** All of them: an export goes on after the last row of a page. */
const MOST_ACCESSES = -1;

/** As it is stored and chained: whoever has the key can prove it again. */
const accessLog = tableKind({
  kind: "access-log",
  tables: ["access_log"],
  resource: "access_log",
  columns: [
    "seq",
    "at",
    "actorKind",
    "actor",
    "action",
    "resource",
    "about",
    "purpose",
    "outcome",
    "reason",
    "session",
    "requestId",
    "onBehalfOf",
    "consent",
    "key",
    "hash",
  ],
  notReimported: "proof",
  from: "access_log",
  key: ["seq"],
  record: (row) => ({
    ...eventOf(Number(row["seq"]), Number(row["at"]), String(row["body"])),
    at: time(row["at"]),
    key: row["key"],
    hash: row["hash"],
  }),
});

const accessAnchor = tableKind({
  kind: "access-anchor",
  tables: ["access_anchor"],
  resource: "access_log",
  columns: ["seq", "at", "hash", "key", "signature"],
  notReimported: "proof",
  from: "access_anchor",
  key: ["one"],
  record: ({ one: _one, at, ...row }) => ({ ...row, at: time(at) }),
});

/** The FHIR view, resource by resource; a page of the search at a time. */
function fhirKind(type: "Patient" | "Device" | "Observation" | "DiagnosticReport"): ExportKind {
  return {
    kind: type === "DiagnosticReport" ? "fhir-diagnostic-report" : `fhir-${type.toLowerCase()}`,
    tables: [],
    resource: "fhir",
    columns: [],
    notReimported: "view",
    formats: ["ndjson"],
    *rows({ fhir }, after) {
      if (after?.[0] === END) return;
      // The position of a search is an object: it travels as the one element of the key.
      let position = after === undefined ? undefined : (JSON.parse(String(after[0])) as NonNullable<SearchResult["next"]>);
      for (;;) {
        const { resources, next } = fhir.page(type, position, FHIR_PAGE);
        for (const [i, resource] of resources.entries()) {
          // Only the end of a page is a place to go on from.
          yield [i + 1 < resources.length ? [] : [next === undefined ? END : JSON.stringify(next)], { ...resource }] as const;
        }
        if (next === undefined) return;
        position = next;
      }
    },
  };
}

const END = "";
const FHIR_PAGE = 25;

/** What a person has beyond readings. */
export const AFFAIR_KINDS: readonly ExportKind[] = [
  profile,
  retention,
  sourceSettings,
  consents,
  connections,
  connectionResources,
  connectionWindows,
  connectionJobs,
  connectionEvents,
  forwardingTargets,
  forwardingDeliveries,
  webhookEvents,
  subscriptions,
  subscriptionEvents,
  notifications,
  inbox,
  challengeParts,
  challengeRounds,
  challengeEfforts,
  challengeLate,
  exported,
  emergencyAccesses,
  accessLog,
  accessAnchor,
];

export const FHIR_KINDS: readonly ExportKind[] = [
  tableKind({
    kind: "fhir-stored",
    tables: ["fhir_resources"],
    resource: "fhir",
    columns: ["type", "id", "version", "changedAt", "method", "resource"],
    notReimported: "proof",
    from: "fhir_resources",
    key: ["n"],
    record: (row) => stored(row),
  }),
  tableKind({
    kind: "fhir-stored-versions",
    tables: ["fhir_versions"],
    resource: "fhir",
    columns: ["type", "id", "version", "changedAt", "method", "resource"],
    notReimported: "proof",
    from: "(SELECT v.*, r.id FROM fhir_versions AS v JOIN fhir_resources AS r ON r.n = v.n)",
    key: ["n", "version"],
    record: (row) => stored(row),
  }),
  tableKind({
    kind: "fhir-binaries",
    tables: ["fhir_files"],
    resource: "fhir",
    columns: ["id", "document", "type", "size", "sha256"],
    notReimported: "proof",
    from: "(SELECT f.*, r.id FROM fhir_files AS f JOIN fhir_resources AS r ON r.n = f.n AND r.version = f.version)",
    key: ["n"],
    record: ({ id, type, size, sha256 }) => ({ id, document: `fhir-files/${id}.${fileEnd(String(type))}`, type, size, sha256 }),
  }),
  fhirKind("Patient"),
  fhirKind("Device"),
  fhirKind("Observation"),
  fhirKind("DiagnosticReport"),
];

/** A version of a resource that a client wrote; deletions have no resource. */
function stored(row: Readonly<Record<string, string | number | null>>) {
  return {
    type: row["type"],
    id: row["id"],
    version: row["version"],
    changedAt: utc(Number(row["changed_at"])),
    method: row["method"],
    resource: parsed(row["body"]),
  };
}
