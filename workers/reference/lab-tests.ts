import { type PageQuery, pageOf } from "../../shared/http/page";
import { LAB_TESTS, labTest, labTestByLoinc, plainName } from "../../shared/labs/catalogue";
import type { LabTest } from "../../shared/labs/lab-test";
import { notFound, problem } from "../../shared/problem";
import { add, allAdded, change, oneAdded } from "./added";
import type { ReferencePorts } from "./ports";

interface ShownTest extends LabTest {
  readonly isAdded: boolean;
  readonly edition: number;
}

const OF_CODE: readonly ShownTest[] = LAB_TESTS.map((test) => ({ ...test, isAdded: false, edition: 0 }));

/** One page of the tests, those of the code and of the region together, in order of the key. */
export async function listTests(
  { actor, records, keys }: ReferencePorts,
  query: PageQuery & { readonly q?: string | undefined; readonly group?: string | undefined },
) {
  const added = await allAdded<LabTest>(records, "lab_tests");
  const all = [...OF_CODE, ...added.map((test) => ({ ...test, isAdded: true }))];
  const wanted = query.q === undefined ? undefined : plainName(query.q);
  const items = all
    .filter(
      (test) => (query.group === undefined || test.group === query.group) && (wanted === undefined || isFound(test, wanted, query.q ?? "")),
    )
    .toSorted((a, b) => (a.key < b.key ? -1 : 1));
  return await pageOf(
    keys,
    actor.person,
    { name: `lab-tests ${JSON.stringify([query.q, query.group])}`, items, place: ({ key }) => key },
    query,
  );
}

/** One test; problem `not_found`. */
export async function readTest({ records }: ReferencePorts, key: string): Promise<ShownTest> {
  const known = OF_CODE.find((test) => test.key === key);
  if (known !== undefined) return known;
  const added = await oneAdded<LabTest>(records, "lab_tests", key);
  if (added === undefined) throw notFound("test");
  return { ...added, isAdded: true };
}

/** Adds a test; problem `conflict` where key or code are another test's. */
export async function addTest(ports: ReferencePorts, test: LabTest, now: number): Promise<ShownTest> {
  if (labTest(test.key) !== undefined) throw problem("conflict", "This key is taken, or the list is full.");
  await assertFree(ports, test);
  await add(ports.records, "lab_tests", test, now);
  return { ...test, isAdded: true, edition: 1 };
}

/** Changes a test that was added. Problems `not_found`, `forbidden` for one of the code, `conflict`, `precondition_failed`. */
export async function changeTest(
  ports: ReferencePorts,
  key: string,
  parts: Partial<Omit<LabTest, "key">>,
  now: number,
): Promise<ShownTest> {
  if (labTest(key) !== undefined) throw problem("forbidden", "Tests of the code are changed in the code.");
  const known = await oneAdded<LabTest>(ports.records, "lab_tests", key);
  if (known === undefined) throw notFound("test");
  const changed = { ...known, ...parts, key };
  await assertFree(ports, changed);
  await change(ports.records, "lab_tests", changed, now);
  return { ...changed, isAdded: true, edition: known.edition + 1 };
}

/** A code means one test. */
async function assertFree({ records }: ReferencePorts, { key, loinc }: LabTest): Promise<void> {
  const others = (await allAdded<LabTest>(records, "lab_tests")).filter((test) => test.key !== key);
  const taken = loinc.find((code) => labTestByLoinc(code) !== undefined || others.some((test) => test.loinc.includes(code)));
  if (taken !== undefined) throw problem("conflict", "A LOINC code is another test's.");
}

function isFound({ key, title, synonyms, loinc }: LabTest, wanted: string, raw: string): boolean {
  return loinc.includes(raw) || [key.replaceAll("_", " "), title, ...synonyms].some((name) => plainName(name).includes(wanted));
}
