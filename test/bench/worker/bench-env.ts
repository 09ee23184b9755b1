import type { BareRoom, BareRows } from "./bare-objects";
import type { BenchVault } from "./bench-vault";

/** The bindings of the benchmark: those of the product, and the bare objects. */
export type BenchEnv = Omit<Env, "VAULTS"> & {
  readonly VAULTS: DurableObjectNamespace<BenchVault>;
  readonly BARE_ROWS: DurableObjectNamespace<BareRows>;
  readonly BARE_ROOMS: DurableObjectNamespace<BareRoom>;
};
