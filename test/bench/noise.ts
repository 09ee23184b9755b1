import { existsSync, readFileSync } from "node:fs";
import { median } from "./stats.ts";

/** CPU time in clock ticks (10 ms). */
interface Ticks {
  readonly all: number;
  readonly ours: number;
}

/** Share of the machine that others may use during a sample before it is taken again. */
const TOLERATED = 0.12;
const TRIES = 3;
const TICK_MS = 10;
const HAS_PROC = existsSync("/proc/stat");

/** CPU milliseconds that a process has used, in user and system mode, with all its threads; 0 where the system does not say. */
export function cpuMs(pid: number | "self"): number {
  if (!HAS_PROC) return 0;
  const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
  // The name in parentheses may hold blanks; utime and stime are the 14th and 15th fields.
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return (Number(fields[11]) + Number(fields[12])) * TICK_MS;
}

/** Resident memory of a process in bytes; 0 where the system does not say. */
export function residentBytes(pid: number): number {
  if (!HAS_PROC) return 0;
  const line = /^VmRSS:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"));
  return Number(line?.[1] ?? 0) * 1024;
}

function ticks(pids: readonly number[]): Ticks {
  if (!HAS_PROC) return { all: 0, ours: 0 };
  const [, user, nice, system, , , irq, soft] = readFileSync("/proc/stat", "utf8").split("\n", 1)[0]!.split(/\s+/).map(Number);
  const ours = pids.reduce((sum, pid) => sum + cpuMs(pid), cpuMs("self")) / TICK_MS;
  return { all: user! + nice! + system! + irq! + soft!, ours };
}

const shares: number[] = [];

/** Share of the machine that other processes used during the samples that counted: the median; NaN where none was taken. */
export function othersShare(): number {
  return median(shares);
}

/**
 * Takes one sample on a shared machine: where other processes used much of the CPU meanwhile, it is taken again, and the quietest of
 * the tries counts. `pids` are our own processes besides this one.
 */
export async function quietSample<T>(pids: readonly number[], sample: () => Promise<T>): Promise<{ value: T; others: number }> {
  let best: { value: T; others: number } | undefined;
  for (let i = 0; i < TRIES; i++) {
    const before = ticks(pids);
    const startedAt = performance.now();
    const value = await sample();
    const after = ticks(pids);
    const elapsed = (performance.now() - startedAt) / TICK_MS;
    const others = Math.max(0, after.all - before.all - (after.ours - before.ours)) / elapsed / navigator.hardwareConcurrency;
    if (best === undefined || others < best.others) best = { value, others };
    if (others <= TOLERATED) break;
  }
  shares.push(best!.others);
  return best!;
}
