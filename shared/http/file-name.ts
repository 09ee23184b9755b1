/** Characters of a file's name. */
const LONGEST = 255;

/** What no name shows: control characters, and those that turn the direction of what follows, so that `exe.jpg` could be read for `gpj.exe`. */
const UNSEEN = /[\p{Cc}\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/gu;

/**
 * A file's name from its percent-encoded header: its last part alone, in one line, of whole characters. Empty where there is none; what cannot
 * be decoded is taken as it stands.
 */
export function fileNameIn(header: string | undefined): string {
  if (header === undefined) return "";
  const name = decoded(header).replaceAll(UNSEEN, "").split(/[/\\]/).at(-1)?.trim() ?? "";
  // The cut may go through a character.
  const short = name.slice(0, LONGEST);
  return short.isWellFormed() ? short : short.slice(0, -1);
}

function decoded(header: string): string {
  try {
    return decodeURIComponent(header);
  } catch {
    return header;
  }
}
