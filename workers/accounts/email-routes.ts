import { Hono } from "hono";
import { type AppEnv, personOf } from "../../shared/http/app-env";
import { route } from "../../shared/http/route";
import { validate } from "../../shared/http/validate";
import { requireStepUp } from "../sessions";
import { confirmEmailChange, requestEmailChange } from "./change-email";
import { accountPorts } from "./ports";
import { requestReset, resetPassword } from "./reset-password";
import { changeEmailBody, letterSentSchema, requestResetBody, resetBody, signedInSchema, verifyBody } from "./schemas";
import { verifyRegistration } from "./verified-registration";

const LETTER_SENT = { status: "letter_sent" };

/** Everything that a letter is part of. Answers say nothing about whether an address has an account. */
export const emailRoutes = new Hono<AppEnv>()
  .post(
    "/v1/accounts/verifications",
    route({
      policy: "public",
      summary: "Complete a registration with the code of the letter",
      description: "Within 24 hours, where addresses are verified before there is an account.",
      tags: ["Accounts"],
      responses: { 201: signedInSchema },
      problems: ["malformed", "invalid", "gone", "email_taken"],
      idempotency: "off",
    }),
    validate("json", verifyBody),
    async (c) => c.json(await verifyRegistration(accountPorts(c), c.req.valid("json").token), 201),
  )
  .post(
    "/v1/password-resets",
    route({
      policy: "public",
      summary: "Ask for a letter with which a new password can be chosen",
      description: "The answer is the same for every address. The code of the letter is good for 20 minutes.",
      tags: ["Credentials"],
      responses: { 202: letterSentSchema },
      problems: ["malformed", "invalid"],
      idempotency: "off",
    }),
    validate("json", requestResetBody),
    async (c) => {
      await requestReset(accountPorts(c), c.req.valid("json").email);
      return c.json(LETTER_SENT, 202);
    },
  )
  .post(
    "/v1/password-resets/completions",
    route({
      policy: "public",
      summary: "Choose a new password with the code of the letter",
      description: "Ends all sessions and signs nobody in: a second factor stays in force.",
      tags: ["Credentials"],
      responses: { 204: null },
      problems: ["malformed", "invalid", "gone"],
      idempotency: "off",
    }),
    validate("json", resetBody),
    async (c) => {
      await resetPassword(accountPorts(c), c.req.valid("json"));
      return c.body(null, 204);
    },
  )
  .post(
    "/v1/me/email",
    route({
      policy: "person",
      summary: "Begin to change your e-mail address",
      description: "A letter with a code goes to the new address. Giving the present one proves that its mailbox is yours.",
      tags: ["Accounts"],
      responses: { 202: letterSentSchema },
      problems: ["malformed", "invalid", "step_up_required"],
      idempotency: "off",
    }),
    validate("json", changeEmailBody),
    async (c) => {
      await requireStepUp(c);
      await requestEmailChange(accountPorts(c), personOf(c), c.req.valid("json").email);
      return c.json(LETTER_SENT, 202);
    },
  )
  .post(
    "/v1/me/email/confirmation",
    route({
      policy: "person",
      summary: "Change your e-mail address with the code of the letter",
      description: "Within 24 hours. All other sessions end, and the old address is told.",
      tags: ["Accounts"],
      responses: { 204: null },
      problems: ["malformed", "invalid", "gone", "email_taken", "step_up_required"],
      idempotency: "off",
    }),
    validate("json", verifyBody),
    async (c) => {
      await requireStepUp(c);
      await confirmEmailChange(accountPorts(c), personOf(c), c.req.valid("json").token);
      return c.body(null, 204);
    },
  );
