import fc from "fast-check";
import { jsonBodyOf, type Operation, resolved } from "../refusals/document";
import type { Judge } from "./judge";
import { type Plan, spoiledPlans, validPlans } from "./plan";
import { RECIPES } from "./recipes";
import { STAGES, staged } from "./stages";
import type { Tally } from "./tally";
import { type Answer, curlOf, type Sent } from "./wire";
import { bearer, collectionIn, type World } from "./world";

export interface Run {
  readonly world: World;
  readonly judge: Judge;
  readonly tally: Tally;
  readonly seed: number;
  /** Replays one counterexample. */
  readonly path?: string | undefined;
}

/** A request that got a wrong answer, as small as it could be made. */
export interface Finding {
  readonly operation: string;
  readonly part: Part;
  readonly faults: readonly string[];
  readonly curl: string;
  readonly answer: string;
  readonly replay: string;
}

export type Part = "valid" | "spoiled" | "sequence";

const SHRINK_MS = 5_000;

interface Wrong {
  readonly faults: readonly string[];
  readonly sent: Sent;
  readonly answer: Answer;
}

/** Sends one plan and judges the answer; undefined where it is right. */
async function judged(run: Run, plan: Plan, valid: boolean): Promise<Wrong | undefined> {
  const { world, judge, tally } = run;
  const secrets = world.secretsOf(plan);
  const sent = world.requestOf(plan);
  const answer = await world.send(sent);
  tally.count(judge.meets(sent).operation, answer.status);
  const met = judge.meets(sent).operation;
  const person = world.callerOf(plan);
  if (plan.who >= 0) world.harvest(person, collectionIn(plan.operation.template), answer, plan.operation.template);
  if (sent.method === "DELETE" && answer.status < 300) world.forget(person, sent.target);
  const faults = judge.faults(sent, answer, secrets);
  if (plan.who >= 0 && ((valid && answer.status === 401) || (met !== undefined && answer.status < 300 && ENDING.has(met.operationId))))
    await world.revive(person);
  // Nobody who is called upon again leaves for good.
  if (met?.operationId === "deleteV1Me" && answer.status === 202)
    await world.send({ method: "DELETE", target: "/v1/me/erasure", headers: bearer(person) });
  return faults.length === 0 ? undefined : { faults, sent, answer };
}

/** After these the caller's own token may be worth nothing. */
const ENDING: ReadonlySet<string> = new Set(["deleteV1Sessions", "deleteV1SessionsCurrent", "deleteV1SessionsById"]);

/** Whether the call hashes a password, and is therefore made less often: 0.2 s of a processor each. */
export function isCostly(run: Run, operation: Operation): boolean {
  const body = jsonBodyOf(operation);
  const fields = body === undefined ? {} : resolved(run.world.document, body.schema)["properties"];
  return (
    (typeof fields === "object" && fields !== null && Object.keys(fields).some((name) => /password$/i.test(name))) ||
    operation.operationId in RECIPES ||
    ENDING.has(operation.operationId)
  );
}

/** Requests that fit the document: `runs` of them. */
export async function fuzzValid(run: Run, operation: Operation, runs: number): Promise<Finding | undefined> {
  const recipe = RECIPES[operation.operationId];
  return await search(run, operation, "valid", runs, validPlans(run.world.document, operation), async (plan) => {
    // Without its recipe a request is as valid as the document can say; both are worth sending.
    const helped = (recipe !== undefined || operation.operationId in STAGES) && run.tally.turn(operation);
    const played = helped ? await staged(run.world, plan, true) : plan;
    if (played.as === undefined) await run.world.provide(played);
    return await judged(run, helped && recipe !== undefined ? await recipe(run.world, run.world.callerOf(played), played) : played, true);
  });
}

/** Requests with something wrong: `runs` of them. */
export async function fuzzSpoiled(run: Run, operation: Operation, runs: number): Promise<Finding | undefined> {
  return await search(
    run,
    operation,
    "spoiled",
    runs,
    spoiledPlans(run.world.document, operation),
    async (plan) => await judged(run, run.tally.turn(operation) ? await staged(run.world, plan) : plan, false),
  );
}

/** Operations that share a collection: what one makes, the others read, change and delete. */
export function familiesOf(operations: readonly Operation[]): Operation[][] {
  const byCollection = Map.groupBy(operations, ({ template }) => template.split("/{")[0] ?? "");
  return [...byCollection.values()].filter(
    (list) => list.some(({ method }) => method === "POST") && list.some(({ template }) => template.includes("{")),
  );
}

/** Runs of a family in any order on the ids of each other's answers. */
export async function fuzzSequence(run: Run, family: readonly Operation[], runs: number): Promise<Finding | undefined> {
  const [first] = family;
  if (first === undefined) return undefined;
  const plans = family.map((operation) => validPlans(run.world.document, operation));
  const sequence = fc.tuple(fc.nat(200), fc.array(fc.oneof(...plans), { minLength: 2, maxLength: 8 }));
  return await search(run, first, "sequence", runs, sequence, async ([who, steps]) => {
    for (const step of steps) {
      const wrong = await judged(run, { ...step, who }, true);
      if (wrong !== undefined) return wrong;
    }
    return undefined;
  });
}

async function search<T>(
  run: Run,
  operation: Operation,
  part: Part,
  runs: number,
  plans: fc.Arbitrary<T>,
  send: (made: T) => Promise<Wrong | undefined>,
): Promise<Finding | undefined> {
  let last: Wrong | undefined;
  let foundAt = Infinity;
  const property = fc.asyncProperty(plans, async (made) => {
    // Making a request smaller must not take longer than finding it.
    if (Date.now() > foundAt + SHRINK_MS) return;
    const wrong = await send(made);
    if (wrong === undefined) return;
    last = wrong;
    foundAt = Math.min(foundAt, Date.now());
    throw new Error(wrong.faults.join("; "));
  });
  const {
    failed,
    counterexamplePath,
    errorInstance: error,
  } = await fc.check(property, {
    seed: run.seed,
    numRuns: runs,
    ...(run.path === undefined ? {} : { path: run.path, endOnFailure: false }),
  });
  if (!failed) return undefined;
  const name = `${operation.method} ${operation.template}`;
  if (last === undefined) {
    return { operation: name, part, faults: [String(error ?? "it failed before anything was sent")], curl: "", answer: "", replay: "" };
  }
  const replay = `npm run fuzz -- --seed ${run.seed} --operation ${operation.operationId} --part ${part} --path ${counterexamplePath ?? ""}`;
  const answer = `${last.answer.status} ${last.answer.headers.get("content-type") ?? ""} ${last.answer.text.slice(0, 400)}`;
  return { operation: name, part, faults: last.faults, curl: curlOf(run.world.origin, last.sent), answer, replay };
}
