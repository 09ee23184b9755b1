import * as z from "zod";
import type { FhirAnswer } from "../../durable-objects/vault/fhir/stored/answers";
import { reachOfClient } from "../../shared/fhir/client-scopes";
import { patientId, personOfPatientId } from "../../shared/fhir/ids";
import { type Fields, fieldsIn, isFields, textAt } from "../../shared/fhir/r4/issue";
import { isAcceptable, validateResource } from "../../shared/fhir/r4/validate";
import { type Interaction, permits } from "../../shared/fhir/reach";
import { type AppContext, readerOf } from "../../shared/http/app-env";
import { namesVersion } from "../../shared/http/etag";
import { type GroupId, newId, type OrganisationId, parseId, regionOf, systemRandom } from "../../shared/id";
import { notFound, type Problem, problem } from "../../shared/problem";
import { actingClient, NOT_ENDED, partnerPorts, requireMembership, STILL_SHARES } from "../partners";
import { regional } from "../regional";
import { searchset, versionHeaders } from "./answer";
import { bodyOf, RESOURCE_TYPES, sent, urlOf } from "./interact";
import { baseOf, requireJson } from "./negotiate";

const MOST_GROUPS = 200;
const MOST_MEMBERS = 1_000;
const FIELDS = new Set(["resourceType", "id", "meta", "identifier", "active", "type", "actual", "quantity", "managingEntity", "member"]);
const PARAMETERS = new Set(["_id", "identifier", "member", "managing-entity", "_count", "_format", "_pretty", "_total", "type", "actual"]);
const GROUP_ID = /^grp-/;
const ORGANISATION = /Organization\/(org-[a-z]{2}-[0-9a-z]{26})(?=$|")/;

interface Row {
  id: string;
  version: number;
  changed_at: number;
  system: string;
  value: string;
  members: string;
}

/** The organisation for which somebody acts, and its region's records. */
interface Staff {
  readonly organisation: OrganisationId;
  readonly records: D1Database;
}

/** SQL: a group with those of its members who still share something with its organisation. */
const SELECT = `select fhir_groups.id, version, changed_at, system, value,
  (select json_group_array(person_id) from (select person_id from fhir_group_members
    where group_id = fhir_groups.id and ${STILL_SHARES} order by person_id)) as members from fhir_groups`;

/** Whether a call about Groups is about those of organisations: a program's always, a person's where it names one or its organisation. */
export function isOfOrganisation(c: AppContext, said: { readonly id?: string; readonly body?: string }): boolean {
  if (readerOf(c).kind === "client" || GROUP_ID.test(said.id ?? "")) return true;
  return ORGANISATION.test(said.body ?? "") || ORGANISATION.test(new URL(c.req.url).searchParams.get("managing-entity") ?? "");
}

/** Searches the groups of an organisation: by `_id`, `identifier` or `member`. There are few, so that all are one page. */
export async function searchGroups(c: AppContext): Promise<Response> {
  requireJson(c);
  const params = new URL(c.req.url).searchParams;
  for (const name of params.keys()) if (!PARAMETERS.has(name)) throw problem("malformed", "The search parameter is not supported here.");
  const { organisation, records } = await staffOf(c, "s", params.get("managing-entity") ?? "");
  const ids = params.get("_id")?.split(",").map(rowId) ?? null;
  const identifier = params.get("identifier");
  const member = params.get("member");
  const person = member === null ? null : (personOfPatientId(member.slice(member.lastIndexOf("/") + 1)) ?? "");
  const [system, value] = identifier === null || !identifier.includes("|") ? [null, identifier] : identifier.split("|", 2);
  const { results } = await records
    .prepare(
      `${SELECT} where organisation_id = ?1 and (?2 is null or fhir_groups.id in (select value from json_each(?2)))
       and (?3 is null or value = ?3) and (?4 is null or system = ?4)
       and (?5 is null or exists (select 1 from fhir_group_members where group_id = fhir_groups.id and person_id = ?5 and ${STILL_SHARES}))
       order by fhir_groups.id limit ${MOST_GROUPS}`,
    )
    .bind(organisation, ids === null ? null : JSON.stringify(ids), value ?? null, system ?? null, person)
    .all<Row>();
  const entries = results.map((row) => {
    const { json = "", reference = "" } = answerOf(row, organisation);
    return { reference, json, mode: "match" as const };
  });
  const base = baseOf(c);
  const self = urlOf(`${base}/Group`, [...params]);
  return sent(c, 200, searchset({ entries, total: entries.length, ignored: [] }, base, { self, next: undefined }));
}

/** Reads a group. */
export async function readGroup(c: AppContext, id: string, version?: string): Promise<Response> {
  requireJson(c);
  const { row, organisation } = await ourGroup(c, id, "r");
  if (version !== undefined && version !== String(row.version)) throw notFound("version");
  const answer = answerOf(row, organisation);
  const headers = versionHeaders(answer, baseOf(c));
  const tags = c.req.header("if-none-match");
  return tags !== undefined && namesVersion(tags, String(row.version)) ? c.body(null, 304, headers) : sent(c, 200, answer.json, headers);
}

/** Makes a group. Its members are people who share something with the organisation, and nobody else. Problems `invalid`, `conflict`. */
export async function createGroup(c: AppContext): Promise<Response> {
  requireJson(c);
  const input = inputIn(await bodyOf(c, RESOURCE_TYPES));
  const { organisation, records } = await staffOf(c, "c", input.manager);
  refuseOther(input.manager, organisation);
  const now = c.get("now")();
  const id = newId("group", regionOf(organisation), now, systemRandom);
  await requireSharing(records, organisation, input.members);
  const [made] = await records.batch([
    records
      .prepare(
        `insert into fhir_groups (id, organisation_id, version, changed_at, system, value) select ?2, ?1, 1, ?3, ?4, ?5
         where (select count(*) from fhir_groups where organisation_id = ?1) < ${MOST_GROUPS}`,
      )
      .bind(organisation, id, now, input.system, input.value),
    addMembers(records, id, input.members, now),
  ]);
  if (made?.meta.changes !== 1) throw problem("conflict", "There are too many groups already. Delete one.");
  return await shown(c, records, organisation, id, 201);
}

/** Changes a group: its members are those of the body afterwards. Problems `invalid`, `precondition_failed`. */
export async function updateGroup(c: AppContext, id: string): Promise<Response> {
  requireJson(c);
  const input = inputIn(await bodyOf(c, RESOURCE_TYPES));
  if (input.id !== id) throw invalid("/id", "The id of the resource is not that of the URL.");
  const { row, organisation, records } = await ourGroup(c, id, "u");
  refuseOther(input.manager, organisation);
  const ifMatch = c.req.header("if-match");
  if (ifMatch !== undefined && !namesVersion(ifMatch, String(row.version))) throw problem("precondition_failed");
  await requireSharing(records, organisation, input.members);
  const now = c.get("now")();
  // What another change has overtaken changes nothing: each statement asks for the version that was looked at.
  const [changed] = await records.batch([
    records
      .prepare("update fhir_groups set version = version + 1, changed_at = ?3, system = ?4, value = ?5 where id = ?1 and version = ?2")
      .bind(row.id, row.version, now, input.system, input.value),
    records
      .prepare(
        `delete from fhir_group_members where group_id = ?1 and person_id not in (select value from json_each(?2))
         and (select changed_at = ?3 and version = ?4 from fhir_groups where id = ?1)`,
      )
      .bind(row.id, JSON.stringify(input.members), now, row.version + 1),
    addMembers(records, row.id, input.members, now, row.version + 1),
  ]);
  if (changed?.meta.changes !== 1) throw problem("conflict", "The group was changed at the same time.");
  return await shown(c, records, organisation, row.id, 200);
}

/** Deletes a group. What its members consented to stays. */
export async function deleteGroup(c: AppContext, id: string): Promise<Response> {
  requireJson(c);
  const { row, records } = await ourGroup(c, id, "u");
  await records.prepare("delete from fhir_groups where id = ?").bind(row.id).run();
  return c.body(null, 204);
}

/** A group for which the caller may do something; problem `not_found` for any other. */
export async function ourGroup(
  c: AppContext,
  id: string,
  letter: Interaction,
): Promise<Staff & { readonly row: Row; readonly group: GroupId }> {
  const group = parseId("group", rowId(id));
  if (group === undefined) {
    await staffOf(c, letter, "");
    throw notFound("Group");
  }
  const { records } = regional(c.env, regionOf(group));
  const owner = await records.prepare("select organisation_id from fhir_groups where id = ?").bind(group).first<string>("organisation_id");
  const staff = await staffOf(c, letter, `Organization/${(owner ?? "").replaceAll("_", "-")}`);
  const row = await records
    .prepare(`${SELECT} where fhir_groups.id = ?1 and organisation_id = ?2`)
    .bind(group, staff.organisation)
    .first<Row>();
  if (row === null) throw notFound("Group");
  return { ...staff, row, group };
}

/** For whom the caller acts: a client for its organisation, with scopes of Groups; a member for the one that is named. */
async function staffOf(c: AppContext, letter: Interaction, managing: string): Promise<Staff> {
  const actor = readerOf(c);
  if (actor.kind === "client") {
    const { records } = regional(c.env, regionOf(actor.client));
    const { organisation, names = [] } = await actingClient(records, actor);
    if (organisation === undefined) throw notFound("Group");
    if (!permits(reachOfClient(names), "Group", letter)) throw problem("forbidden", "This is not allowed for Group here.");
    return { organisation, records };
  }
  if (actor.reach !== undefined) throw notFound("Group");
  const named = ORGANISATION.exec(managing)?.[1]?.replaceAll("-", "_") ?? "";
  try {
    const { organisation } = await requireMembership(partnerPorts(c), named, "manage_groups");
    return { organisation, records: regional(c.env, regionOf(organisation)).records };
  } catch (error) {
    throw isMissing(error) ? notFound("Group") : error;
  }
}

function isMissing(error: unknown): boolean {
  return z.looseObject({ code: z.literal("not_found") }).safeParse(error).success;
}

async function shown(c: AppContext, records: D1Database, organisation: OrganisationId, id: string, status: 200 | 201): Promise<Response> {
  const row = await records.prepare(`${SELECT} where fhir_groups.id = ?`).bind(id).first<Row>();
  if (row === null) throw notFound("Group");
  const answer = answerOf(row, organisation);
  return sent(c, status, answer.json, versionHeaders({ ...answer, status }, baseOf(c)));
}

function answerOf({ id, version, changed_at, system, value, members }: Row, organisation: OrganisationId): FhirAnswer {
  const people = z.array(z.string()).parse(JSON.parse(members));
  const fhirId = id.replaceAll("_", "-");
  const resource = {
    resourceType: "Group",
    id: fhirId,
    meta: { versionId: String(version), lastUpdated: new Date(changed_at).toISOString() },
    ...(value !== "" && { identifier: [{ ...(system !== "" && { system }), value }] }),
    active: true,
    type: "person",
    actual: true,
    quantity: people.length,
    managingEntity: { reference: `Organization/${organisation.replaceAll("_", "-")}` },
    ...(people.length > 0 && {
      member: people.map((person) => ({ entity: { reference: `Patient/${patientId(parseId("person", person) ?? panic())}` } })),
    }),
  };
  return { status: 200, json: JSON.stringify(resource), reference: `Group/${fhirId}`, version: String(version), changedAt: changed_at };
}

function panic(): never {
  throw new TypeError("a member is nobody");
}

interface Input {
  readonly id: string | undefined;
  readonly system: string;
  readonly value: string;
  readonly manager: string;
  readonly members: readonly string[];
}

/** A Group as it may lie in the records: pointers and the organisation's own number. */
function inputIn(text: string): Input {
  let group: unknown;
  try {
    group = JSON.parse(text);
  } catch {
    throw problem("malformed", "The body is not JSON.");
  }
  if (!isFields(group) || group["resourceType"] !== "Group")
    throw invalid("/resourceType", "The type of the resource is not that of the URL.");
  const issues = validateResource(group);
  if (!isAcceptable(issues))
    throw invalid("", issues.find(({ severity }) => severity === "error")?.diagnostics ?? "The resource is not valid.");
  const more = Object.keys(group).find((name) => !FIELDS.has(name));
  if (more !== undefined)
    throw invalid(`/${more}`, "A Group of an organisation has members and a number, and nothing that says what they have in common.");
  if (group["type"] !== "person" || group["actual"] !== true || group["active"] === false)
    throw invalid("/type", "A Group of an organisation is active, and of actual persons.");
  const [identifier, second] = fieldsIn(group["identifier"] ?? []);
  const [system, value] = [textAt(identifier, "system") ?? "", textAt(identifier, "value") ?? ""];
  if (second !== undefined || system.length > 200 || value.length > 100)
    throw invalid("/identifier", "One identifier, of at most 100 letters.");
  const members = fieldsIn(group["member"] ?? []).map((member) => memberOf(member));
  if (members.length > MOST_MEMBERS) throw problem("too_large", `A Group has at most ${MOST_MEMBERS} members.`);
  return {
    id: textAt(group, "id"),
    system,
    value,
    manager: textAt(group["managingEntity"], "reference") ?? "",
    members: [...new Set(members)],
  };
}

function memberOf(member: Fields): string {
  const reference = textAt(member["entity"], "reference") ?? "";
  const person = /(?:^|\/)Patient\/([^/]+)$/.exec(reference)?.[1];
  return (person === undefined ? undefined : personOfPatientId(person)) ?? fail("/member", "Members are Patients of this server.");
}

function fail(pointer: string, message: string): never {
  throw invalid(pointer, message);
}

/** Whoever shares nothing with the organisation looks like nobody. */
async function requireSharing(records: D1Database, organisation: OrganisationId, members: readonly string[]): Promise<void> {
  const missing = await records
    .prepare(
      `select count(*) as n from json_each(?2) as m where not exists (select 1 from shared_with_partners as s where s.owner_id = m.value and ${NOT_ENDED}
       and (s.grantee_id = ?1 or s.grantee_id in (select id from clients where organisation_id = ?1)))`,
    )
    .bind(organisation, JSON.stringify(members))
    .first<number>("n");
  if (missing !== 0) throw invalid("/member", "Members are people who consented to something for the organisation.");
}

function addMembers(records: D1Database, id: string, members: readonly string[], now: number, version?: number): D1PreparedStatement {
  return records
    .prepare(
      `insert into fhir_group_members (group_id, person_id, added_at) select ?1, value, ?3 from json_each(?2)
       where exists (select 1 from fhir_groups where id = ?1 and (?4 is null or (version = ?4 and changed_at = ?3))) on conflict do nothing`,
    )
    .bind(id, JSON.stringify(members), now, version ?? null);
}

function refuseOther(manager: string, organisation: OrganisationId): void {
  if (manager !== "" && !manager.endsWith(`Organization/${organisation.replaceAll("_", "-")}`))
    throw invalid("/managingEntity", "A Group is managed by the organisation that makes it.");
}

function rowId(id: string): string {
  return id.replaceAll("-", "_");
}

function invalid(pointer: string, message: string): Problem {
  return problem("invalid", undefined, { errors: [{ pointer, code: "invalid", message }] });
}
