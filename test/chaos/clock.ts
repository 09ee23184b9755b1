/** A build of the Worker whose clock is ahead: days pass between two starts. */
import { copyFileSync, mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** Dates tell the shifted time, and alarms are handed to the runtime, whose clock is not shifted, in its own. */
const prelude = (shiftMs: number): string => `
const __shift = ${shiftMs};
const __Real = Date;
globalThis.Date = class Date extends __Real {
  constructor(...given) { if (given.length === 0) super(__Real.now() + __shift); else super(...given); }
  static now() { return __Real.now() + __shift; }
};
const __clocked = (Base) => class extends Base {
  constructor(ctx, env) {
    super(ctx, env);
    const storage = Object.getPrototypeOf(ctx.storage);
    if (storage.isShifted) return;
    const { setAlarm, getAlarm } = storage;
    storage.isShifted = true;
    storage.setAlarm = function (at, options) { return setAlarm.call(this, Number(at) - __shift, options); };
    storage.getAlarm = async function (options) {
      const at = await getAlarm.call(this, options);
      return at === null ? null : at + __shift;
    };
  }
};
`;

/** Writes a copy of a build whose clock is ahead by `shiftMs`; its folder. */
export function buildAhead(build: string, shiftMs: number): string {
  const folder = mkdtempSync(join(tmpdir(), "meridian-build-"));
  const script = readFileSync(join(build, "worker.mjs"), "utf8");
  const bases = namesOfObjects(script);
  const clocked = script.replaceAll(/ extends ([\w$]+)\s*\{/g, (whole, base: string) =>
    bases.has(base) ? ` extends __clocked(${base}) {` : whole,
  );
  if (clocked === script) throw new Error("The build has no objects whose clock could be moved.");
  writeFileSync(join(folder, "worker.mjs"), prelude(shiftMs) + clocked);
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
