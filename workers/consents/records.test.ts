import { env } from "cloudflare:workers";
import { expect, test } from "vitest";
import { newId, parseId } from "../../shared/id";
import { regional } from "../regional";
import { registerPerson } from "../../test/people";
import { isRegistered, readerAndOwner, type RecordsOf } from "./records";

/** The databases of all regions, with what was prepared there. */
function watched(): { readonly recordsOf: RecordsOf; readonly queries: string[] } {
  const queries: string[] = [];
  const recordsOf: RecordsOf = (region) =>
    new Proxy(regional(env, region).records, {
      get(target, name) {
        if (name === "prepare")
          return (sql: string) => {
            queries.push(sql);
            return target.prepare(sql);
          };
        const value: unknown = Reflect.get(target, name);
        return typeof value === "function" ? (value.bind(target) as unknown) : value;
      },
    });
  return { recordsOf, queries };
}

const actorOf = async (region: "eu" | "us") => {
  const person = await registerPerson(region);
  const session = parseId("session", String((JSON.parse(atob(person.accessToken.split(".")[1] ?? "")) as { sid: string }).sid));
  const id = parseId("person", person.person.id);
  if (session === undefined || id === undefined) throw new TypeError("no person");
  return { kind: "person", person: id, session } as const;
};

test("a reader and an owner of one region cost one query, by keys alone; of two regions one each", async () => {
  const [reader, near, far] = await Promise.all([actorOf("eu"), actorOf("eu"), actorOf("us")]);
  const { recordsOf, queries } = watched();
  expect(await readerAndOwner(recordsOf, reader, near.person, Date.now())).toMatchObject({ exists: true, reader: { assurance: "aal1" } });
  expect(queries).toHaveLength(1);
  const { results } = await regional(env, "eu")
    .records.prepare(`explain query plan ${queries[0] ?? ""}`)
    .bind(reader.session, reader.person, 0, near.person)
    .all<{ detail: string }>();
  expect(results.map(({ detail }) => detail).join("\n")).not.toMatch(/^SCAN (?!CONSTANT)/m);
  expect(await readerAndOwner(recordsOf, reader, far.person, Date.now())).toMatchObject({ exists: true });
  expect(queries).toHaveLength(3);
});

test("nobody is registered under an id that nobody has", async () => {
  const reader = await actorOf("eu");
  const { recordsOf } = watched();
  for (const region of ["eu", "us"] as const) {
    const nobody = newId("person", region, Date.now());
    expect(await isRegistered(recordsOf, nobody)).toBe(false);
    expect(await readerAndOwner(recordsOf, reader, nobody, Date.now())).toMatchObject({ exists: false });
  }
});

test("an ended, expired or foreign session reads nothing", async () => {
  const [reader, other] = await Promise.all([actorOf("eu"), actorOf("eu")]);
  const { recordsOf } = watched();
  const ended = { code: "session_ended" };
  await expect(readerAndOwner(recordsOf, { ...reader, session: other.session }, other.person, Date.now())).rejects.toMatchObject(ended);
  await expect(readerAndOwner(recordsOf, reader, other.person, Date.now() + 100 * 86_400_000)).rejects.toMatchObject(ended);
  await regional(env, "eu").records.prepare("update sessions set revoked_at = 1 where id = ?").bind(reader.session).run();
  await expect(readerAndOwner(recordsOf, reader, other.person, Date.now())).rejects.toMatchObject(ended);
});
