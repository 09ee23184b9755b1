import { POINTERS_A_MESSAGE } from "../../shared/vendors/pointer";

/** Letters of one `sendBatch`, whose messages may have 256 KB together; a letter of a pointer may take up to three bytes. */
const LETTERS_AT_ONCE = 80_000;
/** Of one message, which may have 128 KB. */
const LETTERS_A_MESSAGE = 40_000;
/** Messages of one `sendBatch`. */
const MESSAGES_AT_ONCE = 100;

/**
 * Pointers (JSON texts) as messages of a sync queue, in what one `sendBatch` takes. Those of one person share messages, in their order: a
 * vendor tells many things of a person at once, and a message costs as much as its pointers.
 */
export function batchesOf(pointers: readonly string[]): { readonly body: unknown }[][] {
  const byPerson = new Map<string, { readonly texts: string[]; letters: number }[]>();
  for (const text of pointers) {
    const { person } = JSON.parse(text) as { readonly person: string };
    const messages = byPerson.get(person) ?? [];
    byPerson.set(person, messages);
    let last = messages.at(-1);
    if (last === undefined || last.texts.length >= POINTERS_A_MESSAGE || last.letters + text.length > LETTERS_A_MESSAGE) {
      messages.push((last = { texts: [], letters: 0 }));
    }
    last.texts.push(text);
    last.letters += text.length;
  }
  const batches: { readonly body: unknown }[][] = [];
  let left = 0;
  for (const { texts, letters } of [...byPerson.values()].flat()) {
    if (letters > left || batches.at(-1)?.length === MESSAGES_AT_ONCE) {
      batches.push([]);
      left = LETTERS_AT_ONCE;
    }
    batches.at(-1)!.push({ body: JSON.parse(`[${texts.join(",")}]`) as unknown });
    left -= letters;
  }
  return batches;
}
