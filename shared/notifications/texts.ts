import { type Language, languageOf } from "../http/texts";
import type { Content } from "./preferences";
import type { NotificationType, Words } from "./types";

/**
 * What is said of a type. `plain` names nobody and nothing; `named` holds `{who}` and `{what}`, and counts where all that it names is
 * known, of several the first such; `many` is of several facts, `{n}`.
 */
interface Text {
  readonly title: string;
  readonly plain: string;
  readonly named?: string | readonly string[];
  readonly many?: string;
}

type Catalogue = Readonly<Record<NotificationType, Text>>;

const EN: Catalogue = {
  message: {
    title: "New message",
    plain: "You have a new message.",
    named: "{who} has written to you.",
    many: "You have {n} new messages.",
  },
  mention: {
    title: "You were mentioned",
    plain: "Somebody has mentioned you.",
    named: "{who} has mentioned you.",
    many: "You were mentioned {n} times.",
  },
  room_invitation: {
    title: "Invitation to a conversation",
    plain: "You are invited to a conversation.",
    named: ["{who} invites you to {what}.", "{who} invites you to a conversation.", "You are invited to {what}."],
    many: "You were invited {n} times to a conversation.",
  },
  room_added: {
    title: "New conversation",
    plain: "Somebody has begun a conversation with you.",
    named: ["{who} has taken you into {what}.", "{who} has begun a conversation with you."],
    many: "Conversations with you were begun {n} times.",
  },
  care: {
    title: "Something new in your inbox",
    plain: "Somebody whom you let advise you has written to you.",
    many: "There are {n} new entries in your inbox.",
  },
  plan: {
    title: "New plan",
    plain: "There is a new plan for you.",
    named: "{who} has made a plan for you.",
    many: "There are {n} new plans for you.",
  },
  friend_request: {
    title: "Friend request",
    plain: "Somebody wants to be your friend.",
    named: "{who} wants to be your friend.",
    many: "You have {n} friend requests.",
  },
  friend_accepted: {
    title: "New friend",
    plain: "Your friend request was accepted.",
    named: "{who} has accepted your friend request.",
    many: "{n} friend requests were accepted.",
  },
  follow_request: {
    title: "Somebody wants to follow you",
    plain: "Somebody wants to follow you.",
    named: "{who} wants to follow you.",
    many: "{n} people want to follow you.",
  },
  buddy_request: {
    title: "Training together",
    plain: "Somebody wants to train with you.",
    named: "{who} wants to train with you.",
    many: "{n} people want to train with you.",
  },
  buddy_accepted: {
    title: "Training together",
    plain: "Somebody trains with you now.",
    named: "{who} trains with you now.",
    many: "{n} people train with you now.",
  },
  nudge: {
    title: "Your buddy thinks of you",
    plain: "Your buddy cheers you on.",
    named: "{who} cheers you on.",
    many: "You were cheered on {n} times.",
  },
  group_invitation: {
    title: "Invitation to a group",
    plain: "You are invited to a group.",
    named: "{who} invites you to {what}.",
    many: "You have {n} invitations to groups.",
  },
  group_request: {
    title: "Request to join",
    plain: "Somebody wants to join your group.",
    named: "{who} wants to join {what}.",
    many: "{n} people want to join your group.",
  },
  challenge_invitation: {
    title: "Invitation to a challenge",
    plain: "You are invited to a challenge.",
    named: "{who} invites you to {what}.",
    many: "You have {n} invitations to challenges.",
  },
  challenge_started: { title: "A challenge has begun", plain: "A challenge of yours has begun.", named: "{what} has begun." },
  challenge_ended: {
    title: "A challenge is over",
    plain: "A challenge of yours is over. See how it went.",
    named: "{what} is over. See how it went.",
  },
  challenge_rank: {
    title: "Your rank has changed",
    plain: "Your rank in a challenge has changed.",
    named: "Your rank in {what} has changed.",
  },
  achievement: {
    title: "Achievement",
    plain: "You have earned an achievement.",
    named: "You have earned {what}.",
    many: "You have earned {n} achievements.",
  },
  reward: { title: "Reward", plain: "You have got a reward.", named: "You have got {what}.", many: "You have got {n} rewards." },
  sync_failure: {
    title: "A connection needs you",
    plain: "A connection brings nothing any more until you sign in there again.",
    named: "{what} brings nothing any more until you sign in there again.",
    many: "Connections bring nothing any more until you sign in there again.",
  },
  sync_trouble: {
    title: "A connection brings nothing",
    plain: "A connection of yours brings nothing at present. It is tried again by itself.",
    named: "{what} brings nothing at present. It is tried again by itself.",
    many: "{n} times a connection of yours brought nothing. It is tried again by itself.",
  },
  gap: {
    title: "Something is missing",
    plain: "Readings of a day are missing and could not be fetched.",
    many: "Readings of {n} days are missing and could not be fetched.",
  },
  consent: {
    title: "Consent changed",
    plain: "A consent was given, changed or taken back.",
    many: "{n} times a consent was given, changed or taken back.",
  },
  access: {
    title: "Access to your data",
    plain: "Somebody new has access to your data. Your access log says who.",
    named: "{who} has access to your data now. Your access log says more.",
    many: "{n} times there was new access to your data. Your access log says whose.",
  },
  sign_in: {
    title: "New sign-in",
    plain: "Somebody has signed in to your account. If it was not you, end that session.",
    many: "There were {n} new sign-ins to your account.",
  },
  appointment: {
    title: "Appointment",
    plain: "There is news of an appointment of yours.",
    named: "There is news of your appointment: {what}.",
    many: "There is news of {n} appointments.",
  },
  call: { title: "Call", plain: "Somebody is calling you.", named: "{who} is calling you." },
  comment: { title: "New comment", plain: "Somebody has commented.", named: "{who} has commented.", many: "There are {n} new comments." },
  reaction: { title: "New reaction", plain: "Somebody has reacted.", named: "{who} has reacted.", many: "There are {n} new reactions." },
  moderation: {
    title: "Decision about content",
    plain: "There is a decision about something that you wrote or reported.",
    many: "There are {n} decisions about what you wrote or reported.",
  },
};

const DE: Catalogue = {
  message: {
    title: "Neue Nachricht",
    plain: "Sie haben eine neue Nachricht.",
    named: "{who} hat Ihnen geschrieben.",
    many: "Sie haben {n} neue Nachrichten.",
  },
  mention: {
    title: "Sie wurden erwähnt",
    plain: "Jemand hat Sie erwähnt.",
    named: "{who} hat Sie erwähnt.",
    many: "Sie wurden {n}-mal erwähnt.",
  },
  room_invitation: {
    title: "Einladung zu einem Gespräch",
    plain: "Sie sind zu einem Gespräch eingeladen.",
    named: ["{who} lädt Sie ein: {what}.", "{who} lädt Sie zu einem Gespräch ein.", "Sie sind eingeladen: {what}."],
    many: "Sie wurden {n}-mal zu einem Gespräch eingeladen.",
  },
  room_added: {
    title: "Neues Gespräch",
    plain: "Jemand hat ein Gespräch mit Ihnen begonnen.",
    named: ["{who} hat Sie aufgenommen: {what}.", "{who} hat ein Gespräch mit Ihnen begonnen."],
    many: "{n}-mal wurde ein Gespräch mit Ihnen begonnen.",
  },
  care: {
    title: "Neues in Ihrem Posteingang",
    plain: "Jemand, von dem Sie sich beraten lassen, hat Ihnen geschrieben.",
    many: "In Ihrem Posteingang sind {n} neue Einträge.",
  },
  plan: {
    title: "Neuer Plan",
    plain: "Für Sie gibt es einen neuen Plan.",
    named: "{who} hat einen Plan für Sie gemacht.",
    many: "Für Sie gibt es {n} neue Pläne.",
  },
  friend_request: {
    title: "Freundschaftsanfrage",
    plain: "Jemand möchte mit Ihnen befreundet sein.",
    named: "{who} möchte mit Ihnen befreundet sein.",
    many: "Sie haben {n} Freundschaftsanfragen.",
  },
  friend_accepted: {
    title: "Neue Freundschaft",
    plain: "Ihre Freundschaftsanfrage wurde angenommen.",
    named: "{who} hat Ihre Freundschaftsanfrage angenommen.",
    many: "{n} Freundschaftsanfragen wurden angenommen.",
  },
  follow_request: {
    title: "Jemand möchte Ihnen folgen",
    plain: "Jemand möchte Ihnen folgen.",
    named: "{who} möchte Ihnen folgen.",
    many: "{n} Menschen möchten Ihnen folgen.",
  },
  buddy_request: {
    title: "Gemeinsam trainieren",
    plain: "Jemand möchte mit Ihnen trainieren.",
    named: "{who} möchte mit Ihnen trainieren.",
    many: "{n} Menschen möchten mit Ihnen trainieren.",
  },
  buddy_accepted: {
    title: "Gemeinsam trainieren",
    plain: "Jemand trainiert jetzt mit Ihnen.",
    named: "{who} trainiert jetzt mit Ihnen.",
    many: "{n} Menschen trainieren jetzt mit Ihnen.",
  },
  nudge: {
    title: "Jemand denkt an Sie",
    plain: "Sie werden angefeuert.",
    named: "{who} feuert Sie an.",
    many: "Sie wurden {n}-mal angefeuert.",
  },
  group_invitation: {
    title: "Einladung in eine Gruppe",
    plain: "Sie sind in eine Gruppe eingeladen.",
    named: "{who} lädt Sie ein: {what}.",
    many: "Sie haben {n} Einladungen in Gruppen.",
  },
  group_request: {
    title: "Beitrittsanfrage",
    plain: "Jemand möchte Ihrer Gruppe beitreten.",
    named: "{who} möchte beitreten: {what}.",
    many: "{n} Personen möchten Ihrer Gruppe beitreten.",
  },
  challenge_invitation: {
    title: "Einladung zu einer Challenge",
    plain: "Sie sind zu einer Challenge eingeladen.",
    named: "{who} lädt Sie ein: {what}.",
    many: "Sie haben {n} Einladungen zu Challenges.",
  },
  challenge_started: { title: "Eine Challenge hat begonnen", plain: "Eine Ihrer Challenges hat begonnen.", named: "{what} hat begonnen." },
  challenge_ended: {
    title: "Eine Challenge ist vorbei",
    plain: "Eine Ihrer Challenges ist vorbei. Sehen Sie, wie sie ausging.",
    named: "{what} ist vorbei. Sehen Sie, wie es ausging.",
  },
  challenge_rank: {
    title: "Ihr Rang hat sich geändert",
    plain: "Ihr Rang in einer Challenge hat sich geändert.",
    named: "Ihr Rang hat sich geändert: {what}.",
  },
  achievement: {
    title: "Erfolg",
    plain: "Sie haben einen Erfolg erreicht.",
    named: "Sie haben einen Erfolg erreicht: {what}.",
    many: "Sie haben {n} Erfolge erreicht.",
  },
  reward: {
    title: "Belohnung",
    plain: "Sie haben eine Belohnung erhalten.",
    named: "Sie haben eine Belohnung erhalten: {what}.",
    many: "Sie haben {n} Belohnungen erhalten.",
  },
  sync_failure: {
    title: "Eine Verbindung braucht Sie",
    plain: "Eine Verbindung bringt nichts mehr, bis Sie sich dort neu anmelden.",
    named: "{what} bringt nichts mehr, bis Sie sich dort neu anmelden.",
    many: "Verbindungen bringen nichts mehr, bis Sie sich dort neu anmelden.",
  },
  sync_trouble: {
    title: "Eine Verbindung bringt nichts",
    plain: "Eine Ihrer Verbindungen bringt gerade nichts. Sie wird von selbst wieder versucht.",
    named: "{what} bringt gerade nichts. Die Verbindung wird von selbst wieder versucht.",
    many: "{n}-mal brachte eine Ihrer Verbindungen nichts. Sie wird von selbst wieder versucht.",
  },
  gap: {
    title: "Etwas fehlt",
    plain: "Messwerte eines Tages fehlen und ließen sich nicht nachholen.",
    many: "Messwerte von {n} Tagen fehlen und ließen sich nicht nachholen.",
  },
  consent: {
    title: "Einwilligung geändert",
    plain: "Eine Einwilligung wurde gegeben, geändert oder zurückgenommen.",
    many: "{n}-mal wurde eine Einwilligung gegeben, geändert oder zurückgenommen.",
  },
  access: {
    title: "Zugriff auf Ihre Daten",
    plain: "Jemand Neues hat Zugriff auf Ihre Daten. Wer, steht in Ihrem Zugriffsprotokoll.",
    named: "{who} hat jetzt Zugriff auf Ihre Daten. Mehr steht in Ihrem Zugriffsprotokoll.",
    many: "{n}-mal gab es neuen Zugriff auf Ihre Daten. Wessen, steht in Ihrem Zugriffsprotokoll.",
  },
  sign_in: {
    title: "Neue Anmeldung",
    plain: "Jemand hat sich bei Ihrem Konto angemeldet. Falls Sie es nicht waren, beenden Sie diese Sitzung.",
    many: "Es gab {n} neue Anmeldungen bei Ihrem Konto.",
  },
  appointment: {
    title: "Termin",
    plain: "Zu einem Ihrer Termine gibt es Neues.",
    named: "Zu Ihrem Termin gibt es Neues: {what}.",
    many: "Zu {n} Terminen gibt es Neues.",
  },
  call: { title: "Anruf", plain: "Jemand ruft Sie an.", named: "{who} ruft Sie an." },
  comment: {
    title: "Neuer Kommentar",
    plain: "Jemand hat kommentiert.",
    named: "{who} hat kommentiert.",
    many: "Es gibt {n} neue Kommentare.",
  },
  reaction: { title: "Neue Reaktion", plain: "Jemand hat reagiert.", named: "{who} hat reagiert.", many: "Es gibt {n} neue Reaktionen." },
  moderation: {
    title: "Entscheidung über einen Inhalt",
    plain: "Es gibt eine Entscheidung über etwas, das Sie geschrieben oder gemeldet haben.",
    many: "Es gibt {n} Entscheidungen über Inhalte, die Sie geschrieben oder gemeldet haben.",
  },
};

const CATALOGUES: Readonly<Record<Language, Catalogue>> = { en: EN, de: DE };

/** What surrounds notifications in messages. */
const FRAMES = {
  en: {
    digest: "{n} notifications",
    more: "and {n} more",
    open: "Open Meridian to read them:",
    openOne: "Open Meridian to see it:",
    unsubscribe: "No more of these by e-mail:",
    stop: "Reply STOP to end these messages.",
    invite: "{who} invites you to Meridian: {url}",
    inviteGroup: "{who} invites you into “{what}” on Meridian: {url}",
    somebody: "Somebody who knows you",
    code: "Your code for Meridian is {code}. It is good for ten minutes. Nobody of us will ask you for it.",
    askUnsubscribe: "Do you want no more of these e-mails? Your inbox at Meridian still has everything.",
    unsubscribeButton: "No more of these e-mails",
    unsubscribed: "Done: you get no more of these e-mails. In your settings you can take it back.",
  },
  de: {
    digest: "{n} Benachrichtigungen",
    more: "und {n} weitere",
    open: "Öffnen Sie Meridian, um sie zu lesen:",
    openOne: "Öffnen Sie Meridian, um es zu sehen:",
    unsubscribe: "Keine solchen E-Mails mehr:",
    stop: "Antworten Sie STOP, um diese Nachrichten zu beenden.",
    invite: "{who} lädt Sie zu Meridian ein: {url}",
    inviteGroup: "{who} lädt Sie in „{what}“ auf Meridian ein: {url}",
    somebody: "Jemand, der Sie kennt,",
    code: "Ihr Code für Meridian ist {code}. Er gilt zehn Minuten. Niemand von uns wird Sie danach fragen.",
    askUnsubscribe: "Möchten Sie keine solchen E-Mails mehr? In Ihrem Posteingang bei Meridian steht weiterhin alles.",
    unsubscribeButton: "Keine solchen E-Mails mehr",
    unsubscribed: "Erledigt: Sie bekommen keine solchen E-Mails mehr. In Ihren Einstellungen können Sie es zurücknehmen.",
  },
} as const satisfies Readonly<Record<Language, Readonly<Record<string, string>>>>;

/** What is shown of a notification. */
export interface Shown {
  readonly title: string;
  readonly body: string;
}

/** What is said of a notification, and how many facts it tells of. */
export interface Told {
  readonly type: NotificationType;
  readonly words: Words;
  readonly count: number;
}

/** Title and body in the person's language, saying as much as they want said. A language that is not there is English. */
export function shownOf({ type, words, count }: Told, locale: string, content: Content): Shown {
  const { title, plain, named, many } = CATALOGUES[languageOf(locale)][type];
  if (count > 1 && many !== undefined) return { title, body: many.replace("{n}", String(count)) };
  const body = content === "plain" ? undefined : firstFilled([named ?? []].flat(), words);
  const text = content === "details" ? words.text : undefined;
  return { title, body: text === undefined ? (body ?? plain) : `${body ?? plain} “${clipped(text)}”` };
}

/** What is said of several at once: what kinds there are, the most urgent first as given. */
export function digestOf(several: readonly Told[], locale: string, content: Content): Shown {
  const [only] = several;
  if (only !== undefined && several.length === 1) return shownOf(only, locale, content);
  const lines = several.map((one) => shownOf(one, locale, content).body);
  const shown = lines.slice(0, DIGEST_LINES);
  const rest = lines.length - shown.length;
  const body = rest === 0 ? shown : [...shown, frame("more", locale, { n: String(rest) })];
  return { title: frame("digest", locale, { n: String(lines.length) }), body: body.join("\n") };
}

const DIGEST_LINES = 10;
const LONGEST_TEXT = 120;

/** A sentence around notifications, with its gaps filled. */
export function frame(name: keyof (typeof FRAMES)["en"], locale: string, values: Readonly<Record<string, string>> = {}): string {
  const text: string = FRAMES[languageOf(locale)][name];
  return Object.entries(values).reduce((filledIn, [gap, value]) => filledIn.replace(`{${gap}}`, () => value), text);
}

/** The first sentence of which everything is known, with its gaps filled. */
function firstFilled(sentences: readonly string[], words: Words): string | undefined {
  return sentences.map((sentence) => filled(sentence, words)).find((sentence) => sentence !== undefined);
}

/** A sentence with its gaps filled, or undefined where something is not known. */
function filled(sentence: string, words: Words): string | undefined {
  const values: Readonly<Record<string, string | undefined>> = { who: words.who, what: words.what };
  const gaps = [...sentence.matchAll(/\{(who|what)\}/g)].map(([, gap = ""]) => values[gap]);
  if (gaps.some((value) => value === undefined || value === "")) return undefined;
  return sentence.replace(/\{(who|what)\}/g, (_, gap: string) => clipped(values[gap] ?? ""));
}

function clipped(text: string): string {
  const letters = Array.from(text.replaceAll(/\s+/g, " ").trim());
  return letters.length <= LONGEST_TEXT ? letters.join("") : `${letters.slice(0, LONGEST_TEXT - 1).join("")}…`;
}
