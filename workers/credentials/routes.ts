import { Hono } from "hono";
import { type AppEnv, personOf } from "../../shared/http/app-env";
import { route } from "../../shared/http/route";
import { validate } from "../../shared/http/validate";
import { isFresh } from "../sessions";
import { changePassword } from "./change-password";
import { credentialPorts } from "./ports";
import { changePasswordBody } from "./schemas";

export const credentialsRoutes = new Hono<AppEnv>().put(
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
);
