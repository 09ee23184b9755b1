/**
 * Words and phrases that no message of a room may have. Compared as whole words, without case, accents or the marks between letters that
 * are used to get around such lists: "b.a.d" is "bad", "badly" is not.
 */
export type Blocklist = (text: string) => boolean;

/** Compiles a list; the answer is true for a text that has one of its words. */
export function blocklist(words: readonly string[]): Blocklist {
  const phrases = words.map((word) => folded(word).join(" ")).filter((phrase) => phrase !== "");
  if (phrases.length === 0) return () => false;
  const plain = new Set(phrases.map((phrase) => phrase.replaceAll(" ", "")));
  return (text) => {
    const parts = folded(text);
    const whole = ` ${parts.join(" ")} `;
    if (phrases.some((phrase) => whole.includes(` ${phrase} `))) return true;
    return spelled(parts).some((run) => plain.has(run));
  };
}

/** The words of a text, folded. */
function folded(text: string): string[] {
  return text
    .normalize("NFKD")
    .replaceAll(/[\p{M}\p{Cf}]/gu, "")
    .toUpperCase()
    .toLowerCase()
    .split(/[^\p{L}\p{N}]+/u)
    .filter((part) => part !== "");
}

/** Runs of single letters, joined: a word that is spelled out. */
function spelled(parts: readonly string[]): string[] {
  const runs: string[] = [];
  let run = "";
  for (const part of [...parts, ""]) {
    if (/^.$/u.test(part)) run += part;
    else {
      if (run !== "") runs.push(run);
      run = "";
    }
  }
  return runs;
}
