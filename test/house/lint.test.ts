import { execFile } from "node:child_process";
import { mkdir, mkdtemp, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import * as z from "zod";

/**
 * A rule that cannot fail protects nothing: every boundary rule is shown a file that breaks it and one that keeps it. The files lie in
 * a copy of the repository's shape, linted once with the repository's own configuration.
 */
const run = promisify(execFile);
const ROOT = resolve(import.meta.dirname, "../..");

interface Case {
  readonly rule: string;
  readonly what: string;
  readonly bad: readonly [path: string, text: string];
  readonly good: readonly [path: string, text: string];
}

const FLOORS = "eslint(no-restricted-imports)";
const PROPERTIES = "eslint(no-restricted-properties)";
const bindings = ["RECORDS", "FILES", "SYNC", "FHIR", "HOOKS", "KEYS"].flatMap((kind) =>
  ["EU", "US", "AP"].map((region) => `${kind}_${region}`),
);

const CASES: readonly Case[] = [
  {
    rule: FLOORS,
    what: "shared imports no worker",
    bad: ["shared/a.ts", 'import { b } from "../workers/food/index";\nexport const a = b;\n'],
    good: ["shared/b.ts", 'import { c } from "./c";\nexport const b = c;\n'],
  },
  {
    rule: FLOORS,
    what: "shared imports no object",
    bad: ["shared/d.ts", 'import { door } from "../durable-objects/doors";\nexport const d = door;\n'],
    good: ["shared/deep/e.ts", 'import { c } from "../c";\nexport const e = c;\n'],
  },
  {
    rule: FLOORS,
    what: "objects import no worker",
    bad: ["durable-objects/box/a.ts", 'import { b } from "../../workers/food/index";\nexport const a = b;\n'],
    good: ["durable-objects/box/b.ts", 'import { c } from "../../shared/c";\nexport const b = c;\n'],
  },
  {
    rule: FLOORS,
    what: "a domain enters another through its index",
    bad: ["workers/drink/a.ts", 'import { cook } from "../food/cook";\nexport const a = cook;\n'],
    good: ["workers/drink/b.ts", 'import { cook } from "../food/index";\nimport { own } from "./own";\nexport const b = [cook, own];\n'],
  },
  {
    rule: FLOORS,
    what: "a folder within a domain enters another domain through its index",
    bad: ["workers/drink/deep/a.ts", 'import { cook } from "../../food/cook";\nexport const a = cook;\n'],
    good: [
      "workers/drink/deep/b.ts",
      'import { cook } from "../../food/index";\nimport { own } from "../own";\nimport { c } from "../../../shared/c";\nexport const b = [cook, own, c];\n',
    ],
  },
  {
    rule: FLOORS,
    what: "a domain knows objects by type alone",
    bad: ["workers/drink/c.ts", 'import { Box } from "../../durable-objects/box/box";\nexport const c = new Box();\n'],
    good: ["workers/drink/d.ts", 'import type { Box } from "../../durable-objects/box/box";\nexport type D = Box;\n'],
  },
  {
    rule: FLOORS,
    what: "product code imports no test code",
    bad: ["workers/drink/e.ts", 'import { people } from "../../test/people";\nexport const e = people;\n'],
    good: ["workers/drink/e.test.ts", 'import { people } from "../../test/people";\nexport const e = people;\n'],
  },
  {
    rule: FLOORS,
    what: "passwords are not hashed with PBKDF2 of node:crypto",
    bad: ["shared/pbkdf2.ts", 'import { pbkdf2 } from "node:crypto";\nexport const hash = pbkdf2;\n'],
    good: ["shared/scrypt.ts", 'import { scrypt } from "node:crypto";\nexport const hash = scrypt;\n'],
  },
  {
    rule: PROPERTIES,
    what: "nor with PBKDF2 of Web Crypto",
    bad: ["shared/derive.ts", 'export const hash = (key: CryptoKey) => crypto.subtle.deriveBits({ name: "PBKDF2" }, key, 256);\n'],
    good: ["shared/digest.ts", 'export const hash = (bytes: ArrayBuffer) => crypto.subtle.digest("SHA-256", bytes);\n'],
  },
  {
    rule: "eslint(no-console)",
    what: "product code writes no console",
    bad: ["workers/drink/f.ts", 'export const f = () => console.log("x");\n'],
    good: ["scripts/f.ts", 'export const f = () => console.log("x");\n'],
  },
  {
    rule: "typescript(no-floating-promises)",
    what: "a promise is awaited",
    bad: ["workers/drink/g.ts", "const work = async () => 1;\nexport const g = () => {\n  work();\n};\n"],
    good: ["workers/drink/h.ts", "const work = async () => 1;\nexport const h = async () => {\n  await work();\n};\n"],
  },
  {
    rule: "typescript(no-explicit-any)",
    what: "a type tells the truth",
    bad: ["shared/any.ts", "export const any: any = 1;\n"],
    good: ["shared/unknown.ts", "export const some: unknown = 1;\n"],
  },
  {
    rule: "typescript(consistent-type-imports)",
    what: "a type is imported as one",
    bad: ["shared/value-import.ts", 'import { Shape } from "./shape";\nexport type Mine = Shape;\n'],
    good: ["shared/type-import.ts", 'import type { Shape } from "./shape";\nexport type Mine = Shape;\n'],
  },
  {
    rule: "import(no-cycle)",
    what: "imports make no circle",
    bad: ["shared/circle.ts", 'import { back } from "./circle-back";\nexport const circle = (): unknown => back;\n'],
    good: ["shared/line.ts", 'import { c } from "./c";\nexport const line = c;\n'],
  },
  ...["VAULTS", "IMPORTERS", "EXPORTERS", "GATES", "PROGRAMMES", "ROOMS", ...bindings].flatMap((binding): Case[] => [
    {
      rule: PROPERTIES,
      what: `c.env.${binding} is not touched outside the resolver`,
      bad: [`workers/touch/${binding}.ts`, `export const touch = (c: { env: Record<string, unknown> }) => c.env.${binding};\n`],
      good: [
        "workers/regional.ts",
        `export const open = (env: Record<string, unknown>) => [${[...bindings, "VAULTS"].map((name) => `env.${name}`).join(", ")}];\n`,
      ],
    },
    {
      rule: PROPERTIES,
      what: `{ ${binding} } is not taken apart inside an object`,
      bad: [
        `durable-objects/touch/${binding}.ts`,
        `export const touch = (env: Record<string, unknown>) => {\n  const { ${binding} } = env;\n  return ${binding};\n};\n`,
      ],
      good: [
        "durable-objects/doors.ts",
        `export const open = (env: Record<string, unknown>) => [${bindings.map((name) => `env.${name}`).join(", ")}];\n`,
      ],
    },
  ]),
];

const SUPPORT: readonly (readonly [string, string])[] = [
  ["shared/c.ts", "export const c = 1;\n"],
  ["shared/shape.ts", "export interface Shape {\n  readonly size: number;\n}\n"],
  ["shared/circle-back.ts", 'import { circle } from "./circle";\nexport const back = (): unknown => circle;\n'],
  ["workers/food/index.ts", 'export { cook } from "./cook";\n'],
  ["workers/food/cook.ts", "export const cook = 1;\n"],
  ["workers/drink/own.ts", "export const own = 1;\n"],
  ["durable-objects/box/box.ts", "export class Box {}\n"],
  ["test/people.ts", "export const people = 1;\n"],
];

const FOLDERS = ["shared", "durable-objects", "workers", "scripts", "test"];

const reportSchema = z.object({ diagnostics: z.array(z.object({ code: z.string(), filename: z.string() })) });
let folder = "";
let found: z.infer<typeof reportSchema>["diagnostics"] = [];

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "meridian-lint-"));
  for (const [path, text] of [...SUPPORT, ...CASES.flatMap(({ bad, good }) => [bad, good])]) {
    await mkdir(dirname(join(folder, path)), { recursive: true });
    await writeFile(join(folder, path), text);
  }
  await symlink(join(ROOT, "node_modules"), join(folder, "node_modules"));
  await writeFile(join(folder, ".oxlintrc.json"), await readFile(join(ROOT, ".oxlintrc.json")));
  const compiler = {
    ...z.looseObject({ compilerOptions: z.looseObject({}) }).parse(JSON.parse(await readFile(join(ROOT, "tsconfig.json"), "utf8"))),
    include: FOLDERS,
  };
  await writeFile(join(folder, "tsconfig.json"), JSON.stringify(compiler));
  const linter = join(ROOT, "node_modules/.bin/oxlint");
  // Finding faults is exit code 1.
  const { stdout } = await run(linter, ["--type-aware", "--format", "json", ...FOLDERS], {
    cwd: folder,
    maxBuffer: 1 << 26,
    timeout: 50_000,
  }).catch((error: { stdout: string }) => error);
  found = reportSchema.parse(JSON.parse(stdout)).diagnostics;
}, 60_000);

afterAll(async () => await rm(folder, { recursive: true, force: true }));

const rulesAt = (path: string) => found.filter(({ filename }) => filename === path).map(({ code }) => code);

describe("lint", () => {
  test.each(CASES)("$what", ({ rule, bad, good }) => {
    expect(rulesAt(bad[0])).toContain(rule);
    expect(rulesAt(good[0])).not.toContain(rule);
  });
});
