import type { BareRoom, BareRows } from "./bare-objects";
import type { BareBoard, BenchBoard } from "./bench-board";
import type { BenchVault } from "./bench-vault";

/** The bindings of the benchmark: those of the product, and the bare objects. */
export type BenchEnv = Omit<Env, "VAULTS" | "BOARDS"> & {
  readonly VAULTS: DurableObjectNamespace<BenchVault>;
  readonly BOARDS: DurableObjectNamespace<BenchBoard>;
  readonly BARE_BOARDS: DurableObjectNamespace<BareBoard>;
  readonly BARE_ROWS: DurableObjectNamespace<BareRows>;
  readonly BARE_ROOMS: DurableObjectNamespace<BareRoom>;
};
