import { Hono } from "hono";
import * as z from "zod";
import type { AppEnv } from "../../shared/http/app-env";
import { problemSchema } from "../../shared/http/problem-schema";
import { isLocalUrl } from "../../shared/http/residency";
import { route } from "../../shared/http/route";
import { languageOf } from "../../shared/http/texts";
import { validate } from "../../shared/http/validate";
import { notFound, PROBLEMS, type ProblemCode } from "../../shared/problem";
import { vendorTroubles } from "../connections";
import { carrierTroubles } from "../notifications";
import { checkHealth, healthSchema } from "./check-health";
import { DOCS_CSP, DOCS_PAGE, DOCS_SCRIPT, DOCS_STYLE } from "./docs-page";
import { type ApiDocument, describeApi } from "./document";
import { probesOf } from "./probes";
import { PROBLEM_PAGE_CSP, problemPage } from "./problem-page";

const TAGS = ["operations"] as const;
/** What describes the service may be cached for a while; nothing of a person may. */
const PUBLIC_CACHE = "public, max-age=300";

/** Routes about the service itself. `app` is the whole application, which the document describes. */
export function operationsRoutes(app: Hono<AppEnv>) {
  let document: Promise<ApiDocument> | undefined;

  return new Hono<AppEnv>()
    .get(
      "/health",
      route({
        policy: "public",
        summary: "State of every dependency",
        description:
          "`ok` and `degraded` are 200, `down` is 503. Each region has its own checks. `residency`, `secrets` and `keys` say which setting is wrong, never its value; with one of them wrong nothing else is served. `vendors` names those whose circuit breaker is open or whose limits are used up, `carriers` those of notifications whose breaker is open.",
        tags: TAGS,
        responses: { 200: healthSchema, 503: healthSchema },
      }),
      async (c) => {
        const now = c.get("now");
        const [health, vendors, carriers] = await Promise.all([
          checkHealth(probesOf(c.env, now(), isLocalUrl(c.req.url)), now),
          vendorTroubles(c.env, now()).catch(() => []),
          carrierTroubles(c.env, now()).catch(() => []),
        ]);
        return c.json(
          {
            ...health,
            vendors: vendors.map((one) => ({ ...one, limited: [...one.limited] })),
            carriers: carriers.map(({ failures: _failures, breaker, until, ...one }) => ({
              ...one,
              breaker: breaker === "open" ? breaker : ("half_open" as const),
              until: new Date(until).toISOString(),
            })),
          },
          health.status === "down" ? 503 : 200,
        );
      },
    )
    .get(
      "/openapi.json",
      route({
        policy: "public",
        summary: "This document",
        tags: TAGS,
        responses: { 200: z.looseObject({}).meta({ description: "OpenAPI 3.1" }) },
      }),
      async (c) => {
        document ??= describeApi(app);
        return c.json(await document, 200, { "cache-control": PUBLIC_CACHE });
      },
    )
    .get(
      "/docs",
      route({
        policy: "public",
        summary: "The API, to read",
        tags: TAGS,
        responses: { 200: { mediaType: "text/html", description: "A page" } },
      }),
      (c) => c.html(DOCS_PAGE, 200, { "content-security-policy": DOCS_CSP, "cache-control": PUBLIC_CACHE }),
    )
    .get(
      "/docs/page.js",
      route({
        policy: "public",
        summary: "Script of the page",
        tags: TAGS,
        responses: { 200: { mediaType: "text/javascript", description: "A script" } },
      }),
      (c) => c.body(DOCS_SCRIPT, 200, { "content-type": "text/javascript; charset=utf-8", "cache-control": PUBLIC_CACHE }),
    )
    .get(
      "/docs/page.css",
      route({
        policy: "public",
        summary: "Style of the page",
        tags: TAGS,
        responses: { 200: { mediaType: "text/css", description: "A style sheet" } },
      }),
      (c) => c.body(DOCS_STYLE, 200, { "content-type": "text/css; charset=utf-8", "cache-control": PUBLIC_CACHE }),
    )
    .get(
      "/problems/:code",
      route({
        policy: "public",
        summary: "What a problem means",
        description: "The page behind the `type` of a problem; JSON unless HTML is asked for.",
        tags: TAGS,
        responses: {
          200: z.object({ code: problemSchema.shape.code, status: z.number().int(), title: z.string() }).meta({ id: "ProblemMeaning" }),
        },
        problems: ["not_found"],
      }),
      validate("param", z.strictObject({ code: z.string() })),
      (c) => {
        const { code } = c.req.valid("param");
        if (!isCode(code)) throw notFound("problem");
        const language = languageOf(c.req.header("accept-language"));
        const headers = { "cache-control": PUBLIC_CACHE, "content-language": language, vary: "accept, accept-language" };
        const meaning = problemPage(code, language);
        return c.req.header("accept")?.includes("text/html") === true
          ? c.html(meaning.html, 200, { ...headers, "content-security-policy": PROBLEM_PAGE_CSP })
          : c.json({ code, status: PROBLEMS[code][0], title: meaning.title }, 200, headers);
      },
    );
}

function isCode(text: string): text is ProblemCode {
  return Object.hasOwn(PROBLEMS, text);
}
