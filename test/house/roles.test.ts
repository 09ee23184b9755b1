import { readFileSync } from "node:fs";
import { DatabaseSync } from "node:sqlite";
import { expect, test } from "vitest";
import { ROLE_NAMES } from "../../shared/roles";
import { databaseOf, GIVEN_ROLES, readChange, remoteCommand, statementOf } from "../../scripts/local/roles.ts";

const PERSON = "per_eu_01kad7wjcm0000000000000000";

function databaseWith(roles: string): DatabaseSync {
  const database = new DatabaseSync(":memory:");
  database.exec(readFileSync("migrations/regional/0001_accounts.sql", "utf8"));
  const insert = "insert into people values (?, 'Ada', 'UTC', 'en', 'metric', ?, 0, 0)";
  database.prepare(insert).run(PERSON, roles);
  database.prepare(insert).run("per_eu_01kad7wjcm0000000000000001", '["user"]');
  return database;
}

const run = (database: DatabaseSync, ...args: string[]) => database.prepare(statementOf(readChange(args))).all();

test("the command gives and takes a role of one person, however often it runs", () => {
  const database = databaseWith('["user"]');
  const given = { id: PERSON, roles: '["user","admin"]' };
  const change = ["--person", PERSON, "--role", "admin"];
  expect(run(database, "grant", ...change)).toEqual([given]);
  expect(run(database, "grant", ...change)).toEqual([given]);
  expect(run(database, "list", "--person", PERSON)).toEqual([given]);
  expect(run(database, "revoke", ...change)).toEqual([{ id: PERSON, roles: '["user"]' }]);
  expect(run(database, "revoke", ...change)).toEqual([{ id: PERSON, roles: '["user"]' }]);
  expect(database.prepare("select count(*) as n from people where roles = '[\"user\"]'").get()).toEqual({ n: 2 });
});

test("the command knows every role", () => {
  expect(["user", ...GIVEN_ROLES]).toEqual(ROLE_NAMES);
});

test.each([
  [[]],
  [["grant"]],
  [["grant", "--person", PERSON]],
  [["grant", "--person", PERSON, "--role", "user"]],
  [["grant", "--person", PERSON, "--role", "owner"]],
  [["grant", "--person", `${PERSON}' or '1'='1`, "--role", "admin"]],
  [["grant", "--person", "ses_eu_01kad7wjcm0000000000000000", "--role", "admin"]],
  [["list", "--person", PERSON, "--role", "admin"]],
  [["list", "twice", "--person", PERSON]],
  [["drop", "--person", PERSON, "--role", "admin"]],
  [["grant", "--person", PERSON, "--role", "admin", "--force"]],
])("the command refuses %j", (args) => {
  expect(() => readChange(args)).toThrow(TypeError);
});

test("for a deployment the command is printed, for the region's own database, with nothing that the shell would read", () => {
  const change = readChange(["grant", "--person", PERSON.replace("_eu_", "_us_"), "--role", "admin", "--remote"]);
  expect([change.remote, databaseOf(change.person)]).toEqual([true, "RECORDS_US"]);
  const command = remoteCommand(change);
  expect(command).toMatch(/^npx wrangler d1 execute RECORDS_US --remote --command "update people .*"$/);
  expect(command).toContain(String.raw`'\$[#]'`);
  expect(command).toContain(String.raw`\"admin\"`);
});
