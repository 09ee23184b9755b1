import { Hono } from "hono";
import { identityKeySet } from "../../shared/crypto/identity-tokens";
import { publicKeySet } from "../../shared/crypto/tokens";
import { type AppEnv, personOf } from "../../shared/http/app-env";
import { ringsOf } from "../../shared/http/authenticate";
import { pageOf, pageQuery } from "../../shared/http/page";
import { route } from "../../shared/http/route";
import { validate } from "../../shared/http/validate";
import { regionOf } from "../../shared/id";
import { endMySessions, endOneSession, endSession } from "./end-session";
import { listSessions } from "./list-sessions";
import { sessionPorts } from "./ports";
import { refreshSession } from "./refresh-session";
import { endSessionsQuery, keySetSchema, refreshBody, refreshedSchema, sessionListSchema, sessionParam } from "./schemas";

/** Verifiers elsewhere may keep the keys for so long; a new key is published at least as long before it signs. */
const KEY_SET_SECONDS = 300;

export const sessionsRoutes = new Hono<AppEnv>()
  .post(
    "/v1/sessions/refresh",
    route({
      policy: "public",
      summary: "Exchange a refresh token for the next pair of tokens",
      description: "Within ten seconds a repeated call gets the same successor. Using an older token again ends the session.",
      tags: ["Sessions"],
      responses: { 200: refreshedSchema },
      problems: ["malformed", "invalid", "unauthenticated", "session_ended"],
      idempotency: "off",
    }),
    validate("json", refreshBody),
    async (c) => c.json({ tokens: await refreshSession(sessionPorts(c), c.req.valid("json").refreshToken) }),
  )
  .get(
    "/v1/sessions",
    route({
      policy: "person",
      summary: "List your own sessions, newest first",
      tags: ["Sessions"],
      responses: { 200: sessionListSchema },
      problems: ["invalid"],
    }),
    validate("query", pageQuery),
    async (c) => {
      const [ports, actor] = [sessionPorts(c), personOf(c)];
      const list = {
        name: "sessions",
        items: await listSessions(ports, actor),
        place: ({ id }: { readonly id: string }) => id,
        newestFirst: true,
      };
      return c.json(await pageOf(ports.stores(regionOf(actor.person)).keys, actor.person, list, c.req.valid("query")));
    },
  )
  .delete(
    "/v1/sessions",
    route({
      policy: "person",
      summary: "End all your own sessions, or all others",
      description: "At once, with their live streams. Keys of programs stay: they are revoked one by one.",
      tags: ["Sessions"],
      responses: { 204: null },
      problems: ["invalid"],
      idempotency: "off",
    }),
    validate("query", endSessionsQuery),
    async (c) => {
      await endMySessions(sessionPorts(c), personOf(c), c.req.valid("query").except === "current");
      return c.body(null, 204);
    },
  )
  .delete(
    "/v1/sessions/current",
    route({ policy: "person", summary: "Sign out", tags: ["Sessions"], responses: { 204: null }, idempotency: "off" }),
    async (c) => {
      const actor = personOf(c);
      await endSession(sessionPorts(c), actor.person, actor.session, "signed_out");
      return c.body(null, 204);
    },
  )
  .delete(
    "/v1/sessions/:id",
    route({
      policy: "person",
      summary: "End one of your own sessions",
      tags: ["Sessions"],
      responses: { 204: null },
      problems: ["not_found"],
      idempotency: "off",
    }),
    validate("param", sessionParam),
    async (c) => {
      await endOneSession(sessionPorts(c), personOf(c), c.req.valid("param").id);
      return c.body(null, 204);
    },
  )
  .get(
    "/.well-known/jwks.json",
    route({
      policy: "public",
      summary: "Public keys of all regions that sign tokens (RFC 7517)",
      tags: ["Sessions"],
      responses: { 200: keySetSchema },
    }),
    (c) => {
      c.header("cache-control", `public, max-age=${KEY_SET_SECONDS}`);
      const rings = ringsOf(c.env);
      return c.json({ keys: [...publicKeySet(rings).keys, ...identityKeySet(rings)] });
    },
  );
