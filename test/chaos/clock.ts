/** A build of the Worker with a clock of its own: days pass between two starts, and minutes like seconds. */
import { copyFileSync, mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** A time that began at `virtualMs` when the machine's was `realMs`, and passes `pace` times as fast since. */
export interface FastClock {
  readonly realMs: number;
  readonly virtualMs: number;
  readonly pace: number;
}

/** What such a clock shows now. */
export function shownBy({ realMs, virtualMs, pace }: FastClock): number {
  return virtualMs + (Date.now() - realMs) * pace;
}

/** Dates tell the time of the clock, and alarms are handed to the runtime, which has its own, in that. */
const prelude = ({ realMs, virtualMs, pace }: FastClock): string => `
const __Real = Date;
const __shown = () => ${virtualMs} + (__Real.now() - ${realMs}) * ${pace};
const __realOf = (shown) => ${realMs} + (shown - ${virtualMs}) / ${pace};
globalThis.Date = class Date extends __Real {
  constructor(...given) { if (given.length === 0) super(__shown()); else super(...given); }
  static now() { return __shown(); }
};
const __clocked = (Base) => class extends Base {
  constructor(ctx, env) {
    super(ctx, env);
    const storage = Object.getPrototypeOf(ctx.storage);
    if (storage.isShifted) return;
    const { setAlarm, getAlarm } = storage;
    storage.isShifted = true;
    storage.setAlarm = function (at, options) { return setAlarm.call(this, Math.ceil(__realOf(Number(at))), options); };
    storage.getAlarm = async function (options) {
      const at = await getAlarm.call(this, options);
      return at === null ? null : ${virtualMs} + (at - ${realMs}) * ${pace};
    };
  }
};
`;

/** Writes a copy of a build that goes by a clock; its folder. */
export function buildOf(build: string, clock: FastClock): string {
  const folder = mkdtempSync(join(tmpdir(), "meridian-build-"));
  const script = readFileSync(join(build, "worker.mjs"), "utf8");
  const bases = namesOfObjects(script);
  const clocked = script.replaceAll(/ extends ([\w$]+)\s*\{/g, (whole, base: string) =>
    bases.has(base) ? ` extends __clocked(${base}) {` : whole,
  );
  if (clocked === script) throw new Error("The build has no objects whose clock could be moved.");
  writeFileSync(join(folder, "worker.mjs"), prelude(clock) + clocked);
  copyFileSync(join(build, "options.json"), join(folder, "options.json"));
  return folder;
}

/** What the bundler calls `DurableObject`: each module that imports it has a name of its own. */
function namesOfObjects(script: string): ReadonlySet<string> {
  const names = new Set<string>();
  for (const [, list = ""] of script.matchAll(/import\s*\{([^}]*)\}\s*from\s*"cloudflare:workers"/g)) {
    const found = /\bDurableObject(?: as ([\w$]+))?/.exec(list);
    if (found !== null) names.add(found[1] ?? "DurableObject");
  }
  return names;
}
