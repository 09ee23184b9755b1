import { env } from "cloudflare:workers";
import { describe, expect, test } from "vitest";
import * as z from "zod";
import { newId } from "../../shared/id";
import { REGIONS } from "../../shared/region";
import { call, make, newClient, newOrganisation, tokenOf, fetchAs, withTwoFactors } from "../../test/partners";
import { registerPerson, type RegisteredPerson } from "../../test/people";
import { regional } from "../regional";

const organisationSchema = z.object({
  id: z.string(),
  name: z.string(),
  region: z.string(),
  role: z.string(),
  state: z.string(),
  createdAt: z.string(),
});
const listSchema = z.object({ items: z.array(organisationSchema), next: z.string().nullable() });
const memberSchema = z.object({
  person: z.object({ id: z.string(), name: z.string() }),
  role: z.string(),
  state: z.string(),
  joinedAt: z.string().nullable(),
});
const membersSchema = z.object({ items: z.array(memberSchema), next: z.string().nullable() });
const codeOf = async (response: Response) => z.object({ code: z.string() }).parse(await response.json()).code;

const get = async (person: RegisteredPerson, path: string) => await call(person, "GET", path);
const membersOf = async (person: RegisteredPerson, id: string) =>
  membersSchema.parse(await (await get(person, `/v1/organisations/${id}/members`)).json()).items;

/** Somebody who has accepted an invitation. */
async function join(organisation: { readonly id: string; readonly owner: RegisteredPerson }, role = "member"): Promise<RegisteredPerson> {
  const person = await withTwoFactors(await registerPerson(organisation.owner.person.region));
  const path = `/v1/organisations/${organisation.id}`;
  expect((await call(organisation.owner, "POST", `${path}/members`, { person: person.person.id, role })).status).toBe(201);
  expect((await call(person, "POST", `${path}/acceptance`)).status).toBe(200);
  return person;
}

describe("an organisation", () => {
  test.each(REGIONS)("is made in the region %s of its owner", async (region) => {
    const owner = await withTwoFactors(await registerPerson(region));
    const response = await call(owner, "POST", "/v1/organisations", { name: "Clinic" });
    expect(response.status).toBe(201);
    const made = organisationSchema.parse(await response.json());
    expect(made).toMatchObject({ name: "Clinic", region, role: "owner", state: "member" });
    expect(made.id).toMatch(new RegExp(`^org_${region}_`));
    expect(response.headers.get("location")).toBe(`/v1/organisations/${made.id}`);
    expect(await (await get(owner, `/v1/organisations/${made.id}`)).json()).toEqual(made);
    const row = await regional(env, region).records.prepare("select roles from organisations where id = ?").bind(made.id).first("roles");
    expect(row).toBe('["partner"]');
  });

  test("is made, changed and closed by those alone who have proven themselves with two factors", async () => {
    const person = await registerPerson();
    expect(await codeOf(await call(person, "POST", "/v1/organisations", { name: "Clinic" }))).toBe("step_up_required");
    expect(listSchema.parse(await (await get(person, "/v1/organisations")).json()).items).toEqual([]);
    const id = await make(await withTwoFactors(person), "/v1/organisations", { name: "Clinic" });
    const path = `/v1/organisations/${id}`;
    const attempts: [string, string, unknown?][] = [
      ["PATCH", path, { name: "Other" }],
      ["DELETE", path],
      ["POST", `${path}/members`, { person: person.person.id }],
      ["PATCH", `${path}/members/${person.person.id}`, { role: "admin" }],
    ];
    for (const [method, target, body] of attempts) {
      const response = await call(person, method, target, body);
      expect([method, target, response.status, await codeOf(response)]).toEqual([method, target, 403, "step_up_required"]);
    }
    expect(await (await get(person, path)).json()).toMatchObject({ name: "Clinic" });
  });

  test("looks to others as if it did not exist", async () => {
    const { id } = await newOrganisation();
    const stranger = await withTwoFactors(await registerPerson());
    const far = await withTwoFactors(await registerPerson("us"));
    for (const person of [stranger, far]) {
      for (const [method, path, body] of [
        ["GET", ""],
        ["PATCH", "", { name: "Mine" }],
        ["DELETE", ""],
        ["GET", "/members"],
        ["GET", "/clients"],
        ["POST", "/acceptance"],
        ["POST", "/members", { person: person.person.id, role: "owner" }],
        ["DELETE", `/members/${person.person.id}`],
      ] as const) {
        const response = await call(person, method, `/v1/organisations/${id}${path}`, body);
        expect([method, path, response.status]).toEqual([method, path, 404]);
      }
    }
  });

  test("is renamed by an administrator, and closed by an owner alone", async () => {
    const organisation = await newOrganisation();
    const path = `/v1/organisations/${organisation.id}`;
    const [admin, member] = [await join(organisation, "admin"), await join(organisation)];
    expect((await call(member, "PATCH", path, { name: "Mine" })).status).toBe(403);
    expect(await (await call(admin, "PATCH", path, { name: "Praxis" })).json()).toMatchObject({ name: "Praxis", role: "admin" });
    expect((await call(admin, "DELETE", path)).status).toBe(403);
    expect((await call(organisation.owner, "DELETE", path)).status).toBe(204);
    for (const person of [organisation.owner, admin, member]) {
      expect((await get(person, path)).status).toBe(404);
      expect(listSchema.parse(await (await get(person, "/v1/organisations")).json()).items).toEqual([]);
    }
  });

  test("is listed with the others in pages", async () => {
    const owner = await withTwoFactors(await registerPerson());
    const ids = [];
    for (const name of ["One", "Two", "Three"]) ids.push(await make(owner, "/v1/organisations", { name }));
    const first = listSchema.parse(await (await get(owner, "/v1/organisations?limit=2")).json());
    const rest = listSchema.parse(await (await get(owner, `/v1/organisations?limit=2&cursor=${first.next ?? ""}`)).json());
    expect([...first.items, ...rest.items].map(({ id }) => id)).toEqual(ids.toSorted());
    expect(rest.next).toBeNull();
  });

  test.each([{ name: "" }, { name: "a\u0000b" }, { name: "x".repeat(121) }, { name: "Clinic", roles: ["clinician"] }, {}])(
    "is refused for %j",
    async (body) => {
      const owner = await withTwoFactors(await registerPerson());
      expect((await call(owner, "POST", "/v1/organisations", body)).status).toBe(422);
    },
  );
});

describe("members", () => {
  test("are invited by id, and in once they accept", async () => {
    const { id, owner } = await newOrganisation();
    const guest = await registerPerson("eu", { name: "Gerda" });
    const path = `/v1/organisations/${id}`;
    const invited = memberSchema.parse(await (await call(owner, "POST", `${path}/members`, { person: guest.person.id })).json());
    expect(invited).toMatchObject({ person: { id: guest.person.id, name: "Gerda" }, role: "member", state: "invited", joinedAt: null });
    expect(await (await get(guest, path)).json()).toMatchObject({ state: "invited" });
    // Before they accept they see its name alone.
    expect((await get(guest, `${path}/members`)).status).toBe(404);
    expect(await (await call(guest, "POST", `${path}/acceptance`)).json()).toMatchObject({ state: "member", role: "member" });
    expect((await call(guest, "POST", `${path}/acceptance`)).status).toBe(200);
    expect((await membersOf(guest, id)).map(({ person, state }) => [person.id, state]).toSorted()).toEqual(
      [
        [guest.person.id, "member"],
        [owner.person.id, "member"],
      ].toSorted(),
    );
  });

  test("may decline, and may be invited again", async () => {
    const { id, owner } = await newOrganisation();
    const guest = await registerPerson();
    const members = `/v1/organisations/${id}/members`;
    const invite = async () => (await call(owner, "POST", members, { person: guest.person.id })).status;
    expect(await invite()).toBe(201);
    expect(await invite()).toBe(409);
    expect((await call(guest, "DELETE", `${members}/${guest.person.id}`)).status).toBe(204);
    expect((await get(guest, `/v1/organisations/${id}`)).status).toBe(404);
    expect(await invite()).toBe(201);
  });

  test("are registered people of the same region", async () => {
    const { id, owner } = await newOrganisation();
    const far = await registerPerson("us");
    for (const person of [newId("person", "eu", 1), far.person.id, "per_eu_x", id]) {
      expect((await call(owner, "POST", `/v1/organisations/${id}/members`, { person })).status, person).toBe(422);
    }
    expect(await membersOf(owner, id)).toHaveLength(1);
  });

  test("who administrate manage members, and leave owners and administrators alone", async () => {
    const organisation = await newOrganisation();
    const [admin, other, member] = [await join(organisation, "admin"), await join(organisation, "admin"), await join(organisation)];
    const members = `/v1/organisations/${organisation.id}/members`;
    const guest = await registerPerson();
    expect((await call(admin, "POST", members, { person: guest.person.id, role: "admin" })).status).toBe(403);
    expect((await call(admin, "POST", members, { person: guest.person.id, role: "owner" })).status).toBe(403);
    expect((await call(admin, "POST", members, { person: guest.person.id })).status).toBe(201);
    expect((await call(admin, "PATCH", `${members}/${admin.person.id}`, { role: "owner" })).status).toBe(403);
    for (const target of [organisation.owner, other])
      expect((await call(admin, "DELETE", `${members}/${target.person.id}`)).status).toBe(403);
    expect((await call(admin, "DELETE", `${members}/${member.person.id}`)).status).toBe(204);
    expect((await call(member, "GET", members)).status).toBe(404);
    expect((await call(other, "POST", members, { person: member.person.id })).status).toBe(201);
  });

  test("never lose their last owner", async () => {
    const organisation = await newOrganisation();
    const { owner, id } = organisation;
    const self = `/v1/organisations/${id}/members/${owner.person.id}`;
    expect(await codeOf(await call(owner, "DELETE", self))).toBe("conflict");
    expect(await codeOf(await call(owner, "PATCH", self, { role: "member" }))).toBe("conflict");
    // An owner who has not accepted is none yet.
    const guest = await withTwoFactors(await registerPerson());
    await call(owner, "POST", `/v1/organisations/${id}/members`, { person: guest.person.id, role: "owner" });
    expect((await call(owner, "DELETE", self)).status).toBe(409);
    expect((await call(guest, "POST", `/v1/organisations/${id}/acceptance`)).status).toBe(200);
    expect((await call(owner, "DELETE", self)).status).toBe(204);
    expect((await get(owner, `/v1/organisations/${id}`)).status).toBe(404);
    expect((await membersOf(guest, id)).map(({ role }) => role)).toEqual(["owner"]);
  });

  test("of two owners who remove each other at once one stays", async () => {
    const organisation = await newOrganisation();
    const other = await join(organisation, "owner");
    const members = `/v1/organisations/${organisation.id}/members`;
    const answers = await Promise.all([
      call(organisation.owner, "DELETE", `${members}/${other.person.id}`),
      call(other, "DELETE", `${members}/${organisation.owner.person.id}`),
    ]);
    expect(answers.filter(({ status }) => status === 204)).toHaveLength(1);
    const { records } = regional(env, "eu");
    const rows = await records.prepare("select role from organisation_members where organisation_id = ?").bind(organisation.id).all();
    expect(rows.results).toEqual([{ role: "owner" }]);
  });

  test("an organisation whose last owner is gone does not work with data any more", async () => {
    const organisation = await newOrganisation();
    const token = await tokenOf(await newClient(organisation));
    expect((await fetchAs(token, "/v1/shared-with-us")).status).toBe(200);
    // What the erasure of a person does to the tables that refer to them.
    await regional(env, "eu").records.prepare("delete from people where id = ?").bind(organisation.owner.person.id).run();
    expect((await fetchAs(token, "/v1/shared-with-us")).status).toBe(401);
  });
});
