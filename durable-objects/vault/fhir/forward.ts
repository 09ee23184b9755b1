import * as z from "zod";
import { DAY_MS, SECOND_MS } from "../../../shared/clock";
import { parseObservationId, patientId, type Place } from "../../../shared/fhir/ids";
import { checkTargetUrl } from "../../../shared/fhir/target-url";
import type { Observation } from "../../../shared/fhir/types";
import type { RandomBytes } from "../../../shared/id";
import { isProblem } from "../../../shared/problem";
import type { Touched, VaultState } from "../state";
import { type Answer, type Fetch, TargetClient, TargetFailure } from "./client";
import { Deliveries, type Delivery, type Refusal } from "./deliveries";
import { Mirror } from "./mirror";
import { type Target, type Targets, wants } from "./targets";
import type { FhirView } from "./view";

/** What a queue message says: whose windows, and for which target. Nothing about what is in them. */
export interface ForwardPointer {
  readonly kind: "fhir-forward";
  readonly person: string;
  readonly target: string;
}

/** How a run ended: done for now, or to be tried again in so many milliseconds. */
export interface ForwardResult {
  readonly retryAfterMs?: number;
}

const TIMER = "fhir-forward";
/** Writes that follow each other closely are sent together. */
const SETTLE_MS = 2 * SECOND_MS;
/** A message, or the run it asked for, can be lost with its machine: what is open for so long is asked for again. */
const RECALL_MS = 30 * SECOND_MS;
const ENTRIES_A_BUNDLE = 100;
const SMALLEST_BUNDLE = 10;
/** One queue message does not hold the object for longer; the timer asks for the next. */
const BUNDLES_A_RUN = 20;
const MOST_ATTEMPTS = 6;
const FIRST_WAIT_MS = 4 * SECOND_MS;
const LONGEST_WAIT_MS = 15 * 60 * SECOND_MS;

/** Sends changed windows to the person's FHIR servers. */
export class Forwarding {
  readonly deliveries: Deliveries;
  readonly #state: VaultState;
  readonly #view: FhirView;
  readonly #targets: Targets;
  readonly #fetch: Fetch;
  readonly #running = new Set<string>();

  constructor(state: VaultState, view: FhirView, targets: Targets, queue: Pick<Queue, "send">, fetch: Fetch) {
    this.#state = state;
    this.#view = view;
    this.#targets = targets;
    this.#fetch = fetch;
    this.deliveries = new Deliveries(state);
    state.onRecorded((touched) => this.#recorded(touched));
    state.timers.on(TIMER, async (target) => {
      const due = this.#isActive(target) ? this.deliveries.nextDue(target) : undefined;
      if (due === undefined || due > state.now()) return due;
      const pointer: ForwardPointer = { kind: "fhir-forward", person: state.person, target };
      await queue.send(pointer);
      return state.now() + RECALL_MS;
    });
  }

  /** Sends again: what was given up, or everything there is. Returns how many windows wait. */
  replay(target: string, scope: "failed" | "all"): number {
    const settings = this.#targets.get(target);
    let n: number;
    if (scope === "failed") n = this.deliveries.revive(target);
    else {
      const windows = this.#view.extents().filter(({ metric }) => wants(settings, metric));
      this.#state.storage.transactionSync(() => {
        for (const window of windows) this.deliveries.add(target, window, true);
      });
      n = new Set(windows.map(({ metric, source }) => `${metric} ${source}`)).size;
    }
    if (n > 0) this.#state.timers.setEarliest(TIMER, target, this.#state.now());
    return n;
  }

  /** Sends what is due to a target. Safe to repeat: what it has already is not sent again. */
  async forward(target: string): Promise<ForwardResult> {
    if (this.#running.has(target)) return {};
    this.#running.add(target);
    try {
      return await this.#run(target);
    } finally {
      this.#running.delete(target);
    }
  }

  /** Goes on with what waits, after a target was changed. */
  wake(target: string): void {
    const due = this.deliveries.nextDue(target);
    if (due !== undefined) this.#state.timers.setEarliest(TIMER, target, due);
  }

  /** Gives up what is open at a target, visibly: its message went to the dead letters. */
  bury(target: string): void {
    this.deliveries.bury(target, "gave_up");
  }

  #isActive(target: string): boolean {
    return this.#targets.all().some(({ id, state }) => id === target && state === "active");
  }

  #recorded(touched: readonly Touched[]): void {
    const targets = this.#targets.all();
    if (targets.length === 0) return;
    for (const target of targets) {
      const wanted = touched.filter(({ metric }) => wants(target, metric));
      for (const window of wanted) this.deliveries.add(target.id, window);
      // A paused target collects what it is to get when it goes on.
      if (wanted.length > 0 && target.state === "active") this.#state.timers.setEarliest(TIMER, target.id, this.#state.now() + SETTLE_MS);
    }
  }

  async #run(id: string): Promise<ForwardResult> {
    const target = this.#targets.all().find((candidate) => candidate.id === id);
    if (target === undefined || target.state === "paused") return {};
    let budget = BUNDLES_A_RUN;
    let mirror: Mirror | undefined;
    for (let delivery = this.deliveries.next(id); delivery !== undefined; delivery = this.deliveries.next(id)) {
      this.deliveries.begin(delivery.id);
      try {
        mirror ??= await this.#mirror(target);
        budget = await this.#deliver(delivery, mirror, budget);
        if (budget > 0) this.deliveries.done(delivery);
      } catch (error) {
        const retryAfterMs = this.#failed(delivery, error);
        if (retryAfterMs !== undefined) return { retryAfterMs };
      }
      if (budget <= 0) break;
    }
    const due = this.deliveries.nextDue(id);
    if (due !== undefined) this.#state.timers.setEarliest(TIMER, id, due);
    return {};
  }

  async #mirror(target: Target): Promise<Mirror> {
    const auth = await this.#targets.auth(target.id);
    const localHosts = this.#targets.localHosts();
    // Checked again: the rules may have changed since the person gave the URL.
    if (auth.kind === "client_credentials") checkTargetUrl(auth.tokenUrl, localHosts, "/auth/tokenUrl");
    const client = new TargetClient(checkTargetUrl(target.baseUrl, localHosts, "/baseUrl"), auth, this.#fetch, this.#state.now);
    return new Mirror(this.#state.sql, target.id, client);
  }

  /** Sends one window in bundles; returns what is left of the budget. */
  async #deliver(delivery: Delivery, mirror: Mirror, budget: number): Promise<number> {
    const { metric, source } = delivery;
    // Days are placed by the person's present zone, which may not be the one they were recorded in.
    const [from, to] = [delivery.from - DAY_MS, delivery.to + DAY_MS];
    // A server that was too slow for a bundle gets smaller ones.
    const size = Math.max(ENTRIES_A_BUNDLE >> this.deliveries.attempts(delivery), SMALLEST_BUNDLE);
    const gone = this.#gone(mirror, metric, source, from, to);
    for (let i = 0; i < gone.length; i += size) {
      const ids = gone.slice(i, i + size);
      const { refusals } = await this.#bundle(
        mirror,
        delivery,
        ids.map((observation) => ({ observation, entry: mirror.deletion(observation) })),
      );
      mirror.forget(
        metric,
        source,
        ids.filter((id) => !refusals.some(({ observation }) => observation === id)),
      );
      budget--;
    }
    let after: Parameters<FhirView["window"]>[4];
    for (;;) {
      const { observations, last } = this.#view.window(metric, source, from, to, after, size);
      const changed = observations.filter((one) => delivery.forced || !mirror.has(metric, source, startOf(this.#place(one)), one));
      if (changed.length > 0) {
        const patient = await mirror.patient(this.#view.patient());
        const device = await mirror.device(this.#view.device(source), patient);
        const entries = changed.map((one) => ({ observation: one.id, entry: mirror.update(one, patient, device) }));
        const { refusals, failure } = await this.#bundle(mirror, delivery, entries, last?.start);
        const refused = new Set(refusals.map(({ observation }) => observation));
        for (const one of changed)
          if (!refused.has(one.id) && !failure?.ids.has(one.id)) mirror.note(metric, source, startOf(this.#place(one)), one);
        if (failure !== undefined) throw failure.error;
        budget--;
      }
      if (last === undefined || observations.length < size) return Math.max(budget, 1);
      if (budget <= 0) return 0;
      after = last;
    }
  }

  /** Observations that the target has and the vault has no more. */
  #gone(mirror: Mirror, metric: string, source: number, from: number, to: number): string[] {
    return mirror.known(metric, source, from, to).filter((id) => !this.#view.has(id));
  }

  async #bundle(mirror: Mirror, delivery: Delivery, entries: readonly Entry[], reached?: number): Promise<BundleOutcome> {
    const answer = await mirror.client.call("POST", "", {
      resourceType: "Bundle",
      type: "batch",
      entry: entries.map(({ entry }) => entry),
    });
    const outcome = outcomeOf(answer, entries);
    const sent = entries.length - outcome.refusals.length - (outcome.failure?.ids.size ?? 0);
    // Progress is never past an entry that is to be tried again.
    const done = outcome.failure === undefined && reached !== undefined ? reached : delivery.from;
    this.deliveries.progress(delivery, done, sent, outcome.refusals);
    return outcome;
  }

  /** Notes a failure; how long to wait where it may pass, undefined where the window was given up. */
  #failed(delivery: Delivery, error: unknown): number | undefined {
    const failure =
      error instanceof TargetFailure ? error : new TargetFailure(isProblem(error) ? "url_not_allowed" : "internal", !isProblem(error));
    const attempts = this.deliveries.attempts(delivery);
    if (!failure.transient || attempts + 1 >= MOST_ATTEMPTS) {
      this.deliveries.fail(delivery, failure.reason, undefined);
      return undefined;
    }
    const wait = Math.max(
      failure.retryAfterMs ?? 0,
      jittered(Math.min(FIRST_WAIT_MS * 2 ** attempts, LONGEST_WAIT_MS), this.#state.random),
    );
    this.deliveries.fail(delivery, failure.reason, this.#state.now() + wait);
    return wait;
  }

  #place({ id }: Observation): Place {
    const place = parseObservationId(this.#state.person, id);
    if (place === undefined) throw new TypeError(`${patientId(this.#state.person)} does not have this Observation`);
    return place;
  }
}

interface Entry {
  readonly observation: string;
  readonly entry: unknown;
}

interface BundleOutcome {
  readonly refusals: readonly Refusal[];
  /** Entries that may succeed later. */
  readonly failure?: { readonly ids: ReadonlySet<string>; readonly error: TargetFailure };
}

const bundleSchema = z.object({
  resourceType: z.literal("Bundle"),
  entry: z.array(
    z.object({
      response: z.object({
        status: z.string(),
        outcome: z
          .object({ issue: z.array(z.object({ code: z.string().optional() })) })
          .optional()
          .catch(undefined),
      }),
    }),
  ),
});

function outcomeOf(answer: Answer, entries: readonly Entry[]): BundleOutcome {
  if (answer.status >= 400) throw new TargetFailure(`http_${answer.status}`, false);
  const bundle = bundleSchema.safeParse(answer.body);
  if (!bundle.success || bundle.data.entry.length !== entries.length) throw new TargetFailure("unexpected_answer", true);
  const refusals: Refusal[] = [];
  const later = new Set<string>();
  for (const [i, { response }] of bundle.data.entry.entries()) {
    const observation = entries[i]?.observation ?? "";
    const status = Number.parseInt(response.status, 10);
    if (status === 429 || status >= 500 || Number.isNaN(status)) later.add(observation);
    else if (status >= 400) refusals.push({ observation, status, code: response.outcome?.issue[0]?.code });
  }
  return { refusals, ...(later.size > 0 && { failure: { ids: later, error: new TargetFailure("entries_failed", true) } }) };
}

/** The place of an Observation in time as the mirror's index keeps it: does not change with its content. */
function startOf(place: Place): number {
  if (place.kind === "segment") return place.hour * 3_600_000;
  return place.kind === "daily" ? place.date * DAY_MS : place.start;
}

/** Full jitter: anywhere between nothing and the whole wait, so that many do not come back at once. */
function jittered(waitMs: number, random: RandomBytes): number {
  const [a = 0, b = 0] = random(new Uint8Array(2));
  return Math.max(SECOND_MS, Math.round((waitMs * (a * 256 + b)) / 65_535));
}
