import { Hono } from "hono";
import { type AppEnv, personOf } from "../../shared/http/app-env";
import { route } from "../../shared/http/route";
import { validate } from "../../shared/http/validate";
import { requireStepUp } from "../sessions";
import { credentialPorts } from "./ports";
import { renewRecoveryCodes } from "./recovery-codes";
import { confirmTotpBody, recoveryCodesSchema, totpEnrolmentSchema } from "./schemas";
import { confirmTotp, enrolTotp, removeTotp } from "./totp";

/** Every change here wants a fresh proof of identity, and answers with secrets that are kept nowhere: nothing is replayed. */
export const factorRoutes = new Hono<AppEnv>()
  .post(
    "/v1/me/totp",
    route({
      policy: "person",
      summary: "Begin to set up an authenticator app",
      description: "The app counts once one of its codes is confirmed. Asking again before that gives another secret.",
      tags: ["Credentials"],
      responses: { 201: totpEnrolmentSchema },
      problems: ["step_up_required", "conflict"],
      idempotency: "off",
    }),
    async (c) => {
      await requireStepUp(c);
      return c.json(await enrolTotp(credentialPorts(c), personOf(c)), 201);
    },
  )
  .post(
    "/v1/me/totp/confirmation",
    route({
      policy: "person",
      summary: "Confirm the authenticator app with one of its codes",
      description: "From then on signing in needs both factors. All other sessions end. The recovery codes are shown only here.",
      tags: ["Credentials"],
      responses: { 201: recoveryCodesSchema },
      problems: ["malformed", "invalid", "not_found", "step_up_required"],
      idempotency: "off",
    }),
    validate("json", confirmTotpBody),
    async (c) => {
      await requireStepUp(c);
      return c.json({ recoveryCodes: await confirmTotp(credentialPorts(c), personOf(c), c.req.valid("json").code) }, 201);
    },
  )
  .delete(
    "/v1/me/totp",
    route({
      policy: "person",
      summary: "Remove the authenticator app",
      description: "The recovery codes go with it, and all other sessions end.",
      tags: ["Credentials"],
      responses: { 204: null },
      problems: ["not_found", "step_up_required"],
      idempotency: "off",
    }),
    async (c) => {
      await requireStepUp(c);
      await removeTotp(credentialPorts(c), personOf(c));
      return c.body(null, 204);
    },
  )
  .post(
    "/v1/me/recovery-codes",
    route({
      policy: "person",
      summary: "Replace the recovery codes",
      description: "All other sessions end. The new codes are shown only here.",
      tags: ["Credentials"],
      responses: { 201: recoveryCodesSchema },
      problems: ["conflict", "step_up_required"],
      idempotency: "off",
    }),
    async (c) => {
      await requireStepUp(c);
      return c.json({ recoveryCodes: await renewRecoveryCodes(credentialPorts(c), personOf(c)) }, 201);
    },
  );
