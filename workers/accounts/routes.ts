import { Hono } from "hono";
import * as z from "zod";
import { type AppEnv, personOf } from "../../shared/http/app-env";
import { route } from "../../shared/http/route";
import { validate } from "../../shared/http/validate";
import { problem } from "../../shared/problem";
import { challengeBody, passkeySignInBody, relyingParty, secondProofOf } from "../credentials";
import { changeMe } from "./change-me";
import { completeSignIn } from "./complete-sign-in";
import { emailRoutes } from "./email-routes";
import { accountPorts } from "./ports";
import { regionSchema } from "./profile";
import { readMe } from "./read-me";
import { registerPerson } from "./register-person";
import { changeMeBody, letterSentSchema, meSchema, registerBody, signedInSchema, signInBody } from "./schemas";
import { signIn } from "./sign-in";
import { signInWithPasskey } from "./sign-in-with-passkey";
import { beginRegistration } from "./verified-registration";

const LETTER_SENT = { status: "letter_sent" };
const regionInBody = z.object({ region: regionSchema });

export const accountsRoutes = new Hono<AppEnv>()
  .post(
    "/v1/accounts",
    route({
      policy: "public",
      summary: "Register a person",
      description:
        "Everything about the person will lie in the region that is chosen here. Where addresses are verified first, the answer is 202 and the tokens come with `POST /v1/accounts/verifications`.",
      tags: ["Accounts"],
      responses: { 201: signedInSchema, 202: letterSentSchema },
      problems: ["malformed", "invalid", "email_taken"],
      idempotency: (body) => regionInBody.safeParse(body).data?.region,
    }),
    validate("json", registerBody),
    async (c) => {
      if (c.env.VERIFY_EMAIL !== "on") return c.json(await registerPerson(accountPorts(c), c.req.valid("json")), 201);
      await beginRegistration(accountPorts(c), c.req.valid("json"));
      return c.json(LETTER_SENT, 202);
    },
  )
  .route("/", emailRoutes)
  .post(
    "/v1/sessions",
    route({
      policy: "public",
      summary: "Sign in with e-mail and password",
      description:
        "After ten failures the account is locked for a while, for the right password too; see `Retry-After`. Where a second factor is set up, the right password is answered with `mfa_required` and a `challenge`.",
      tags: ["Sessions"],
      responses: { 201: signedInSchema },
      problems: ["malformed", "invalid", "invalid_credentials", "mfa_required", "locked"],
      idempotency: "off",
    }),
    validate("json", signInBody),
    async (c) => c.json(await signIn(accountPorts(c), c.req.valid("json")), 201),
  )
  .post(
    "/v1/sessions/challenges",
    route({
      policy: "public",
      summary: "Complete a sign-in with the second factor",
      description: "Within five minutes of the `challenge`. A wrong code leaves it and counts as an attempt at the account.",
      tags: ["Sessions"],
      responses: { 201: signedInSchema },
      problems: ["malformed", "invalid", "unauthenticated", "invalid_credentials", "locked"],
      idempotency: "off",
    }),
    validate("json", challengeBody),
    async (c) => {
      const body = c.req.valid("json");
      const second = secondProofOf(body);
      if (second === undefined) {
        const message = "Give a code of the app or a recovery code.";
        throw problem("invalid", undefined, { errors: [{ pointer: "/code", code: "missing", message }] });
      }
      return c.json(await completeSignIn(accountPorts(c), { challenge: body.challenge, second }), 201);
    },
  )
  .post(
    "/v1/sessions/passkeys",
    route({
      policy: "public",
      summary: "Sign in with a passkey",
      description: "With the answer of `navigator.credentials.get()`. A passkey counts as both factors and passes the lock of an account.",
      tags: ["Sessions"],
      responses: { 201: signedInSchema },
      problems: ["malformed", "invalid", "invalid_credentials", "locked"],
      idempotency: "off",
    }),
    validate("json", passkeySignInBody),
    async (c) => c.json(await signInWithPasskey(accountPorts(c), relyingParty(c.env), c.req.valid("json").response), 201),
  )
  .get(
    "/v1/me",
    route({ policy: "person", summary: "Read your own profile", tags: ["Accounts"], responses: { 200: meSchema } }),
    async (c) => c.json(await readMe(accountPorts(c), { actor: personOf(c) })),
  )
  .patch(
    "/v1/me",
    route({
      policy: "person",
      summary: "Change your own profile",
      tags: ["Accounts"],
      responses: { 200: meSchema },
      problems: ["malformed", "invalid"],
    }),
    validate("json", changeMeBody),
    async (c) => c.json(await changeMe(accountPorts(c), { actor: personOf(c), change: c.req.valid("json") })),
  );
