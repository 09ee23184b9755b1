import * as z from "zod";
import { type Problem, problem, type ProblemCode, PROBLEMS } from "../problem";
import { parseJson } from "./admission";

const refusalSchema = z.object({
  code: z.custom<ProblemCode>((code) => typeof code === "string" && Object.hasOwn(PROBLEMS, code)),
  detail: z.string().optional(),
});

/** The problem with which an object answered a request for a stream; `unavailable` where it named none. */
export function refusalOf(text: string): Problem {
  const refusal = refusalSchema.safeParse(parseJson(text));
  return refusal.success ? problem(refusal.data.code, refusal.data.detail) : problem("unavailable");
}
