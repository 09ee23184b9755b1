import { Hono } from "hono";
import { type AppEnv, personOf } from "../../shared/http/app-env";
import { route } from "../../shared/http/route";
import { validate } from "../../shared/http/validate";
import { freshTokenSchema, secondProofOf } from "../credentials";
import { beginProof, beginSignIn } from "./begin-flow";
import { identityRoutes } from "./identity-routes";
import { identityPorts } from "./ports";
import { proveAtProvider } from "./prove-at-provider";
import { receiveCallback } from "./receive-callback";
import { registerWithProvider } from "./register-with-provider";
import {
  beginFlowBody,
  begunSchema,
  callbackForm,
  callbackQuery,
  handoffBody,
  proveAtProviderBody,
  providerListSchema,
  providerParam,
  registerWithProviderBody,
  registrationSchema,
  signedInSchema,
} from "./schemas";
import { signInWithProvider } from "./sign-in-with-provider";

const COMPLETION = ["malformed", "invalid", "gone", "invalid_credentials", "vendor_failed", "not_found"] as const;
/** What a provider posts is a few hundred bytes and an id token that we do not read. */
const FORM_BYTES = 32_000;

export const identitiesRoutes = new Hono<AppEnv>()
  .get(
    "/v1/sign-in-providers",
    route({
      policy: "public",
      summary: "List the providers that one can sign in with here",
      tags: ["Sessions"],
      responses: { 200: providerListSchema },
    }),
    (c) => {
      const items = identityPorts(c).providers.map(({ provider: { id, title } }) => ({ id, title }));
      return c.json({ items, next: null });
    },
  )
  .post(
    "/v1/sessions/providers/:provider",
    route({
      policy: "public",
      summary: "Begin to sign in with a provider",
      description:
        "Make a verifier, send its challenge, open `authorizeUrl` in the person's browser within ten minutes. The browser comes back to `returnTo` with a `handoff`, which `POST /v1/sessions/providers` trades together with the verifier.",
      tags: ["Sessions"],
      responses: { 201: begunSchema },
      problems: ["malformed", "invalid", "not_found"],
      idempotency: "off",
    }),
    validate("param", providerParam),
    validate("json", beginFlowBody),
    async (c) => c.json(await beginSignIn(identityPorts(c), { ...c.req.valid("param"), ...c.req.valid("json") }), 201),
  )
  .post(
    "/v1/sessions/providers",
    route({
      policy: "public",
      summary: "Sign in with a provider",
      description:
        "With the handoff that the browser came back with. Somebody who has no account yet is answered 200 with a `registration`. An address that belongs to an account is no reason to be let into it: `email_taken` then means to sign in to that account and link the provider there. A second factor that is set up is asked for as after a password.",
      tags: ["Sessions"],
      responses: { 200: registrationSchema, 201: signedInSchema },
      problems: [...COMPLETION, "mfa_required", "locked", "email_taken", "forbidden"],
      idempotency: "off",
    }),
    validate("json", handoffBody),
    async (c) => {
      const answer = await signInWithProvider(identityPorts(c), c.req.valid("json"));
      return "registration" in answer ? c.json(answer, 200) : c.json(answer, 201);
    },
  )
  .post(
    "/v1/accounts/providers",
    route({
      policy: "public",
      summary: "Register with a provider",
      description:
        "With the token of the sign-in, within fifteen minutes. Everything about the person will lie in the region that is chosen here.",
      tags: ["Accounts"],
      responses: { 201: signedInSchema },
      problems: ["malformed", "invalid", "gone", "conflict", "email_taken"],
      idempotency: "off",
    }),
    validate("json", registerWithProviderBody),
    async (c) => c.json(await registerWithProvider(identityPorts(c), c.req.valid("json")), 201),
  )
  .post(
    "/v1/sessions/step-up/providers/:provider",
    route({
      policy: "person",
      summary: "Begin to prove again who you are, at a provider",
      description: "The provider must be linked. It is asked to let you sign in anew, and has to say that you did.",
      tags: ["Sessions"],
      responses: { 201: begunSchema },
      problems: ["malformed", "invalid", "not_found"],
      idempotency: "off",
    }),
    validate("param", providerParam),
    validate("json", beginFlowBody),
    async (c) => c.json(await beginProof(identityPorts(c), personOf(c), { ...c.req.valid("param"), ...c.req.valid("json") }), 201),
  )
  .post(
    "/v1/sessions/step-up/providers",
    route({
      policy: "person",
      summary: "Prove again who you are, at a provider",
      description: "In the session that began. Continue with the returned access token; the refresh token stays.",
      tags: ["Sessions"],
      responses: { 200: freshTokenSchema },
      problems: [...COMPLETION, "mfa_required", "locked", "step_up_required"],
      idempotency: "off",
    }),
    validate("json", proveAtProviderBody),
    async (c) => {
      const { handoff, verifier, ...codes } = c.req.valid("json");
      const proof = { actor: personOf(c), handoff: { handoff, verifier }, second: secondProofOf(codes) };
      return c.json(await proveAtProvider(identityPorts(c), proof));
    },
  )
  .get(
    "/v1/sign-in-providers/:provider/callback",
    route({
      policy: "public",
      summary: "Where a provider sends the browser back to",
      description: "Sends it on to `returnTo` with `provider` and a `handoff`, or an `error`: `access_denied` or `provider_failed`.",
      tags: ["Sessions"],
      responses: { 303: null },
      problems: ["malformed", "invalid", "gone", "not_found"],
    }),
    validate("param", providerParam),
    validate("query", callbackQuery),
    async (c) => {
      const given = { ...c.req.valid("param"), mode: "query", callback: c.req.valid("query") } as const;
      return c.redirect(await receiveCallback(identityPorts(c), given), 303);
    },
  )
  .post(
    "/v1/sign-in-providers/:provider/callback",
    route({
      policy: "public",
      summary: "Where a provider lets the browser post its answer",
      description:
        "For providers that answer with a form. It comes from the provider's own page, so no cookie plays a part: the state is kept here.",
      tags: ["Sessions"],
      responses: { 303: null },
      problems: ["malformed", "invalid", "gone", "not_found", "unsupported_media_type"],
      bodyLimit: FORM_BYTES,
      idempotency: "off",
    }),
    validate("param", providerParam),
    validate("form", callbackForm),
    async (c) => {
      const given = { ...c.req.valid("param"), mode: "form_post", callback: c.req.valid("form") } as const;
      return c.redirect(await receiveCallback(identityPorts(c), given), 303);
    },
  )
  .route("/", identityRoutes);
