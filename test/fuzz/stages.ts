import { exportJWK, generateKeyPair, SignJWT } from "jose";
import * as z from "zod";
import { ringsOf } from "../../shared/http/authenticate";
import { parseId, systemRandom } from "../../shared/id";
import { signAccessToken } from "../../shared/crypto/tokens";
import { isRegion } from "../../shared/region";
import { Known } from "./known";
import type { Plan } from "./plan";
import { bearer, type Person, parsed, type World } from "./world";

/** Who makes a call that not everybody may make, and what its path then names. */
export interface Stage {
  readonly as?: Person;
  readonly headers?: readonly (readonly [string, string])[];
  readonly path?: Readonly<Record<string, string>>;
  /** What a valid call says where the schema alone does not tell. */
  readonly body?: unknown;
}

const madeSchema = z.looseObject({ id: z.string() });
const sidSchema = z.looseObject({ sid: z.string() });
const tokenSchema = z.looseObject({ access_token: z.string() });
const requestedSchema = z.looseObject({ receipt: z.looseObject({ path: z.string(), secret: z.string() }) });

/** Things that a run makes once and uses often. */
const kept = new WeakMap<World, Map<string, Promise<unknown>>>();

async function once<T>(world: World, name: string, make: () => Promise<T>): Promise<T> {
  const known = kept.get(world) ?? new Map<string, Promise<unknown>>();
  kept.set(world, known);
  const found = known.get(name) ?? make();
  known.set(name, found);
  return (await found) as T;
}

/** What a call made; throws where it made nothing, with what was answered. */
async function made(world: World, person: Person, target: string, body: unknown, method = "POST"): Promise<string> {
  const answer = await world.json(method, target, body, person);
  const found = madeSchema.safeParse(parsed(answer.text)).data;
  if (found === undefined) throw new TypeError(`${target} answered ${answer.status} ${answer.text.slice(0, 200)}`);
  return found.id;
}

/** Somebody new who holds roles, in a session with two factors. */
export async function holder(world: World, roles: readonly string[], region = "eu"): Promise<Person> {
  const person = await world.register(region);
  await world.change(region, "update people set roles = ? where id = ?", JSON.stringify(["user", ...roles]), person.id);
  return await strengthen(world, person);
}

/** The same person in the same session, as if they had just proven themselves with two factors; it can be done again. */
export async function strengthen(world: World, person: Person): Promise<Person> {
  const { sid } = sidSchema.parse(JSON.parse(atob((person.accessToken.split(".")[1] ?? "").replaceAll("-", "+").replaceAll("_", "/"))));
  const session = parseId("session", sid);
  const id = parseId("person", person.id);
  if (session === undefined || id === undefined || !isRegion(person.region)) throw new TypeError("nobody's token");
  await world.change(person.region, "update sessions set acr = 'aal2' where id = ?", session);
  const { region } = person;
  const renew = async () => {
    const now = Date.now();
    const claims = { person: id, session, clientId: "meridian", scope: "me", amr: ["hwk"], acr: "aal2" } as const;
    const { KEYS_EU = "", KEYS_US = "", KEYS_AP = "" } = world.secrets;
    const ring = ringsOf({ KEYS_EU, KEYS_US, KEYS_AP })[region];
    person.accessToken = await signAccessToken(world.origin, ring, { ...claims, authTime: Math.floor(now / 1_000) }, now, systemRandom);
  };
  await renew();
  person.renew = renew;
  return person;
}

interface Firm {
  readonly owner: Person;
  readonly member: Person;
  readonly organisation: string;
  readonly client: string;
  readonly key: CryptoKey;
}

const KID = "fuzz";

async function publicKey(): Promise<{ readonly jwk: unknown; readonly key: CryptoKey }> {
  const { publicKey: known, privateKey: key } = await generateKeyPair("ES256", { extractable: true });
  const { kty, crv, x, y } = await exportJWK(known);
  return { jwk: { kty, crv, x, y, kid: KID }, key };
}

const newClient = async (world: World, owner: Person, organisation: string, jwk: unknown) =>
  await made(world, owner, `/v1/organisations/${organisation}/clients`, { name: "Report", scopes: ["read:*"], jwks: { keys: [jwk] } });

async function firm(world: World): Promise<Firm> {
  return await once(world, "firm", async () => {
    const [owner, member] = await Promise.all([holder(world, []), holder(world, [])]);
    const organisation = await made(world, owner, "/v1/organisations", { name: "Clinic" });
    await world.json("POST", `/v1/organisations/${organisation}/members`, { person: member.id, role: "member" }, owner);
    await world.json("POST", `/v1/organisations/${organisation}/acceptance`, undefined, member);
    const { jwk, key } = await publicKey();
    return { owner, member, organisation, client: await newClient(world, owner, organisation, jwk), key };
  });
}

/** The form with which a client proves itself; each proof is good once. */
export async function proofOf(world: World, more: Readonly<Record<string, string>>): Promise<URLSearchParams> {
  const { client, key } = await firm(world);
  const now = Math.floor(Date.now() / 1_000);
  const claims = { iss: client, sub: client, aud: `${world.origin}/eu`, jti: crypto.randomUUID(), iat: now, exp: now + 60 };
  return new URLSearchParams({
    client_assertion_type: "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
    client_assertion: await new SignJWT(claims).setProtectedHeader({ alg: "ES256", kid: KID }).sign(key),
    ...more,
  });
}

/** A client's access token. */
export async function clientToken(world: World): Promise<string> {
  const form = await proofOf(world, { grant_type: "client_credentials" });
  const answer = await world.send({
    method: "POST",
    target: "/oauth/token",
    headers: [["content-type", "application/x-www-form-urlencoded"]],
    body: new TextEncoder().encode(form.toString()),
  });
  return tokenSchema.safeParse(parsed(answer.text)).data?.access_token ?? "";
}

const TERMS = {
  title: "Steps of a week",
  purpose: "How the steps of a week differ between people.",
  categories: ["activity"],
  metrics: ["steps"],
  period: { from: "2025-03-01", to: "2025-03-08" },
  epsilon: 10,
};

/** A programme that a researcher has opened. */
async function programme(world: World, fresh = false): Promise<{ readonly as: Person; readonly id: string }> {
  const as = await once(world, "researcher", async () => await holder(world, ["partner"]));
  const make = async () => {
    const id = await made(world, as, "/v1/programmes", TERMS);
    await world.json("PATCH", `/v1/programmes/${id}`, { state: "open" }, as);
    return { as, id };
  };
  return fresh ? await make() : await once(world, "programme", make);
}

/** An emergency access that a clinician has just opened. */
export async function emergency(world: World): Promise<{ readonly id: string; readonly victim: Person; readonly reviewer: Person }> {
  const victim = await once(world, "victim", async () => await world.register("eu"));
  const [clinician, reviewer] = await Promise.all([
    holder(world, ["clinician"]),
    once(world, "moderator", async () => await holder(world, ["moderator"])),
  ]);
  const id = await made(world, clinician, `/v1/people/${victim.id}/emergency-access`, { reason: "Found unconscious, nobody else there." });
  return { id, victim, reviewer };
}

async function exported(world: World): Promise<Stage> {
  return await once(world, "export", async () => {
    const as = await world.register("eu");
    const id = await made(world, as, "/v1/me/exports", {});
    for (let tries = 0; tries < 100; tries++) {
      const answer = await world.send({ method: "GET", target: `/v1/me/exports/${id}`, headers: bearer(as) });
      if (!answer.text.includes('"running"')) break;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    return { as, path: { id } };
  });
}

async function leaver(world: World): Promise<{ readonly as: Person; readonly receiptId: string; readonly secret: string }> {
  return await once(world, "leaver", async () => {
    const as = await world.register("eu");
    const answer = await world.send({ method: "DELETE", target: "/v1/me", headers: bearer(as) });
    const { path, secret } = requestedSchema.parse(parsed(answer.text)).receipt;
    return { as, secret, receiptId: path.split("/").pop() ?? "" };
  });
}

const operator = async (world: World): Promise<Stage> => ({
  headers: [["authorization", `Bearer ${world.secrets["OPERATIONS_SECRET"] ?? ""}`]],
});
const owner = async (world: World): Promise<Stage> => {
  const { owner: as, organisation, client } = await firm(world);
  return { as, path: { organisationId: organisation, clientId: client } };
};
const member = async (world: World): Promise<Stage> => {
  const {
    owner: as,
    member: { id },
    organisation,
  } = await firm(world);
  return { as, path: { organisationId: organisation, personId: id } };
};
const researcher = async (world: World): Promise<Stage> => {
  const { as, id } = await programme(world);
  return { as, path: { id } };
};
const PART = { categories: ["activity"] };
const participant = async (world: World): Promise<Stage> => {
  const { id } = await programme(world);
  const as = await once(world, "participant", async () => await world.register("eu"));
  await world.json("POST", `/v1/programmes/${id}/participation`, PART, as);
  return { as, path: { id } };
};
const release = async (world: World): Promise<Stage> =>
  await once(world, "release", async () => {
    const { as, id } = await programme(world, true);
    return { as, path: { id, exportId: await made(world, as, `/v1/programmes/${id}/exports`, undefined) } };
  });
const reviewed = async (world: World): Promise<Stage> =>
  await once(world, "reviewed", async () => {
    const { id, reviewer: as } = await emergency(world);
    return { as, path: { id } };
  });
const administrator = async (world: World): Promise<Stage> => {
  const [as, { id }] = await Promise.all([
    once(world, "admin", async () => await holder(world, ["admin"])),
    once(world, "governed", async () => await world.register("eu")),
  ]);
  return { as, path: { personId: id } };
};

/** Operations whose callers hold a role, own something, or are no person; other plans of theirs go out as they are. */
export const STAGES: Readonly<Record<string, (world: World) => Promise<Stage>>> = {
  getV1OperationsCarriers: operator,
  getV1OperationsKeys: operator,
  postV1OperationsKeysMoves: operator,
  getV1OperationsSecurityEvents: operator,
  getV1OperationsSecurityEventsVerify: operator,
  getV1AdminPeopleByPersonIdRoles: administrator,
  putV1AdminPeopleByPersonIdRoles: async (world) => {
    const stage = await administrator(world);
    const target = `/v1/admin/people/${stage.path?.["personId"] ?? ""}/roles`;
    const answer = await world.send({ method: "GET", target, headers: stage.as === undefined ? [] : bearer(stage.as) });
    return { ...stage, headers: [["if-match", answer.headers.get("etag") ?? ""]] };
  },
  postV1Organisations: async (world) => {
    const as = await once(world, "founder", async () => await holder(world, []));
    await world.change("eu", CLOSE_OLD, as.id);
    return { as };
  },
  getV1OrganisationsByOrganisationId: owner,
  patchV1OrganisationsByOrganisationId: async (world) => {
    const { owner: as } = await firm(world);
    return { as, path: { organisationId: await madeOrganisation(world, as) } };
  },
  deleteV1OrganisationsByOrganisationId: async (world) => {
    const { owner: as } = await firm(world);
    return { as, path: { organisationId: await madeOrganisation(world, as) } };
  },
  postV1OrganisationsByOrganisationIdAcceptance: async (world) => {
    const { owner: as, member: invited } = await firm(world);
    const organisation = await madeOrganisation(world, as);
    await world.json("POST", `/v1/organisations/${organisation}/members`, { person: invited.id, role: "member" }, as);
    return { as: invited, path: { organisationId: organisation } };
  },
  getV1OrganisationsByOrganisationIdClients: owner,
  getV1OrganisationsByOrganisationIdClientsByClientId: owner,
  deleteV1OrganisationsByOrganisationIdClientsByClientId: async (world) => {
    const { owner: as } = await firm(world);
    const organisation = await madeOrganisation(world, as);
    const { jwk } = await publicKey();
    return { as, path: { organisationId: organisation, clientId: await newClient(world, as, organisation, jwk) } };
  },
  getV1OrganisationsByOrganisationIdMembers: owner,
  patchV1OrganisationsByOrganisationIdMembersByPersonId: member,
  deleteV1OrganisationsByOrganisationIdMembersByPersonId: async (world) => {
    const { owner: as, member: invited } = await firm(world);
    const organisation = await madeOrganisation(world, as);
    await world.json("POST", `/v1/organisations/${organisation}/members`, { person: invited.id, role: "member" }, as);
    return { as, path: { organisationId: organisation, personId: invited.id } };
  },
  getV1SharedWithUs: async (world) => ({
    headers: [["authorization", `Bearer ${await clientToken(world)}`]],
  }),
  getV1Programmes: researcher,
  postV1Programmes: async (world) => ({ ...(await researcher(world)), body: TERMS }),
  getV1ProgrammesById: researcher,
  patchV1ProgrammesById: async (world) => {
    const { as } = await programme(world);
    return { as, path: { id: await made(world, as, "/v1/programmes", TERMS) } };
  },
  postV1ProgrammesByIdExports: async (world) => {
    const { as, id } = await programme(world, true);
    return { as, path: { id } };
  },
  getV1ProgrammesByIdExports: researcher,
  getV1ProgrammesByIdExportsByExportId: release,
  getV1ProgrammesByIdExportsByExportIdFile: release,
  postV1ProgrammesByIdParticipation: async (world) => ({ path: { id: (await programme(world, true)).id }, body: PART }),
  getV1ProgrammesByIdParticipation: participant,
  deleteV1ProgrammesByIdParticipation: participant,
  postV1ProgrammesByIdQueries: researcher,
  getV1ProgrammesByIdQueries: researcher,
  getV1ReviewsEmergencyAccesses: reviewed,
  getV1ReviewsEmergencyAccessesById: reviewed,
  getV1MeExportsByIdFile: exported,
  getV1MeExportsByIdEvents: exported,
  getV1MeErasure: async (world) => {
    const { as } = await leaver(world);
    return { as };
  },
  getV1ErasuresByReceiptId: async (world) => {
    const { receiptId, secret } = await leaver(world);
    return { headers: [["authorization", `Bearer ${secret}`]], path: { receiptId } };
  },
};

/** People own a few organisations at most: all but the last ten are closed. */
const CLOSE_OLD = `update organisations set closed_at = 1 where id in (
  select organisations.id from organisations join organisation_members on organisation_members.organisation_id = organisations.id
  where person_id = ? and name <> 'Clinic' and closed_at is null order by organisations.id desc limit -1 offset 10)`;

async function madeOrganisation(world: World, as: Person): Promise<string> {
  await world.change("eu", CLOSE_OLD, as.id);
  return await made(world, as, "/v1/organisations", { name: "Passing" });
}

/** The plan as its caller makes it; what was spoiled stays spoiled. */
export async function staged(world: World, plan: Plan, valid = false): Promise<Plan> {
  const make = STAGES[plan.operation.operationId];
  if (make === undefined || plan.who < 0) return plan;
  const { as, headers = [], path = {}, body } = await make(world);
  const own = Object.entries(plan.path).map(([name, value]) => [
    name,
    value instanceof Known && value.what === "own" ? (path[name] ?? value) : value,
  ]);
  return {
    ...plan,
    ...(as === undefined ? {} : { as }),
    ...(valid && body !== undefined ? { body: { mediaType: "application/json", value: body } } : {}),
    headers: [...headers, ...plan.headers],
    path: Object.fromEntries(own),
  };
}
