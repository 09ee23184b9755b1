import { type Language, languageOf } from "../../shared/http/texts";

/** What people are written about. */
export const LETTERS = [
  "confirm_registration",
  "already_registered",
  "confirm_address",
  "address_changed",
  "reset_password",
  "password_changed",
  "factor_added",
  "factor_removed",
  "factor_changed",
  "key_added",
  "roles_changed",
  "webhook_disabled",
  "emergency_opened",
  "emergency_unjustified",
  "erasure_requested",
  "erasure_undone",
  "erasure_done",
  "region_moved",
  "invited_by_friend",
  "invited_to_group",
] as const;
export type Letter = (typeof LETTERS)[number];

type Words = readonly [subject: string, text: string];

const TEXTS: Readonly<Record<Language, Readonly<Record<Letter, Words>>>> = {
  en: {
    confirm_registration: [
      "Confirm your address",
      "Somebody registered at Meridian with this address. If it was you, confirm it within 24 hours with this code:",
    ],
    already_registered: [
      "You have an account already",
      "Somebody tried to use this address at Meridian, where it belongs to your account. If it was you, sign in or reset your password. If not, there is nothing to do.",
    ],
    confirm_address: ["Confirm your new address", "To use this address at Meridian, confirm it within 24 hours with this code:"],
    address_changed: [
      "Your address was changed",
      "Your account at Meridian has another e-mail address now. If you did not change it, write to our support at once.",
    ],
    reset_password: [
      "Choose a new password",
      "Somebody asked for a new password of your account at Meridian. If it was you, choose it within 20 minutes with this code:",
    ],
    password_changed: [
      "Your password was changed",
      "Your password at Meridian was changed, and your other sessions have ended. If it was not you, reset it at once.",
    ],
    factor_added: [
      "A way to sign in was added",
      "A way to prove who you are was added to your account at Meridian. If it was not you, reset your password at once.",
    ],
    key_added: [
      "An API key was made",
      "An API key was made for your account at Meridian. If it was not you, reset your password at once: that ends every key.",
    ],
    factor_changed: [
      "Your recovery codes were replaced",
      "The recovery codes of your account at Meridian were replaced: the old ones are worth nothing any more. If it was not you, reset your password at once.",
    ],
    roles_changed: [
      "Your roles were changed",
      "An administrator has changed what roles you hold at Meridian. Your access log says which and when. If you did not expect it, write to our support.",
    ],
    webhook_disabled: [
      "A webhook was switched off",
      "A webhook of yours at Meridian takes no messages any more, and was switched off. Mend it, enable it again, and have what it missed sent again. Its address:",
    ],
    emergency_opened: [
      "A clinician opened emergency access to your data",
      "A clinician opened emergency access to your data at Meridian. It ends by itself after one hour, and somebody reviews it. In your account you can see who it was and why, and end it at once.",
    ],
    emergency_unjustified: [
      "An emergency access was not justified",
      "The review of an emergency access to your data at Meridian found that it was not justified. In your account you can see who it was and what the review says.",
    ],
    factor_removed: [
      "A way to sign in was removed",
      "A way to prove who you are was removed from your account at Meridian. If it was not you, reset your password at once.",
    ],
    erasure_requested: [
      "Your account will be erased",
      "You asked us to erase your account at Meridian, and your other sessions have ended. Until the time below you can sign in and undo it. If it was not you, do that at once and change your password.",
    ],
    erasure_undone: [
      "Your account stays",
      "The erasure of your account at Meridian was undone. Vendors are asked again, and your consents count again; API keys have to be made anew.",
    ],
    erasure_done: [
      "Your account was erased",
      "Everything we had of you at Meridian has been erased. With the number and the code below you can fetch the receipt once; nobody else has the code.",
    ],
    region_moved: [
      "Your account has moved",
      "Everything of your account at Meridian lies in the region you chose, and nothing in the one before. Please sign in again; API keys have to be made anew, accounts at sign-in providers linked anew. You belong to no organisation and take part in no research of the old region any more.",
    ],
    invited_by_friend: [
      "You are invited",
      "Somebody who knows you invites you to be friends on Meridian. If you do not know who it is, there is nothing to do. Who invites, and the way in, which counts once:",
    ],
    invited_to_group: [
      "You are invited into a group",
      "Somebody who knows you invites you into a group on Meridian. If you do not know who it is, there is nothing to do. Who invites, the group, and the way in, which counts once:",
    ],
  },
  de: {
    confirm_registration: [
      "Bitte Adresse bestätigen",
      "Jemand hat sich mit dieser Adresse bei Meridian registriert. Falls Sie es waren, bestätigen Sie sie innerhalb von 24 Stunden mit diesem Code:",
    ],
    already_registered: [
      "Sie haben schon ein Konto",
      "Jemand wollte diese Adresse bei Meridian verwenden, wo sie zu Ihrem Konto gehört. Falls Sie es waren, melden Sie sich an oder setzen Sie Ihr Passwort zurück. Falls nicht, ist nichts zu tun.",
    ],
    confirm_address: [
      "Bitte neue Adresse bestätigen",
      "Um diese Adresse bei Meridian zu verwenden, bestätigen Sie sie innerhalb von 24 Stunden mit diesem Code:",
    ],
    address_changed: [
      "Ihre Adresse wurde geändert",
      "Ihr Konto bei Meridian hat jetzt eine andere E-Mail-Adresse. Falls Sie sie nicht geändert haben, schreiben Sie sofort unserer Hilfe.",
    ],
    reset_password: [
      "Neues Passwort wählen",
      "Jemand hat für Ihr Konto bei Meridian ein neues Passwort verlangt. Falls Sie es waren, wählen Sie es innerhalb von 20 Minuten mit diesem Code:",
    ],
    password_changed: [
      "Ihr Passwort wurde geändert",
      "Ihr Passwort bei Meridian wurde geändert, und Ihre anderen Sitzungen sind beendet. Falls Sie es nicht waren, setzen Sie es sofort zurück.",
    ],
    factor_added: [
      "Ein Anmeldeweg kam hinzu",
      "Zu Ihrem Konto bei Meridian kam ein Weg hinzu, sich auszuweisen. Falls Sie es nicht waren, setzen Sie sofort Ihr Passwort zurück.",
    ],
    key_added: [
      "Ein API-Schlüssel wurde angelegt",
      "Für Ihr Konto bei Meridian wurde ein API-Schlüssel angelegt. Falls Sie es nicht waren, setzen Sie sofort Ihr Passwort zurück: Das beendet jeden Schlüssel.",
    ],
    factor_changed: [
      "Ihre Wiederherstellungscodes wurden ersetzt",
      "Die Wiederherstellungscodes Ihres Kontos bei Meridian wurden ersetzt: Die alten gelten nicht mehr. Falls Sie es nicht waren, setzen Sie sofort Ihr Passwort zurück.",
    ],
    roles_changed: [
      "Ihre Rollen wurden geändert",
      "Eine Verwaltung hat geändert, welche Rollen Sie bei Meridian haben. Welche und wann, steht in Ihrem Zugriffsprotokoll. Falls Sie es nicht erwartet haben, schreiben Sie unserer Hilfe.",
    ],
    webhook_disabled: [
      "Ein Webhook wurde abgeschaltet",
      "Ein Webhook von Ihnen bei Meridian nimmt keine Nachrichten mehr an und wurde abgeschaltet. Bringen Sie ihn in Ordnung, schalten Sie ihn wieder ein und lassen Sie nachsenden, was ihm entging. Seine Adresse:",
    ],
    emergency_opened: [
      "Notfallzugriff auf Ihre Daten",
      "Eine Ärztin oder ein Arzt hat einen Notfallzugriff auf Ihre Daten bei Meridian geöffnet. Er endet nach einer Stunde von selbst und wird überprüft. In Ihrem Konto sehen Sie, wer es war und warum, und können ihn sofort beenden.",
    ],
    emergency_unjustified: [
      "Ein Notfallzugriff war nicht gerechtfertigt",
      "Die Überprüfung eines Notfallzugriffs auf Ihre Daten bei Meridian ergab, dass er nicht gerechtfertigt war. In Ihrem Konto sehen Sie, wer es war und was die Überprüfung sagt.",
    ],
    factor_removed: [
      "Ein Anmeldeweg wurde entfernt",
      "Von Ihrem Konto bei Meridian wurde ein Weg entfernt, sich auszuweisen. Falls Sie es nicht waren, setzen Sie sofort Ihr Passwort zurück.",
    ],
    erasure_requested: [
      "Ihr Konto wird gelöscht",
      "Sie haben verlangt, dass wir Ihr Konto bei Meridian löschen; Ihre anderen Sitzungen sind beendet. Bis zum unten genannten Zeitpunkt können Sie sich anmelden und es zurücknehmen. Falls Sie es nicht waren, tun Sie das sofort und ändern Sie Ihr Passwort.",
    ],
    erasure_undone: [
      "Ihr Konto bleibt",
      "Die Löschung Ihres Kontos bei Meridian wurde zurückgenommen. Hersteller werden wieder gefragt, und Ihre Einwilligungen gelten wieder; API-Schlüssel müssen neu angelegt werden.",
    ],
    erasure_done: [
      "Ihr Konto wurde gelöscht",
      "Alles, was wir bei Meridian von Ihnen hatten, ist gelöscht. Mit der Nummer und dem Code unten können Sie den Beleg einmal abrufen; niemand sonst hat den Code.",
    ],
    region_moved: [
      "Ihr Konto ist umgezogen",
      "Alles zu Ihrem Konto bei Meridian liegt in der Region, die Sie gewählt haben, und nichts mehr in der bisherigen. Bitte melden Sie sich neu an; API-Schlüssel müssen neu angelegt, Konten bei Anmeldediensten neu verknüpft werden. Organisationen und Studien der bisherigen Region gehören Sie nicht mehr an.",
    ],
    invited_by_friend: [
      "Sie sind eingeladen",
      "Jemand, der Sie kennt, lädt Sie zur Freundschaft auf Meridian ein. Wenn Sie nicht wissen, wer das ist, müssen Sie nichts tun. Wer einlädt, und der Weg hinein, der einmal gilt:",
    ],
    invited_to_group: [
      "Sie sind in eine Gruppe eingeladen",
      "Jemand, der Sie kennt, lädt Sie in eine Gruppe auf Meridian ein. Wenn Sie nicht wissen, wer das ist, müssen Sie nichts tun. Wer einlädt, die Gruppe, und der Weg hinein, der einmal gilt:",
    ],
  },
};

/** A letter in the language of a locale, with the code it is about on a line of its own. */
export function letter(kind: Letter, locale: string, code?: string): { readonly subject: string; readonly text: string } {
  const [subject, text] = TEXTS[languageOf(locale)][kind];
  return { subject: `Meridian: ${subject}`, text: code === undefined ? `${text}\n` : `${text}\n\n${code}\n` };
}
