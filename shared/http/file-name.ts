import { withoutInvisible } from "../chosen-name";

/** Characters of a file's name. */
const LONGEST = 255;

/**
 * A file's name from its percent-encoded header: its last part alone, in one line, of whole characters. Empty where there is none; what cannot
 * be decoded is taken as it stands. What nobody sees is not in it, so that `exe.jpg` is not read for `gpj.exe`.
 */
export function fileNameIn(header: string | undefined): string {
  if (header === undefined) return "";
  const name = withoutInvisible(decoded(header)).split(/[/\\]/).at(-1)?.trim() ?? "";
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
