import * as z from "zod";
import { PROBLEMS, type ProblemCode } from "../problem";

const CODES = Object.keys(PROBLEMS) as [ProblemCode, ...ProblemCode[]];

/** RFC 9457 problem details, as rendered by `render-problem.ts`. */
export const problemSchema = z
  .object({
    type: z.string(),
    title: z.string(),
    status: z.number().int(),
    code: z.enum(CODES),
    detail: z.string().optional(),
    instance: z.string().describe("The request id"),
    errors: z.array(z.object({ pointer: z.string(), code: z.string(), message: z.string() })).optional(),
    challenge: z.string().optional().describe("With `mfa_required`: completes the sign-in at `POST /v1/sessions/challenges`"),
    methods: z.array(z.string()).optional().describe("With `challenge`: the kinds of second factors that complete it"),
    expiresIn: z.int().optional().describe("With `challenge`: seconds until it expires"),
  })
  .meta({ id: "Problem" });
