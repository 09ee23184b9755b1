import {
  allowInsecureRequests,
  clientCredentialsGrant,
  type Configuration,
  customFetch,
  discovery,
  PrivateKeyJwt,
  tokenIntrospection,
  tokenRevocation,
} from "openid-client";
import { describe, expect, test } from "vitest";
import { fetchAs, make, newClient, newKey, newOrganisation, type TestClient } from "../../test/partners";
import { fetchApp, ORIGIN, registerPerson } from "../../test/people";

/** A client that is not ours, as a partner would use it: all that it is told are the issuer, its id and its key. */
async function configure({ id, key, region }: TestClient): Promise<Configuration> {
  return await discovery(new URL(`${ORIGIN}/${region}`), id, undefined, PrivateKeyJwt({ key: key.privateKey, kid: key.kid }), {
    algorithm: "oauth2",
    // The tests serve without TLS.
    execute: [allowInsecureRequests],
    [customFetch]: async (url, { method, headers, body }) => {
      const { origin, pathname, search } = new URL(url);
      expect(origin).toBe(ORIGIN);
      return await fetchApp(`${pathname}${search}`, { method, headers, body: body instanceof URLSearchParams ? body.toString() : null });
    },
  });
}

const [organisation, person] = await Promise.all([newOrganisation("us"), registerPerson("eu")]);
await make(person, "/v1/me/consents", {
  grantee: { kind: "organisation", id: organisation.id },
  role: "partner",
  categories: ["vitals"],
  actions: ["read"],
  purpose: "personal",
});

describe.each(["ES384", "RS384", "Ed25519"])("openid-client with %s", (alg) => {
  test("discovers, gets a token, reads by consent, introspects and revokes", async () => {
    const config = await configure(await newClient(organisation, ["read:vitals", "read:sleep"], await newKey(alg)));
    const answer = await clientCredentialsGrant(config, { scope: "read:vitals" });
    expect(answer).toMatchObject({ token_type: "bearer", expires_in: 300, scope: "read:vitals" });
    const path = `/v1/people/${person.person.id}/metrics`;
    expect((await fetchAs(answer.access_token, path)).status).toBe(200);
    expect(await tokenIntrospection(config, answer.access_token)).toMatchObject({ active: true, scope: "read:vitals" });
    await tokenRevocation(config, answer.access_token);
    expect(await tokenIntrospection(config, answer.access_token)).toEqual({ active: false });
    expect((await fetchAs(answer.access_token, path)).status).toBe(401);
  });

  test("is told what is wrong", async () => {
    const client = await newClient(organisation, ["read:vitals"], await newKey(alg));
    const refused = clientCredentialsGrant(await configure(client), { scope: "read:labs" });
    await expect(refused).rejects.toMatchObject({ error: "invalid_scope", status: 400 });
    const stranger = clientCredentialsGrant(await configure({ ...client, key: { ...(await newKey(alg)), kid: client.key.kid } }));
    await expect(stranger).rejects.toMatchObject({ status: 401 });
  });
});

test("a client that a person lets in is refused with the call after they take it back", async () => {
  const config = await configure(await newClient(organisation, ["read:vitals"]));
  const owner = await registerPerson("eu");
  const consent = await make(owner, "/v1/me/consents", {
    grantee: { kind: "app", id: config.clientMetadata().client_id },
    role: "partner",
    categories: ["vitals"],
    actions: ["read"],
    purpose: "personal",
  });
  const { access_token: token } = await clientCredentialsGrant(config);
  const path = `/v1/people/${owner.person.id}/metrics/heart_rate`;
  expect((await fetchAs(token, path)).status).toBe(200);
  expect((await owner.fetch(`/v1/me/consents/${consent}`, { method: "DELETE" })).status).toBe(204);
  expect((await fetchAs(token, path)).status).toBe(404);
});
