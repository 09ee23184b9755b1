import { Hono } from "hono";
import * as z from "zod";
import type { AppEnv } from "../../shared/http/app-env";
import { isLocalHost } from "../../shared/http/residency";
import { route } from "../../shared/http/route";
import { validate } from "../../shared/http/validate";
import { problem } from "../../shared/problem";
import { outboxPorts } from "./mailer";
import { readOutbox } from "./outbox";

const outboxSchema = z
  .object({
    items: z.array(
      z.object({
        to: z.string(),
        subject: z.string(),
        text: z.string(),
        headers: z.record(z.string(), z.string()).optional(),
        region: z.string(),
        sentAt: z.iso.datetime(),
      }),
    ),
    next: z.null(),
  })
  .meta({ id: "Outbox" });

export const mailRoutes = new Hono<AppEnv>().get(
  "/v1/dev/outbox",
  route({
    policy: "public",
    summary: "Read the mail of a local run",
    description: "Answers on a developer's machine alone, where no mail is sent; everywhere else there is nothing here.",
    tags: ["Operations"],
    responses: { 200: outboxSchema },
    problems: ["not_found", "invalid"],
  }),
  validate("query", z.object({ to: z.string().max(254).optional().describe("Address of the recipient") })),
  async (c) => {
    if (c.env.RESIDENCY !== "off" || !isLocalHost(new URL(c.req.url).hostname)) throw problem("not_found");
    const mails = await readOutbox(outboxPorts(c.env, c.get("now")), c.req.valid("query").to);
    const items = mails.map(({ to, subject, text, headers, region, at }) => ({
      to,
      subject,
      text,
      headers,
      region,
      sentAt: new Date(at).toISOString(),
    }));
    return c.json({ items, next: null });
  },
);
