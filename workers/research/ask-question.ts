import type { Answered } from "../../durable-objects/programme/answers";
import { metric } from "../../shared/health/catalogue";
import { openCursor, sealCursor } from "../../shared/http/cursor";
import type { PageQuery } from "../../shared/http/page";
import type { PersonId } from "../../shared/id";
import { problem } from "../../shared/problem";
import { milliEpsilon } from "../../shared/research/budget";
import type { ResearchPorts } from "./ports";
import { ownProgramme, participantsOf } from "./records";
import type { AnswerView, QuestionInput } from "./schemas";

/** People of one question: their vaults are asked within the call. */
const MOST_PEOPLE = 2_000;

/**
 * Answers how many people have the mean of a metric's days in each bin, with discrete Laplace noise, and books what it costs. A question
 * that was asked before gets the same answer for nothing. Problems `not_found`, `forbidden`, `invalid`, `conflict`, `budget_exhausted`.
 */
export async function askQuestion(ports: ResearchPorts, text: string, input: QuestionInput): Promise<AnswerView> {
  const { id: programme, row } = await ownProgramme(ports, text);
  if (row.state !== "open") throw problem("conflict", "The programme is not open.");
  if (!row.metrics.includes(input.metric)) {
    const message = "The programme does not ask for this metric.";
    throw problem("invalid", undefined, { errors: [{ pointer: "/metric", code: "not_asked", message }] });
  }
  const people: PersonId[] = await participantsOf(ports.recordsOf, programme, "", MOST_PEOPLE + 1);
  if (people.length > MOST_PEOPLE) throw problem("conflict", "Too many people take part for a question: begin an export.");
  const question = { metric: input.metric, edges: input.edges, epsilon: milliEpsilon(input.epsilon) ?? 0 };
  return viewOf(await ports.programmeOf(programme).ask(question, people));
}

/** A page of the ledger, latest first: what was answered, and what it cost. Problems `not_found`, `forbidden`. */
export async function listAnswers(
  ports: ResearchPorts,
  text: string,
  query: PageQuery,
): Promise<{ items: AnswerView[]; next: string | null }> {
  const { id: programme, actor } = await ownProgramme(ports, text);
  const scope = `answers ${programme}`;
  const before = query.cursor === undefined ? undefined : await openCursor<number>(ports.keys, actor.person, scope, query.cursor);
  const found = await ports.programmeOf(programme).answered(before, query.limit + 1);
  const items = found.slice(0, query.limit).map(viewOf);
  const last = items.at(-1);
  return {
    items,
    next: found.length > query.limit && last !== undefined ? await sealCursor(ports.keys, actor.person, scope, last.seq) : null,
  };
}

function viewOf({ seq, at, question, counts, spent }: Answered): AnswerView {
  const { edges } = question;
  return {
    seq,
    at: new Date(at).toISOString(),
    metric: question.metric,
    unit: metric(question.metric)?.unit ?? "",
    bins: counts.map((count, i) => ({ from: edges[i] ?? 0, to: edges[i + 1] ?? 0, count })),
    epsilon: spent / 1_000,
  };
}
