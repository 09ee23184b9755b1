import type { Hono } from "hono";
import { generateSpecs } from "hono-openapi";
import type { AppEnv } from "../../shared/http/app-env";
import { PROBLEMS, type ProblemCode } from "../../shared/problem";

type Generated = Awaited<ReturnType<typeof generateSpecs>>;
type PathItem = Generated["paths"][string];
type Operation = NonNullable<PathItem["get"]>;
type Answer = NonNullable<Operation["responses"]>[string];
export type ApiDocument = Generated;

const METHODS = ["get", "post", "put", "patch", "delete"] as const;
const WRITES: ReadonlySet<string> = new Set(["post", "put", "patch", "delete"]);

const IDEMPOTENCY_KEY = {
  name: "Idempotency-Key",
  in: "header" as const,
  description: "Makes the write happen once: for 24 hours the same request under the same key gets the first answer again.",
  schema: { type: "string" as const, minLength: 1, maxLength: 255, pattern: "^[\\x21-\\x7e]+$" },
};

/** How problems look under `/fhir`; see `operationOutcome` in `shared/http/render-problem.ts`. */
const OPERATION_OUTCOME = {
  type: "object" as const,
  properties: {
    resourceType: { type: "string" as const, const: "OperationOutcome" },
    issue: {
      type: "array" as const,
      minItems: 1,
      items: {
        type: "object" as const,
        properties: {
          severity: { type: "string" as const, const: "error" },
          code: { type: "string" as const, description: "Of the value set issue-type" },
          details: {
            type: "object" as const,
            properties: {
              coding: {
                type: "array" as const,
                items: {
                  type: "object" as const,
                  properties: { system: { type: "string" as const }, code: { type: "string" as const, enum: Object.keys(PROBLEMS) } },
                  required: ["system", "code"],
                },
              },
              text: { type: "string" as const },
            },
            required: ["coding", "text"],
          },
          diagnostics: { type: "string" as const },
        },
        required: ["severity", "code", "details"],
      },
    },
  },
  required: ["resourceType", "issue"],
};

const DESCRIPTION = `Device data in; clean, region-pinned, standard records and live streams out.

Sign in with \`POST /v1/sessions\` and send the access token as \`Authorization: Bearer …\`. Ids say their kind and region
(\`per_eu_…\`). Lists are \`{ items, next }\`; pass \`next\` as \`cursor\`. Writes accept an \`Idempotency-Key\`, kept for 24 hours. Errors are
\`application/problem+json\` with a \`code\` from a closed list, or an OperationOutcome under \`/fhir\`.`;

/** Describes every route of the application as OpenAPI 3.1. The same routes give the same document. */
export async function describeApi(app: Hono<AppEnv>): Promise<ApiDocument> {
  const generated = await generateSpecs(app, {
    defaultValidationErrorResponse: false,
    excludeStaticFile: false,
    documentation: {
      openapi: "3.1.0",
      info: { title: "Meridian", version: "1.0.0", description: DESCRIPTION },
      components: {
        schemas: { OperationOutcome: OPERATION_OUTCOME },
        securitySchemes: { bearer: { type: "http", scheme: "bearer", bearerFormat: "JWT" } },
      },
    },
  });
  const invalid = problemResponse("`invalid`: The request is not valid");
  const malformed = problemResponse("`malformed`: The request could not be read");
  const unsupported = problemResponse("`unsupported_media_type`: The content type is not supported");
  const tooLarge = problemResponse("`too_large`: The request is too large");
  for (const [method, operation] of operationsOf(generated)) {
    const takesKey = WRITES.has(method) && "x-idempotent" in operation && operation["x-idempotent"] === true;
    delete (operation as Record<string, unknown>)["x-idempotent"];
    if (takesKey) operation.parameters = [...(operation.parameters ?? []), IDEMPOTENCY_KEY];
    const responses = { ...operation.responses };
    if (takesKey) responses["409"] = withProblems(responses["409"], ["idempotency_mismatch", "idempotency_in_flight"]);
    // A form of OAuth is no JSON: its faults are among the route's own answers.
    const isForm = "x-policy" in operation && operation["x-policy"] === "assertion";
    if (!isForm && (operation.parameters !== undefined || operation.requestBody !== undefined)) responses["422"] ??= invalid;
    if (operation.requestBody !== undefined) responses["413"] ??= tooLarge;
    else delete (operation as Record<string, unknown>)["x-body-limit"];
    if (takesJson(operation)) {
      responses["400"] ??= malformed;
      responses["415"] ??= unsupported;
    }
    operation.responses = Object.fromEntries(Object.entries(responses).sort(([a], [b]) => a.localeCompare(b)));
  }
  for (const [path, item] of Object.entries(generated.paths)) {
    if (!path.startsWith("/fhir/")) continue;
    for (const method of METHODS) {
      const operation = item[method];
      if (operation !== undefined) operation.responses = asOutcomes(operation.responses ?? {});
    }
  }
  const paths = Object.fromEntries(Object.entries(generated.paths).sort(([a], [b]) => (a < b ? -1 : 1)));
  return withoutSafeBounds({ ...generated, paths });
}

/** zod states the range of exact integers on every integer; it says nothing a reader of the document needs. */
function withoutSafeBounds<T>(value: T): T {
  if (Array.isArray(value)) return value.map(withoutSafeBounds) as T;
  if (typeof value !== "object" || value === null) return value;
  const kept = Object.entries(value).filter(
    ([key, bound]) =>
      !((key === "minimum" && bound === Number.MIN_SAFE_INTEGER) || (key === "maximum" && bound === Number.MAX_SAFE_INTEGER)),
  );
  return Object.fromEntries(kept.map(([key, inner]) => [key, withoutSafeBounds(inner)])) as T;
}

/** Every operation of a document with its method, path by path. */
export function operationsOf(document: ApiDocument): [string, Operation][] {
  return Object.values(document.paths).flatMap((item) =>
    METHODS.flatMap((method): [string, Operation][] => (item[method] === undefined ? [] : [[method, item[method]]])),
  );
}

function takesJson(operation: Operation): boolean {
  return operation.requestBody !== undefined && "content" in operation.requestBody && "application/json" in operation.requestBody.content;
}

function withProblems(answer: Answer | undefined, codes: readonly ProblemCode[]): Answer {
  const before = answer !== undefined && "description" in answer ? [answer.description] : [];
  return problemResponse([...before, ...codes.map((code) => `\`${code}\`: ${PROBLEMS[code][1]}`)].join("; "));
}

function problemResponse(description: string): Answer {
  return { description, content: { "application/problem+json": { schema: { $ref: "#/components/schemas/Problem" } } } };
}

/** Clients of FHIR get the same problems as OperationOutcomes. */
function asOutcomes(responses: NonNullable<Operation["responses"]>): NonNullable<Operation["responses"]> {
  const outcome = { "application/fhir+json": { schema: { $ref: "#/components/schemas/OperationOutcome" } } };
  return Object.fromEntries(
    Object.entries(responses).map(([status, answer]) => {
      const problems = "content" in answer && answer.content !== undefined && "application/problem+json" in answer.content;
      return [status, problems ? { ...answer, content: outcome } : answer];
    }),
  );
}
