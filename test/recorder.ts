import { regionOf } from "../shared/id";
import { REGIONS, type Region } from "../shared/region";
import { Deployment, objectsIn } from "./deployment";
import { tablesOf } from "./leaver";

/** Bindings that every region has of its own. */
export const STORES = ["RECORDS", "FILES", "SYNC", "FHIR", "HOOKS"] as const;
/** Namespaces whose objects lie in a region's jurisdiction. */
export const NAMESPACES = ["VAULTS", "IMPORTERS", "EXPORTERS", "PROGRAMMES", "GATES", "ROOMS", "BOARDS"] as const;

export interface Touch {
  readonly store: string;
  readonly region: Region;
  readonly jurisdiction?: string | undefined;
}

/**
 * One deployment with residency on, whose namespaces, databases, buckets and queues write down who was touched: the local runtime knows
 * no jurisdictions, so what is asked of the platform is what can be proven here. Vaults, exports and programmes run with the recorders too.
 */
export class Recorder {
  touched: Touch[] = [];
  readonly queued: { readonly queue: string; readonly body: unknown }[] = [];

  readonly live: Deployment;

  private constructor(live: Deployment) {
    this.live = live;
  }

  static async fresh(): Promise<Recorder> {
    const recorder = new Recorder(await Deployment.fresh());
    recorder.#install();
    return recorder;
  }

  #install(): void {
    const bound = this.live.env as unknown as Record<string, object>;
    const overrides: Record<string, unknown> = { RESIDENCY: "on" };
    for (const region of REGIONS) {
      for (const store of STORES) {
        const name = `${store}_${region.toUpperCase()}`;
        overrides[name] =
          store === "SYNC" || store === "FHIR" || store === "HOOKS"
            ? this.#queue(name, region)
            : recorded(bound[name] ?? {}, () => this.touched.push({ store, region }));
      }
    }
    for (const name of ["IMPORTERS", "GATES", "ROOMS", "BOARDS"] as const)
      overrides[name] = this.#objects(name, bound[name] as unknown as Env["GATES"]);
    const whole = (): Env => ({ ...this.live.env, ...this.live.overrides });
    for (const kind of ["VAULTS", "EXPORTERS", "PROGRAMMES"] as const)
      overrides[kind] = objectsIn(kind, whole, (name, jurisdiction) =>
        this.touched.push({ store: kind, region: regionOf(name as Parameters<typeof regionOf>[0]), jurisdiction }),
      );
    this.live.overrides = overrides as Partial<Env>;
  }

  #queue(name: string, region: Region) {
    const take = async (bodies: readonly unknown[]) => {
      this.touched.push({ store: name.split("_")[0] ?? "", region });
      this.queued.push(...bodies.map((body) => ({ queue: name, body })));
    };
    return {
      send: async (body: unknown) => take([body]),
      sendBatch: async (messages: Iterable<{ body: unknown }>) => take([...messages].map(({ body }) => body)),
    };
  }

  /** A namespace that knows jurisdictions. Gates carry no region in their name: their place is what is asked for. */
  #objects(store: string, namespace: Env["GATES"], jurisdiction?: string): unknown {
    return {
      jurisdiction: (name: string) => this.#objects(store, namespace, name),
      getByName: (name: string, options?: { locationHint?: string }) => {
        const region = (jurisdiction ?? (options?.locationHint === "apac" ? "ap" : "")) as Region;
        this.touched.push({ store, region, jurisdiction });
        return namespace.getByName(store === "GATES" ? `${region}:${name}` : name);
      },
    };
  }
}

/** The same thing, and every use of it is written down. */
function recorded<T extends object>(thing: T, note: () => unknown): T {
  return new Proxy(thing, {
    get(target, name) {
      const value: unknown = Reflect.get(target, name);
      if (typeof value !== "function") return value;
      note();
      return (...parameters: unknown[]): unknown => Reflect.apply(value, target, parameters);
    },
  });
}

/** How many rows every table of a database has. */
export async function rowsOf(database: D1Database): Promise<Record<string, number>> {
  const tables = await tablesOf(database);
  const counts = await database.batch<{ n: number }>(tables.map(({ table }) => database.prepare(`select count(*) as n from ${table}`)));
  return Object.fromEntries(tables.map(({ table }, i) => [table, counts[i]?.results[0]?.n ?? 0]));
}
