import { Hono } from "hono";
import { type AppEnv, personOf } from "../../shared/http/app-env";
import { route } from "../../shared/http/route";
import { validate } from "../../shared/http/validate";
import { isFresh } from "../sessions";
import { apiKeyRoutes } from "./api-key-routes";
import { changePassword } from "./change-password";
import { factorRoutes } from "./factor-routes";
import { passkeyRoutes } from "./passkey-routes";
import { credentialPorts } from "./ports";
import { proveAgain, proveAgainByPasskey } from "./prove-again";
import { relyingParty } from "./relying-party";
import { readFactors } from "./read-factors";
import { changePasswordBody, factorsSchema, freshTokenSchema, renewedProofOf, stepUpBody } from "./schemas";

export const credentialsRoutes = new Hono<AppEnv>()
  .put(
    "/v1/me/password",
    route({
      policy: "person",
      summary: "Change your own password",
      description:
        "Give the present password, or do it within five minutes of signing in. All other sessions end at once, with their live streams.",
      tags: ["Credentials"],
      responses: { 204: null },
      problems: ["malformed", "invalid", "step_up_required", "conflict", "locked"],
      idempotency: "off",
    }),
    validate("json", changePasswordBody),
    async (c) => {
      const change = c.req.valid("json");
      await changePassword(credentialPorts(c), {
        actor: personOf(c),
        fresh: await isFresh(c),
        currentPassword: change.currentPassword,
        newPassword: change.newPassword,
      });
      return c.body(null, 204);
    },
  )
  .post(
    "/v1/sessions/step-up",
    route({
      policy: "person",
      summary: "Prove again who you are",
      description:
        "Changes to credentials want a proof that is at most five minutes old, and answer `step_up_required` otherwise. Continue with the returned access token; the refresh token stays.",
      tags: ["Sessions"],
      responses: { 200: freshTokenSchema },
      problems: ["malformed", "invalid", "invalid_credentials", "mfa_required", "locked"],
      idempotency: "off",
    }),
    validate("json", stepUpBody),
    async (c) => {
      const proof = renewedProofOf(c.req.valid("json"));
      const ports = credentialPorts(c);
      if (proof.kind === "passkey") {
        return c.json(await proveAgainByPasskey(ports, relyingParty(c.env), { actor: personOf(c), response: proof.response }));
      }
      return c.json(await proveAgain(ports, { actor: personOf(c), password: proof.password, second: proof.second }));
    },
  )
  .get(
    "/v1/me/factors",
    route({
      policy: "person",
      summary: "List what you can prove who you are with",
      tags: ["Credentials"],
      responses: { 200: factorsSchema },
    }),
    async (c) => c.json(await readFactors(credentialPorts(c), personOf(c))),
  )
  .route("/", factorRoutes)
  .route("/", passkeyRoutes)
  .route("/", apiKeyRoutes);
