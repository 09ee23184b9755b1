import { Hono } from "hono";
import { type AppEnv, personOf } from "../../shared/http/app-env";
import { route } from "../../shared/http/route";
import { validate } from "../../shared/http/validate";
import { requireStepUp } from "../sessions";
import { readReceipt } from "./read-receipt";
import { requestErasure } from "./request-erasure";
import { requestPorts } from "./request-ports";
import { erasureSchema, receiptParam, receiptSchema, requestedSchema } from "./schemas";
import { readErasure, undoErasure } from "./undo-erasure";

const TAGS = ["Rights"] as const;
const BEARER = /^bearer +(\S+)$/i;

export const erasureRoutes = new Hono<AppEnv>()
  .delete(
    "/v1/me",
    route({
      policy: "person",
      summary: "Erase your account, with everything in it",
      description:
        "Your other sessions and your API keys end at once, vendors are not asked any more, and nobody else sees anything. Until `undoUntil` you can sign in, look, export, and undo it; then everything is erased, and cannot be brought back. See docs/rights.md.",
      tags: TAGS,
      responses: { 202: requestedSchema },
      problems: ["step_up_required", "conflict"],
      idempotency: "off",
    }),
    async (c) => {
      await requireStepUp(c);
      return c.json(await requestErasure(requestPorts(c), personOf(c)), 202, { location: "/v1/me/erasure" });
    },
  )
  .get(
    "/v1/me/erasure",
    route({
      policy: "person",
      summary: "Read how far the erasure of your account is",
      tags: TAGS,
      responses: { 200: erasureSchema },
      problems: ["not_found"],
    }),
    async (c) => c.json(await readErasure(requestPorts(c), personOf(c))),
  )
  .delete(
    "/v1/me/erasure",
    route({
      policy: "person",
      summary: "Undo the erasure of your account while it waits",
      tags: TAGS,
      responses: { 204: null },
      problems: ["not_found", "conflict"],
      idempotency: "off",
    }),
    async (c) => {
      await undoErasure(requestPorts(c), personOf(c));
      return c.body(null, 204);
    },
  )
  .get(
    "/v1/erasures/:receiptId",
    route({
      policy: "secret",
      summary: "Fetch the receipt of an erasure",
      description:
        "Send the secret of the receipt as bearer token. Once the erasure is done it is good once, and for ten more minutes should the answer get lost.",
      tags: TAGS,
      responses: { 200: receiptSchema },
      problems: ["not_found"],
    }),
    validate("param", receiptParam),
    async (c) => {
      const secret = BEARER.exec(c.req.header("authorization") ?? "")?.[1] ?? "";
      return c.json(await readReceipt(requestPorts(c).erasure, c.req.valid("param").receiptId, secret));
    },
  );
