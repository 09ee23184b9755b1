import * as z from "zod";

/**
 * Scripts in which a joiner between letters changes how they are written: Persian needs the one, Sinhala and Malayalam the other. As sources of
 * expressions under the `v` flag, as all below.
 */
const JOINED = [
  "Arab",
  "Syrc",
  "Mand",
  "Nkoo",
  "Mong",
  "Phag",
  "Rohg",
  "Adlm",
  "Deva",
  "Beng",
  "Guru",
  "Gujr",
  "Orya",
  "Taml",
  "Telu",
  "Knda",
]
  .concat(["Mlym", "Sinh", "Mymr", "Khmr", "Tibt", "Java", "Bali", "Sund", "Newa", "Sidd", "Modi", "Gran", "Kthi", "Tirh", "Takr", "Shrd"])
  .map((script) => String.raw`\p{Script_Extensions=${script}}`)
  .join("");
const LETTER = String.raw`[[\p{L}\p{M}]&&[${JOINED}]]`;
const EMOJI_END = String.raw`\p{Extended_Pictographic}[\u{FE0F}\p{Emoji_Modifier}]?`;

/** What is invisible by itself and changes what is seen beside it as writing and emoji want it. */
const NEEDED = new RegExp(
  [
    String.raw`(?<=${LETTER})\u{200C}(?=${LETTER})`,
    String.raw`(?<=${LETTER})\u{200D}(?![\u{200C}\u{200D}])`,
    // A family of several people is one emoji.
    String.raw`(?<=${EMOJI_END})\u{200D}(?=\p{Extended_Pictographic})`,
    // In colour or in print, and keycaps.
    String.raw`(?<=[\p{Emoji}--[0-9#*]])[\u{FE0E}\u{FE0F}]`,
    String.raw`(?<=[0-9#*])\u{FE0F}(?=\u{20E3})`,
    // Flags of parts of countries.
    String.raw`(?<=\u{1F3F4})[\u{E0030}-\u{E0039}\u{E0061}-\u{E007A}]{1,6}\u{E007F}`,
    // Which of several forms a Chinese character has: names are particular about it.
    String.raw`(?<=\p{Script=Han})[\u{FE00}-\u{FE0F}\u{E0100}-\u{E01EF}]`,
    String.raw`(?<=\p{Script=Mongolian})[\u{180B}-\u{180F}]`,
    String.raw`(?<=\p{Script=Myanmar})\u{FE00}`,
  ].join("|"),
  "gv",
);

/** Controls, directions, marks and fillers that nobody sees, and ends of lines. */
const INVISIBLE = /[\p{Cc}\p{Default_Ignorable_Code_Point}\u{FFF9}-\u{FFFB}\u{2028}\u{2029}]/gv;

/** Something that leaves ink; half a character is refused as what it is, by whoever reads the body. */
const SEEN = /[[\p{L}\p{N}\p{P}\p{S}\p{Cs}]--[\u{2800}\u{115F}\u{1160}\u{3164}\u{FFA0}]]/v;

/** Whether a text has characters that nobody sees, or that turn what others see around, beyond what its writing needs. */
export function hasInvisible(text: string): boolean {
  return text.replaceAll(NEEDED, "").search(INVISIBLE) >= 0;
}

/** A text without them. */
export function withoutInvisible(text: string): string {
  // What stood between may be what made a joiner needed, so what is left is looked at again; it is shorter each time.
  let left = text;
  while (hasInvisible(left)) {
    const kept = new Set([...left.matchAll(NEEDED)].flatMap(({ index, 0: { length } }) => Array.from({ length }, (_, i) => index + i)));
    left = left.replaceAll(INVISIBLE, (found, at: number) => (kept.has(at) ? found : ""));
  }
  return left;
}

/**
 * A name that somebody chooses, for themselves or for something that others read: one line, trimmed, in which everything is seen. Otherwise two
 * names that look the same would be different ones, and a name could turn around the text that it stands in.
 */
export const chosenName = ({ least = 1, most }: { readonly least?: number; readonly most: number }) =>
  z
    .string()
    .trim()
    .min(least)
    .max(most)
    .refine((name) => !hasInvisible(name), {
      message: "The name holds characters that nobody sees, or that change the direction of writing.",
      params: { code: "invisible_characters" },
      abort: true,
    })
    .refine((name) => name === "" || SEEN.test(name), { message: "The name shows nothing.", params: { code: "nothing_seen" } });
