import { openRefreshToken } from "../../shared/crypto/refresh-token";
import { issuerOf } from "../../shared/crypto/tokens";
import { patientId } from "../../shared/fhir/ids";
import { says, scopesOf } from "../../shared/fhir/scopes";
import { parseId, regionOf } from "../../shared/id";
import { endSession } from "../sessions";
import type { App } from "./apps";
import type { SmartPorts } from "./ports";

/** What an app's own access token is good for at this moment (RFC 7662). Anything else is not active, and nothing is said about it. */
export async function introspectOwn(ports: SmartPorts, app: App, text: string): Promise<Record<string, unknown>> {
  const found = await ports.oauth.inspect(text);
  if (found === undefined || "client" in found || found.clientId !== app.id) return { active: false };
  const { person, session, scope, region, expiresAt } = found;
  const now = ports.now();
  const living = await ports
    .stores(region)
    .records.prepare("select 1 from sessions where id = ?1 and person_id = ?2 and revoked_at is null and absolute_expiry > ?3")
    .bind(session, person, now)
    .first();
  if (living === null) return { active: false };
  const scopes = scopesOf(scope);
  const patient = patientId(person);
  return {
    active: true,
    scope,
    client_id: app.id,
    exp: expiresAt,
    token_type: "Bearer",
    patient,
    aud: ports.origin,
    ...(says(scopes, "openid") ? { iss: ports.origin, sub: person } : { iss: issuerOf(ports.origin, region) }),
    ...(says(scopes, "fhirUser") && { fhirUser: `${ports.base}/Patient/${patient}` }),
  };
}

/** Revokes an app's own token, refresh or access, with all that came of the same decision (RFC 7009). Answers alike for any other. */
export async function revokeOwn(ports: SmartPorts, app: App, text: string): Promise<void> {
  const refresh = await openRefreshToken((region) => ports.stores(region).keys, text);
  const access = refresh === undefined ? await ports.oauth.inspect(text) : undefined;
  const session = refresh?.session ?? (access === undefined || "client" in access ? undefined : access.session);
  if (session === undefined) return;
  const row = await ports
    .stores(regionOf(session))
    .records.prepare("select person_id from sessions where id = ? and client_id = ?")
    .bind(session, app.id)
    .first<{ person_id: string }>();
  const person = row === null ? undefined : parseId("person", row.person_id);
  if (person !== undefined) await endSession(ports, person, session, "app_removed");
}
