/** Where a connection stands. `pending` waits for consent; the next five are read; nothing is asked in the others. */
export const CONNECTION_STATES = [
  "pending",
  "active",
  "degraded",
  "rate_limited",
  "stale",
  "error",
  "reauth_required",
  "revoked",
  "paused",
] as const;
export type ConnectionState = (typeof CONNECTION_STATES)[number];

/** A connection as its person sees it. Times are epoch milliseconds. */
export interface ConnectionView {
  readonly id: string;
  readonly vendor: string;
  readonly title: string;
  readonly state: ConnectionState;
  /** On whose behalf it was made; undefined for nobody's. */
  readonly organisation: string | undefined;
  readonly areas: readonly string[];
  readonly createdAt: number;
  readonly connectedAt: number | undefined;
  readonly lastSyncAt: number | undefined;
  readonly lastDataAt: number | undefined;
  readonly nextSyncAt: number | undefined;
  readonly error: { readonly code: string; readonly at: number } | undefined;
  /** Windows of the first import; `waiting` ones were asked for, and the vendor sends them. */
  readonly backfill: {
    readonly done: number;
    readonly failed: number;
    readonly skipped: number;
    readonly waiting: number;
    readonly total: number;
  };
}

const SILENT: ReadonlySet<ConnectionState> = new Set(["pending", "revoked", "reauth_required", "paused"]);

/** The wire form of a connection. */
export function connectionJson(view: ConnectionView) {
  const { id, vendor, title, state, areas, backfill, error } = view;
  return {
    id,
    vendor,
    title,
    state,
    active: !SILENT.has(state),
    organisation: view.organisation ?? null,
    areas: [...areas],
    createdAt: iso(view.createdAt),
    connectedAt: isoOrNull(view.connectedAt),
    lastSyncAt: isoOrNull(view.lastSyncAt),
    lastDataAt: isoOrNull(view.lastDataAt),
    nextSyncAt: isoOrNull(view.nextSyncAt),
    error: error === undefined ? null : { code: error.code, at: iso(error.at) },
    backfill: { ...backfill },
  };
}

const iso = (ms: number): string => new Date(ms).toISOString();
const isoOrNull = (ms: number | undefined): string | null => (ms === undefined ? null : iso(ms));
