import { Hono } from "hono";
import type { RecordQuery } from "../../durable-objects/vault/records/records";
import type { Mark } from "../../durable-objects/vault/fhir/stored/search";
import type { Vault } from "../../durable-objects/vault/vault";
import { idOf, type Reader } from "../../shared/context";
import { type RegionalKeys, regionalKeys } from "../../shared/crypto/keys";
import { type AppContext, type AppEnv, personOf } from "../../shared/http/app-env";
import { ifMatchHeader } from "../../shared/http/if-match";
import { route } from "../../shared/http/route";
import { json, listed, one } from "../../shared/http/text-answer";
import { validate } from "../../shared/http/validate";
import { type PersonId, regionOf } from "../../shared/id";
import { RECORD_NAMES, type RecordName, RECORDS } from "../../shared/records/records";
import { openPerson } from "../consents";
import { regional, vaultOf } from "../regional";
import { itemParam, personParam, schemasOf } from "./schemas";

const TAGS = ["Records"] as const;
const SAME = "The same resources are at the FHIR door; what these fields do not say of them stays as it is.";
const ORDER = "Those changed last come first.";

/** In the words of the summaries: one of the kind, any one, and several. */
const WORDS: Readonly<Record<RecordName, readonly [one: string, any: string, many: string]>> = {
  conditions: ["condition", "a condition", "Conditions"],
  medications: ["medication", "a medication", "Medications"],
  allergies: ["allergy", "an allergy", "Allergies"],
  immunizations: ["immunization", "an immunization", "Immunizations"],
  procedures: ["procedure", "a procedure", "Procedures"],
};

/** Health records: every kind has the same calls, made from one table. */
export const recordsRoutes = new Hono<AppEnv>();
for (const name of RECORD_NAMES) recordsRoutes.route("/", routesOf(name));

function routesOf(name: RecordName) {
  const path = `/v1/me/${name}`;
  const [word, aWord, words] = WORDS[name];
  const { body, change, record, list, query } = schemasOf(name);
  return new Hono<AppEnv>()
    .get(
      path,
      route({
        policy: "person",
        summary: words,
        description: `${ORDER} ${SAME}`,
        tags: TAGS,
        responses: { 200: list },
        problems: ["invalid"],
      }),
      validate("query", query),
      async (c) => {
        const actor = personOf(c);
        const keys = regionalKeys(regional(c.env, regionOf(actor.person)).keys);
        return await page(c, name, c.req.valid("query"), { actor, owner: actor.person, vault: vaultOf(c.env, actor.person), keys });
      },
    )
    .post(
      path,
      route({
        policy: "person",
        summary: `Add ${aWord}`,
        description: `Its status is \`${RECORDS[name].newStatus}\`${RECORDS[name].fields["recordedAt"] === undefined ? "" : ", and it is recorded now"}, unless you say otherwise. ${SAME}`,
        tags: TAGS,
        responses: { 201: record },
        problems: ["malformed", "invalid"],
      }),
      validate("json", body),
      async (c) => {
        const { actor, vault } = own(c);
        return one(c, await vault.addHealthRecord(actor, name, c.req.valid("json")), path);
      },
    )
    .get(
      `${path}/:id`,
      route({ policy: "person", summary: `One ${word}`, tags: TAGS, responses: { 200: record }, problems: ["not_found"] }),
      validate("param", itemParam),
      async (c) => {
        const { actor, vault } = own(c);
        return one(c, await vault.healthRecord(actor, name, c.req.valid("param").id));
      },
    )
    .put(
      `${path}/:id`,
      route({
        policy: "person",
        summary: `Replace what ${aWord} says`,
        description: `A field that is not sent is taken out. ${SAME}`,
        tags: TAGS,
        responses: { 200: record },
        problems: ["malformed", "invalid", "not_found", "precondition_failed"],
      }),
      validate("param", itemParam),
      validate("header", ifMatchHeader),
      validate("json", body),
      async (c) =>
        await changed(c, name, {
          ...c.req.valid("param"),
          form: c.req.valid("json"),
          isWhole: true,
          ifMatch: c.req.valid("header")["if-match"],
        }),
    )
    .patch(
      `${path}/:id`,
      route({
        policy: "person",
        summary: `Change parts of ${aWord}`,
        description: `Null takes a field out. ${SAME}`,
        tags: TAGS,
        responses: { 200: record },
        problems: ["malformed", "invalid", "not_found", "precondition_failed"],
      }),
      validate("param", itemParam),
      validate("header", ifMatchHeader),
      validate("json", change),
      async (c) =>
        await changed(c, name, {
          ...c.req.valid("param"),
          form: c.req.valid("json"),
          isWhole: false,
          ifMatch: c.req.valid("header")["if-match"],
        }),
    )
    .delete(
      `${path}/:id`,
      route({
        policy: "person",
        summary: `Delete ${aWord}`,
        tags: TAGS,
        responses: { 204: null },
        problems: ["invalid", "not_found", "precondition_failed"],
      }),
      validate("param", itemParam),
      validate("header", ifMatchHeader),
      async (c) => {
        const { actor, vault } = own(c);
        await vault.removeHealthRecord(actor, name, c.req.valid("param").id, c.req.valid("header")["if-match"]);
        return c.body(null, 204);
      },
    )
    .get(
      `/v1/people/:personId/${name}`,
      route({
        policy: "reader",
        summary: `${words} of another person`,
        description: `${ORDER} By a consent that names \`history\`: whatever you may not see looks as if it did not exist.`,
        tags: ["People"],
        responses: { 200: list },
        problems: ["invalid", "not_found", "step_up_required"],
      }),
      validate("param", personParam),
      validate("query", query),
      async (c) => {
        const { actor, owner } = await openPerson(c, c.req.valid("param").personId);
        const keys = regionalKeys(regional(c.env, regionOf(idOf(actor))).keys);
        return await page(c, name, c.req.valid("query"), { actor, owner, vault: vaultOf(c.env, owner), keys });
      },
    );
}

interface Ports {
  readonly actor: Reader;
  readonly owner: PersonId;
  readonly vault: DurableObjectStub<Vault>;
  /** Seals the actor's cursors. */
  readonly keys: RegionalKeys;
}

function own(c: AppContext) {
  const actor = personOf(c);
  return { actor, vault: vaultOf(c.env, actor.person) };
}

async function page(
  c: AppContext,
  name: RecordName,
  query: Omit<RecordQuery, "after"> & { readonly cursor?: string | undefined },
  { actor, owner, vault, keys }: Ports,
): Promise<Response> {
  const list = { reader: idOf(actor), owner, name, keys };
  return json(c, await listed<typeof query, Mark>(list, query, async (asked) => await vault.healthRecords(actor, name, asked)));
}

async function changed(
  c: AppContext,
  name: RecordName,
  {
    id,
    form,
    ...how
  }: {
    readonly id: string;
    readonly form: Readonly<Record<string, unknown>>;
    readonly isWhole: boolean;
    readonly ifMatch: string | undefined;
  },
): Promise<Response> {
  const { actor, vault } = own(c);
  return one(c, await vault.changeHealthRecord(actor, name, id, form, how));
}
