import { parseArgs } from "node:util";

/** As in `shared/roles.ts`, which this Node cannot load: everybody is a user, the others are given and taken. */
export const GIVEN_ROLES = ["trainer", "nutritionist", "therapist", "clinician", "gym_staff", "moderator", "admin", "partner"] as const;

const DATABASES = { eu: "RECORDS_EU", us: "RECORDS_US", ap: "RECORDS_AP" } as const;
const PERSON = /^per_(eu|us|ap)_[0-7][0-9a-hjkmnp-tv-z]{25}$/;

/** What the command is asked to do. */
export interface RoleChange {
  readonly verb: "grant" | "revoke" | "list";
  readonly person: string;
  /** Absent for `list`. */
  readonly role: (typeof GIVEN_ROLES)[number] | undefined;
  /** Print the command for the deployed database instead of changing the local one. */
  readonly remote: boolean;
}

export const USAGE = `npm run roles -- grant|revoke --person per_eu_… --role ${GIVEN_ROLES.join("|")} [--remote]
npm run roles -- list --person per_eu_… [--remote]`;

/** Reads the command line. Throws a TypeError, with what is wrong, for anything that is not exactly a change. */
export function readChange(args: readonly string[]): RoleChange {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: { person: { type: "string" }, role: { type: "string" }, remote: { type: "boolean", default: false } },
  });
  const [verb, ...more] = positionals;
  if ((verb !== "grant" && verb !== "revoke" && verb !== "list") || more.length > 0) throw new TypeError("Say grant, revoke or list.");
  const { person = "" } = values;
  if (!PERSON.test(person)) throw new TypeError("--person is no person's id.");
  const role = GIVEN_ROLES.find((name) => name === values.role);
  if (verb === "list" ? values.role !== undefined : role === undefined)
    throw new TypeError("--role is no role that can be given or taken.");
  return { verb, person, role, remote: values.remote };
}

/** The binding of the database in which a person's roles lie. */
export function databaseOf(person: string): (typeof DATABASES)[keyof typeof DATABASES] {
  const region = PERSON.exec(person)?.[1];
  if (region !== "eu" && region !== "us" && region !== "ap") throw new TypeError("no person's id");
  return DATABASES[region];
}

/** The one statement that does it, and may be repeated. Ids and roles hold no quote, and were checked: nothing of them needs escaping. */
export function statementOf({ verb, person, role }: RoleChange): string {
  const result = "returning id, roles";
  switch (verb) {
    case "list":
      return `select id, roles from people where id = '${person}'`;
    case "grant":
      return `update people set roles = case when instr(roles, '"${role}"') > 0 then roles else json_insert(roles, '$[#]', '${role}') end where id = '${person}' ${result}`;
    case "revoke":
      return `update people set roles = (select json_group_array(value) from json_each(people.roles) where value <> '${role}') where id = '${person}' ${result}`;
  }
}

/** The shell command that does it in the deployed database. */
export function remoteCommand(change: RoleChange): string {
  const sql = statementOf(change).replaceAll(/["$\\`]/g, String.raw`\$&`);
  return `npx wrangler d1 execute ${databaseOf(change.person)} --remote --command "${sql}"`;
}
