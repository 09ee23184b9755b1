/**
 * The passwords that guessers try first, built from how people make them: a word, a name or a walk over the keyboard, alone, doubled,
 * or with digits and a mark behind; dates; repeated and counted digits. Everything is lower case, and at least eight characters long
 * since shorter ones are refused anyway. Compared without regard to case and to the usual letter substitutions.
 */
const WORDS = `
password passwort passwd pass word secret secrets letmein welcome welcomes hello hallo admin administrator root guest user login master system
changeme default test tester testing temp temporary access private internet computer network server service support office company business
iloveyou loveyou lovely love lover loveme forever always angel angels baby babygirl babyboy princess prince queen king kingdom kitty kitten
sunshine sunflower sunny rainbow summer winter spring autumn january february march april june july august september october november december
monday tuesday wednesday thursday friday saturday sunday football soccer baseball basketball hockey tennis volleyball swimming running runner
cycling fitness gym workout training yoga health healthy champion winner gamer gaming player dragon monkey tiger lion eagle falcon phoenix
dolphin shark panther cheetah bear wolf horse pony puppy doggy kittycat chicken butterfly flower flowers orange banana apple cherry lemon
strawberry blueberry chocolate cookie cookies coffee pepper ginger cinnamon sugar honey candy pizza cheese burger superman batman spiderman
ironman wonderwoman starwars startrek pokemon pikachu minecraft fortnite roblox nintendo playstation xbox matrix hunter killer shadow ghost
ninja samurai warrior soldier ranger knight wizard merlin hogwarts gandalf frodo freedom liberty america canada london paris berlin vienna
madrid barcelona amsterdam sydney tokyo newyork chicago boston dallas texas florida california germany france italy spain england scotland
ireland poland brazil mexico india china japan australia arsenal chelsea liverpool everton manchester juventus realmadrid bayern dortmund
celtic rangers yankees lakers cowboys steelers packers eagles patriots mustang ferrari porsche mercedes corvette camaro harley yamaha honda
toyota suzuki ducati guitar piano music rocknroll metallica nirvana eminem beatles blink rockstar superstar trustno whatever nothing something
anything everything please thanks thankyou sorry bitch fuckyou fuckoff asshole money dollar million bitcoin silver golden diamond crystal ruby
jordan michael jennifer jessica ashley amanda daniel andrew joshua matthew anthony william robert joseph thomas charles christopher david james
john richard george kevin brian steven edward jason jeffrey ryan jacob nicholas jonathan justin brandon benjamin samuel gregory frank alexander
patrick raymond jack dennis jerry tyler aaron jose adam nathan henry douglas zachary peter kyle walter ethan jeremy harold keith christian roger
noah gerald carl terry sean austin arthur lawrence jesse dylan bryan bruce gabriel logan albert willie alan juan wayne elijah randy vincent
ralph louis mary patricia linda elizabeth barbara susan sarah karen nancy lisa margaret betty sandra dorothy kimberly emily donna michelle carol
melissa deborah stephanie rebecca laura sharon cynthia kathleen amy shirley angela helen anna brenda pamela nicole samantha katherine emma ruth
christine catherine debra rachel carolyn janet virginia maria heather diane julie joyce victoria kelly christina joan evelyn lauren judith olivia
hannah cheryl megan andrea sophie sophia charlie buddy bailey maggie lucky lucy molly daisy rocky oliver oscar jasper max bella simba tigger
snoopy garfield mickey donald disney friends family mother father mommy daddy sister brother grandma jesus jesuschrist christ heaven heavenly
church blessed blessing faith hope grace peace spirit destiny success dreams dreamer smile happy happiness lucky laughing crazy funny cool sexy
hottie beautiful pretty gorgeous handsome sweet sweetie sweetheart darling blonde black white purple yellow green redred blueblue pink violet
`;

const ENDINGS = `
1 2 7 01 11 12 13 21 22 69 77 88 99 00 123 321 111 007 666 777 1234 4321 12345 123456 ! 1! 12! 123! 1234! #1 @123 2023 2024 2025 2026
`;

/** Rows of the keyboard, columns, and the paths that fingers find between them. */
const WALKS = `
qwertyuiop asdfghjkl zxcvbnm qwertzuiop yxcvbnm azertyuiop qsdfghjklm 1234567890 0987654321 qazwsxedcrfvtgb 1qaz2wsx3edc4rfv
1q2w3e4r5t6y7u8i9o0p q1w2e3r4t5y6u7i8 zaq12wsxcde3 qweasdzxc poiuytrewq lkjhgfdsa mnbvcxz abcdefghijklmnopqrstuvwxyz abc123abc123
a1b2c3d4e5f6g7 123qweasdzxc qwe123asd456zxc 147258369 741852963 159753456 789456123 963852741 123654789 112233445566 11223344556677
aabbccddeeff asdfqwerzxcv qwerasdfzxcv asdf1234qwer qwer1234asdf zxcv1234 1234qwerasdf 0123456789 9876543210 31415926535 13579246810
24681357
`;

const SUBSTITUTIONS: Readonly<Partial<Record<string, string>>> = {
  "0": "o",
  "1": "i",
  "3": "e",
  "4": "a",
  "5": "s",
  "7": "t",
  "@": "a",
  $: "s",
  "!": "i",
};
const SHORTEST = 8;
const FIRST_YEAR = 1940;
const LAST_YEAR = 2030;

const SEASONED = "january march april june july summer winter spring autumn password welcome qwerty admin love";

let built: ReadonlySet<string> | undefined;

/** Whether a password is one of the list, in any case and with the usual substitutions (`P4ssw0rd`). */
export function isCommonPassword(password: string): boolean {
  built ??= buildList();
  const plain = password.toLowerCase();
  // Substituted figures inside the word, but not those that stand behind it: `p4ssw0rd123` is `password123`.
  const letters = plain.replace(/[^a-z]*$/, "");
  const spelled = letters.replaceAll(/[^a-z]/g, (character) => SUBSTITUTIONS[character] ?? character) + plain.slice(letters.length);
  return built.has(plain) || built.has(spelled) || new Set(plain).size <= 2;
}

/** The list itself, for its test: how long it is matters. */
export function buildList(): ReadonlySet<string> {
  const list = new Set<string>();
  const add = (text: string): void => {
    if (text.length >= SHORTEST) list.add(text);
  };
  const endings = ["", ...texts(ENDINGS)];
  for (const word of texts(WORDS)) {
    for (const ending of endings) {
      add(word + ending);
      add(word + word + ending);
    }
  }
  for (const walk of texts(WALKS)) {
    const back = walk.split("").reverse().join("");
    for (let length = 4; length <= walk.length; length++) {
      for (const part of [walk.slice(0, length), back.slice(0, length)]) {
        for (const ending of endings) add(part + ending);
        add(part + part);
      }
    }
    for (const path of [walk, back]) {
      for (let from = 1; from + SHORTEST <= path.length; from++) add(path.slice(from, from + SHORTEST));
    }
  }
  for (let year = FIRST_YEAR; year <= LAST_YEAR; year++) {
    for (const word of texts(SEASONED)) add(`${word}${year}`);
    add(`${year}${year}`);
  }
  for (let number = 0; number <= 9999; number++) {
    const digits = String(number).padStart(4, "0");
    add(digits + digits);
  }
  return list;
}

function texts(text: string): string[] {
  return text.trim().split(/\s+/);
}
