import { labTest, plainName } from "./catalogue";
import type { LabTest } from "./lab-test";
import { isLoinc, testOf } from "./read-result";
import type { LabDraft } from "./result";

type Told = Pick<LabDraft, "test" | "codings" | "name">;

/**
 * The test that administrators added and that a draft is of: the one that was chosen, else by LOINC, else, without any LOINC code, by its name.
 * Undefined where the code's own catalogue knows the test, or nobody does.
 */
export function addedTestOf(draft: Told, added: readonly LabTest[]): LabTest | undefined {
  const { test, codings, name } = draft;
  if (added.length === 0) return undefined;
  if (test !== undefined) return labTest(test) === undefined ? added.find(({ key }) => key === test) : undefined;
  if (testOf(draft) !== undefined) return undefined;
  const codes = codings.filter(isLoinc).map(({ code }) => code);
  if (codes.length > 0) return added.find(({ loinc }) => loinc.some((code) => codes.includes(code)));
  const plain = plainName(name);
  return added.find(({ title, synonyms }) => [title, ...synonyms].some((one) => plainName(one) === plain));
}

/** Those of the added tests that any of the drafts is of. */
export function addedTestsFor(drafts: readonly Told[], added: readonly LabTest[]): LabTest[] {
  return [...new Set(drafts.flatMap((draft) => addedTestOf(draft, added) ?? []))];
}
