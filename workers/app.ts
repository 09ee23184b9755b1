import { Hono } from "hono";
import { type Clock, systemClock } from "../shared/clock";
import type { AppEnv } from "../shared/http/app-env";
import { frame } from "../shared/http/frame";
import { assertPolicies, methodsAt } from "../shared/http/policies";
import { renderError, renderProblem } from "../shared/http/render-problem";
import { StaticFirstRouter } from "../shared/http/static-first-router";
import { consoleLog, type Log } from "../shared/log";
import { problem } from "../shared/problem";
import { accountsRoutes } from "./accounts/routes";
import { credentialsRoutes } from "./credentials/routes";
import { routePath } from "./fhir/negotiate";
import { accessRoutes } from "./consents/access-routes";
import { challengesRoutes } from "./challenges/routes";
import { consentsRoutes } from "./consents/routes";
import { emergencyRoutes } from "./emergency/routes";
import { connectionsRoutes } from "./connections/routes";
import { exportsRoutes } from "./exports/routes";
import { erasureRoutes } from "./erasure/routes";
import { fhirRoutes } from "./fhir/routes";
import { fhirSourceRoutes } from "./fhir/source-routes";
import { fhirTargetRoutes } from "./fhir/target-routes";
import { biometricsRoutes } from "./biometrics/routes";
import { identitiesRoutes } from "./identities/routes";
import { importsRoutes } from "./imports/routes";
import { keysRoutes } from "./keys/routes";
import { labsRoutes } from "./labs/routes";
import { inboxRoutes } from "./inbox/routes";
import { recordsRoutes } from "./records/routes";
import { liveRoutes } from "./live/routes";
import { messagingRoutes } from "./messaging/routes";
import { mailRoutes } from "./mail/routes";
import { movingRoutes } from "./moving/routes";
import { notificationsRoutes } from "./notifications/routes";
import { operationsRoutes } from "./operations/routes";
import { partnersRoutes } from "./partners/routes";
import { referenceRoutes } from "./reference/routes";
import { regional } from "./regional";
import { callsRoutes } from "./calls/routes";
import { streamRoutes } from "./calls/stream-routes";
import { rewardsRoutes } from "./rewards/routes";
import { rolesRoutes } from "./roles/routes";
import { securityRoutes } from "./security/routes";
import { retentionRoutes } from "./retention/routes";
import { researchRoutes } from "./research/routes";
import { sessionsRoutes } from "./sessions/routes";
import { smartRoutes } from "./smart/routes";
import { socialRoutes } from "./social/routes";
import { webhooksRoutes } from "./webhooks/routes";

export interface AppOptions {
  readonly log?: Log;
  readonly now?: Clock;
}

/** Builds the HTTP side of the Worker: middleware in order, then every domain. Throws where a route declares no policy. */
export function createApp(options: AppOptions = {}): Hono<AppEnv> {
  const { log = consoleLog, now = systemClock } = options;
  const app = new Hono<AppEnv>({ getPath: routePath, router: new StaticFirstRouter() });

  app.use(
    frame(log, now, (c) => {
      c.set("now", now);
      const { idempotency, records } = storesOf(c.env);
      c.set("idempotency", idempotency);
      c.set("records", records);
    }),
  );

  app.route("/", accountsRoutes);
  app.route("/", sessionsRoutes);
  app.route("/", credentialsRoutes);
  app.route("/", identitiesRoutes);
  app.route("/", mailRoutes);
  app.route("/", fhirTargetRoutes);
  app.route("/", fhirSourceRoutes);
  app.route("/", biometricsRoutes);
  app.route("/", importsRoutes);
  app.route("/", exportsRoutes);
  app.route("/", retentionRoutes);
  app.route("/", labsRoutes);
  app.route("/", recordsRoutes);
  app.route("/", inboxRoutes);
  app.route("/", rewardsRoutes);
  app.route("/", callsRoutes);
  app.route("/", streamRoutes);
  app.route("/", notificationsRoutes);
  app.route("/", referenceRoutes);
  app.route("/", connectionsRoutes);
  app.route("/", liveRoutes);
  app.route("/", messagingRoutes);
  app.route("/", accessRoutes);
  app.route("/", consentsRoutes);
  app.route("/", partnersRoutes);
  app.route("/", smartRoutes);
  app.route("/", socialRoutes);
  app.route("/", webhooksRoutes);
  app.route("/", rolesRoutes);
  app.route("/", keysRoutes);
  app.route("/", securityRoutes);
  app.route("/", emergencyRoutes);
  app.route("/", researchRoutes);
  app.route("/", challengesRoutes);
  app.route("/", erasureRoutes);
  app.route("/", movingRoutes);
  // Its paths have a type where others of this base have a word of their own.
  app.route("/", fhirRoutes);
  app.route("/", operationsRoutes(app));

  app.onError((error, c) => renderError(c, error, log));
  app.notFound((c) => {
    const methods = methodsAt(app, c.req.path);
    if (methods.length === 0) return renderProblem(c, problem("not_found"));
    const answer = renderProblem(c, problem("method_not_allowed", `Use ${methods.join(", ")}.`));
    answer.headers.set("allow", methods.join(", "));
    return answer;
  });

  assertPolicies(app);
  return app;
}

type Stores = Pick<AppEnv["Variables"], "idempotency" | "records">;
const stores = new WeakMap<Env, Stores>();

/** Where shared code finds the stores of a region; the same functions for every request of an isolate. */
function storesOf(env: Env): Stores {
  let found = stores.get(env);
  if (found === undefined) {
    found = { idempotency: (region) => regional(env, region), records: (region) => regional(env, region).records };
    stores.set(env, found);
  }
  return found;
}
