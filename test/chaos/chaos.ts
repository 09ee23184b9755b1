/**
 * Days of people whose five vendors misbehave, against Meridian as it is built: every night the power is cut and a day passes. What is stored
 * in the end must be what the ledgers say. Everything random comes from the seed, but for how the machine's processes interleave.
 */
import { rmSync } from "node:fs";
import * as z from "zod";
import { Meridian, type StartOptions } from "../journeys/harness.ts";
import { Client } from "../journeys/person.ts";
import { until } from "../journeys/until.ts";
import { control } from "../simulator/flow.ts";
import { type Fact, LEDGER_VENDORS, type Ledger, randomOf, truthAt } from "../simulator/ledger/ledger.ts";
import { DAY, liveLedger } from "../simulator/ledger/live.ts";
import { notifyLedger } from "../simulator/ledger/notify.ts";
import { type Simulator, startSimulator } from "../simulator/simulator.ts";
import { buildOf, type FastClock, shownBy } from "./clock.ts";
import { differences, factsOf } from "./read.ts";

export interface ChaosPlan {
  readonly seed: number;
  readonly people: number;
  readonly days: number;
}

export interface ChaosOutcome {
  /** What is stored otherwise than it should be, by person. */
  readonly faults: readonly string[];
  readonly facts: number;
  readonly kills: number;
  readonly refusals: number;
  readonly hooks: number;
  readonly consents: number;
}

const HOUR = 3_600_000;
/** How much faster time passes than on the wall: a day has few seconds, and vendors count calls by the minute. */
const PACE = 30;
/** For what is on its way; whoever waits for a vendor's next minute is waited for by letting time pass. */
const PATIENCE_MS = 4_000;
const MINUTES = 40 * 60_000;
/** What has been accepted so long ago has left the queue: it hands out what it holds each second, and again what failed ten seconds later. */
const QUEUED_MS = 15_000;
/** So many turns without a difference fewer, and nothing more is on its way. */
const MOST_IDLE_TURNS = 30;
const authorization = z.object({ authorizeUrl: z.string(), connection: z.string() });
const status = z.object({ items: z.array(z.looseObject({ id: z.string(), state: z.string(), vendor: z.string() })) });
const credentials = z.record(z.string(), z.looseObject({ hookSecret: z.string() }));

interface Somebody {
  readonly name: string;
  readonly client: Client;
  readonly ledger: Ledger;
}

/** Runs a plan; `say` hears of each day. Throws where Meridian does not come to rest. */
export async function runChaos(
  { seed, people, days }: ChaosPlan,
  prepared: NonNullable<StartOptions["prepared"]>,
  say: (line: string) => void = () => undefined,
): Promise<ChaosOutcome> {
  const chaos = new Chaos(seed, days, prepared, say);
  try {
    return await chaos.run(people);
  } finally {
    await chaos.close();
  }
}

class Chaos {
  readonly #random: () => number;
  readonly #folders: string[] = [];
  /** Midnight of the first day, in Berlin in winter. */
  readonly #firstMs: number;
  #simulator!: Simulator;
  #meridian!: Meridian;
  readonly #people: Somebody[] = [];
  #clock: FastClock = { realMs: 0, virtualMs: 0, pace: 1 };
  /** Changes that vendors have told, by the span in which they happened, and when they were told in real time. */
  #told: { readonly fromMs: number; readonly toMs: number; readonly atMs: number }[] = [];
  #kills = 0;
  #hooks = 0;
  #consents = 0;

  readonly #seed: number;
  readonly #days: number;
  readonly #prepared: NonNullable<StartOptions["prepared"]>;
  readonly #say: (line: string) => void;

  constructor(seed: number, days: number, prepared: NonNullable<StartOptions["prepared"]>, say: (line: string) => void) {
    [this.#seed, this.#days, this.#prepared, this.#say] = [seed, days, prepared, say];
    this.#random = randomOf(seed);
    this.#firstMs = Math.floor((Date.now() + HOUR) / DAY) * DAY - HOUR;
  }

  async run(people: number): Promise<ChaosOutcome> {
    const [seed, days] = [this.#seed, this.#days];
    this.#simulator = await startSimulator({ port: 0, seed, retryBaseMs: 100, retryAttempts: 12 });
    this.#meridian = await Meridian.start(Number(new URL(this.#simulator.url).port), { prepared: this.#prepared });
    for (let person = 0; person < people; person++) {
      const ledger = liveLedger({ seed, person, firstMs: this.#firstMs, days });
      const name = `chaos-${seed}-${person}`;
      this.#simulator.state.ledgers.set(name, ledger);
      const client = await Client.register(this.#meridian);
      client.isLasting = true;
      this.#people.push({ name, ledger, client });
    }
    const hook = credentials.parse(JSON.parse(this.#meridian.secret("VENDOR_CREDENTIALS")))["whoop"]?.hookSecret ?? "";
    await control(this.#simulator.url, "vendors/hook", { vendor: "whoop", url: `${this.#meridian.origin}/hooks/whoop/${hook}` });
    await this.#meridian.tick();
    await Promise.all(this.#people.map(async (one) => await this.#connectAll(one)));
    this.#say(`${people} people connected`);
    for (let day = 1; day <= days; day++) await this.#day(day);
    return await this.#settle();
  }

  async close(): Promise<void> {
    await this.#meridian.dispose();
    await this.#simulator.close();
    for (const folder of this.#folders) rmSync(folder, { recursive: true, force: true });
  }

  get #now(): number {
    return shownBy(this.#clock);
  }

  async #connectAll({ name, client }: Somebody): Promise<void> {
    for (const vendor of LEDGER_VENDORS) await this.#agree(client, name, vendor);
  }

  async #agree(client: Client, name: string, vendor: string): Promise<void> {
    this.#consents++;
    const url = new URL((await client.get(`/v1/integrations/${vendor}/authorize`, authorization)).authorizeUrl);
    url.searchParams.set("sim_person", name);
    const consent = await fetch(url, { redirect: "manual" }).catch(() => undefined);
    if (consent?.status !== 302) return;
    const back = await fetch(consent.headers.get("location") ?? "", { redirect: "manual" }).catch(() => undefined);
    // A vendor in a storm may not answer here either: people come back another day.
    if (back === undefined || [502, 503].includes(back.status)) return;
    if (back.status !== 200) throw new Error(`${vendor} came back with ${back.status}: ${await back.text()}`);
    const [connection] = (await client.get(`/v1/integrations/${vendor}/status`, status)).items;
    // Nothing was before the first day, and vendors count their calls: what a first import does is another journey's.
    await client.call("DELETE", `/v1/integrations/vendors/${connection?.id ?? ""}/backfill`);
  }

  /** A day: a few hours at a time something goes wrong and the clock ticks; at its end the power is cut and the next day begins. */
  async #day(day: number): Promise<void> {
    const before = this.#now;
    await this.#travel(DAY - 2 * HOUR + this.#random() * 4 * HOUR);
    await this.#storm();
    await Promise.all(this.#people.map(async ({ client }) => await client.refresh()));
    const isDownForHooks = this.#random() < 0.3;
    if (isDownForHooks) {
      await this.#meridian.kill();
      this.#kills++;
      await this.#tell(before);
      await this.#meridian.restart();
      await this.#tellLostDeletions();
    } else await this.#tell(before);
    await this.#meridian.tick(this.#now);
    await Promise.all(
      this.#people.map(async ({ client }) => {
        if (this.#random() < 0.4) await client.call("POST", "/v1/health/sync/immediate", {}).catch(() => undefined);
      }),
    );
    // In the midst of whatever it does.
    if (this.#random() < 0.3) {
      this.#kills++;
      await this.#meridian.cutPower();
      await this.#tellLostDeletions();
    }
    await this.#reconnect();
    this.#say(`day ${day}`);
  }

  /** Vendors fail for a while. */
  async #storm(): Promise<void> {
    const { faults } = this.#simulator.state;
    faults.length = 0;
    for (const vendor of LEDGER_VENDORS) {
      const dice = this.#random();
      const path = `/${vendor}/`;
      if (dice < 0.15) await control(this.#simulator.url, "faults", { kind: "status", path, status: 503, rate: 0.5, times: 20 });
      else if (dice < 0.3)
        await control(this.#simulator.url, "faults", { kind: "status", path, status: 429, retryAfterSeconds: 1, rate: 0.5, times: 10 });
      else if (dice < 0.4) await control(this.#simulator.url, "faults", { kind: "drop", path, rate: 0.3, times: 5 });
      else if (dice < 0.45) await control(this.#simulator.url, "faults", { kind: "lost-reply", path, rate: 0.1, times: 2 });
      else if (dice < 0.55) {
        for (const { name } of this.#people)
          if (this.#random() < 0.5) await control(this.#simulator.url, "vendors/expire", { vendor, person: name });
      }
    }
  }

  /** Cuts the power; when it is on again, so much time has passed for everybody. */
  async #travel(ms: number): Promise<void> {
    this.#kills++;
    this.#clock = { realMs: Date.now(), virtualMs: this.#now + Math.round(ms), pace: PACE };
    const folder = buildOf(this.#prepared.build, this.#clock);
    await this.#meridian.changeBuild(folder);
    for (const old of this.#folders.splice(0)) rmSync(old, { recursive: true, force: true });
    this.#folders.push(folder);
    this.#simulator.state.clock.set(this.#now, PACE);
    await this.#tellLostDeletions();
  }

  /** Tells by webhook what has changed since an instant. */
  async #tell(fromMs: number): Promise<void> {
    const toMs = this.#simulator.state.clock.now();
    for (const { name, ledger } of this.#people) this.#hooks += await notifyLedger(this.#simulator.state, name, ledger, fromMs, toMs);
    this.#told.push({ fromMs, toMs, atMs: Date.now() });
  }

  /**
   * The queues of a deployment outlive everything; those of the local runtime are in its memory and end with it. Where the power was cut, they
   * may have held what was told shortly before. What is to be read is read anyhow, sooner or later; deletions come again.
   */
  async #tellLostDeletions(): Promise<void> {
    const now = Date.now();
    this.#told = this.#told.filter(({ atMs }) => now - atMs < QUEUED_MS).map((span) => ({ ...span, atMs: now }));
    for (const { fromMs, toMs } of this.#told)
      for (const { name, ledger } of this.#people) await notifyLedger(this.#simulator.state, name, ledger, fromMs, toMs, true);
  }

  /** Who is asked to agree again does so, as people do. */
  async #reconnect(): Promise<void> {
    for (const { client, name } of this.#people)
      for (const vendor of LEDGER_VENDORS) {
        const { items } = await client.get(`/v1/integrations/${vendor}/status`, status);
        if (items.some(({ state }) => state === "reauth_required" || state === "error")) await this.#agree(client, name, vendor);
      }
  }

  /** Everything works again and nothing new happens: after some hours all is as the ledgers say. */
  async #settle(): Promise<ChaosOutcome> {
    const refusals = this.#simulator.state.log.filter(({ status: code, fault }) => fault !== undefined || code === 429).length;
    this.#simulator.state.faults.length = 0;
    const before = this.#now;
    for (let i = 0; i < 2; i++) {
      await this.#travel(12 * HOUR);
      this.#say(`rest ${i + 1}`);
      await Promise.all(this.#people.map(async ({ client }) => await client.refresh()));
      if (i === 0) await this.#tell(before);
      await this.#reconnect();
      await this.#meridian.tick(this.#now);
      await Promise.all(this.#people.map(async (one) => await this.#ask(one)));
    }
    await control(this.#simulator.url, "deliveries?waitMs=20000").catch(() => undefined);
    let faults: string[] = [];
    for (const round of ["once", "and again"]) {
      faults = await this.#rest();
      this.#say(`compared ${round}: ${faults.length} differences`);
      if (faults.length > 0) break;
      // All of it read once more changes nothing.
      if (round === "once") await Promise.all(this.#people.map(async (one) => await this.#ask(one)));
    }
    const facts = this.#people.reduce((sum, { ledger }) => sum + truthAt(ledger, this.#simulator.state.clock.now()).length, 0);
    return { faults, facts, kills: this.#kills, refusals, hooks: this.#hooks, consents: this.#consents };
  }

  /**
   * What is stored otherwise than the ledgers say, when nothing is any more or enough has been waited. Some vendors count calls by the minute,
   * and Meridian waits for the next: time passes meanwhile without anybody waiting.
   */
  async #rest(): Promise<string[]> {
    let fewest = Number.POSITIVE_INFINITY;
    for (let idle = 0; ; idle++) {
      const found = await Promise.all(this.#people.map(async (one) => await this.#differences(one)));
      const faults = found.flat();
      if (faults.length < fewest) idle = 0;
      fewest = Math.min(fewest, faults.length);
      if (faults.length === 0 || idle === MOST_IDLE_TURNS) return faults;
      await this.#travel(MINUTES);
      await Promise.all(this.#people.map(async ({ client }) => await client.refresh()));
      // Timers were set by the clock before, and are still as far away as they were.
      await this.#meridian.tick(this.#now);
    }
  }

  async #differences({ name, client, ledger }: Somebody): Promise<string[]> {
    const truth: readonly Fact[] = truthAt(ledger, this.#simulator.state.clock.now());
    let found: string[] = [];
    await until(async () => (found = differences(truth, await factsOf(client))).length === 0, PATIENCE_MS, 500).catch((error: unknown) => {
      if (found.length === 0) throw error;
    });
    return found.map((fault) => `${name}: ${fault}`);
  }

  async #ask({ client }: Somebody): Promise<void> {
    const { status: code } = await client.call("POST", "/v1/health/sync/immediate", {});
    if (code !== 200) throw new Error(`to synchronise was answered ${code}`);
  }
}
