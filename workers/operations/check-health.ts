import * as z from "zod";
import type { Clock } from "../../shared/clock";
import { CARRIERS } from "../../shared/notifications/breakers";
import { REGIONS } from "../../shared/region";

/** One dependency: resolves where it answers, rejects where it does not. */
export interface Probe {
  readonly name: string;
  /** Without it nothing can be served; without another one, some regions or features cannot. */
  readonly vital: boolean;
  /** What is known to be wrong, in words that name settings and no values; then nothing is run. */
  readonly fault?: string | undefined;
  run(): Promise<unknown>;
}

const checkSchema = z.object({
  status: z.enum(["ok", "failed"]),
  latencyMs: z.number().int().nonnegative(),
  detail: z.string().optional(),
});

const troubleSchema = z.object({
  vendor: z.string(),
  region: z.enum(REGIONS),
  breaker: z.enum(["closed", "open", "half_open"]).describe("`open`: the vendor is left alone; `half_open`: one call finds out"),
  limited: z.array(z.string()).describe("Limits there of which nothing is left"),
  until: z.string(),
});

const carrierSchema = z.object({
  carrier: z.enum(CARRIERS),
  service: z.string().nullable().describe("Of browsers, which push service; null where it is none of those that many have"),
  region: z.enum(REGIONS),
  breaker: z.enum(["open", "half_open"]),
  until: z.string(),
});

export const healthSchema = z
  .object({
    status: z.enum(["ok", "degraded", "down"]),
    checks: z.record(z.string(), checkSchema),
    vendors: z.array(troubleSchema).describe("Vendors that are not asked as usual; their trouble is none of this status"),
    carriers: z
      .array(carrierSchema)
      .describe("Who brings notifications and is left alone now: what is to go out waits; none of this status"),
  })
  .meta({ id: "Health", example: { status: "ok", checks: { directory: { status: "ok", latencyMs: 3 } }, vendors: [], carriers: [] } });
export type Health = z.infer<typeof healthSchema>;

/** A dependency that has not answered by then counts as failed. */
const PATIENCE_MS = 3_000;

/** Asks every dependency at once. `down` where a vital one fails, `degraded` where another does. Says why for settings alone. */
export async function checkHealth(probes: readonly Probe[], now: Clock): Promise<Omit<Health, "vendors" | "carriers">> {
  const checks = await Promise.all(
    probes.map(async (probe) => {
      const startedAt = now();
      const passed = probe.fault === undefined && (await withPatience(probe));
      const detail = probe.fault === undefined ? {} : { detail: probe.fault };
      const status = passed ? ("ok" as const) : ("failed" as const);
      return { probe, check: { status, latencyMs: Math.max(0, now() - startedAt), ...detail } };
    }),
  );
  const failed = checks.filter(({ check }) => check.status === "failed");
  const status = failed.length === 0 ? "ok" : failed.some(({ probe }) => probe.vital) ? "down" : "degraded";
  return { status, checks: Object.fromEntries(checks.map(({ probe, check }) => [probe.name, check])) };
}

async function withPatience(probe: Probe): Promise<boolean> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<boolean>((resolve) => {
    timer = setTimeout(() => resolve(false), PATIENCE_MS);
  });
  try {
    return await Promise.race([probe.run().then(() => true), late]);
  } catch {
    return false;
  } finally {
    clearTimeout(timer);
  }
}
