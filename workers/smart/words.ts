import type { Language } from "../../shared/http/texts";
import type { ScopeType, SmartScope, Word } from "../../shared/fhir/scopes";

type Words = readonly [en: string, de: string];

const NAMES: Readonly<Record<ScopeType, Words>> = {
  "*": ["everything in your health record", "alles in Ihrer Gesundheitsakte"],
  AllergyIntolerance: ["allergies", "Allergien"],
  AuditEvent: ["who has seen your data", "wer Ihre Daten gesehen hat"],
  Basic: ["notes of other kinds", "Einträge anderer Art"],
  Binary: ["files", "Dateien"],
  Bundle: ["collections of entries", "Sammlungen von Einträgen"],
  CarePlan: ["care plans", "Behandlungspläne"],
  CareTeam: ["the people who treat you", "wer Sie behandelt"],
  Communication: ["messages", "Nachrichten"],
  Condition: ["illnesses and complaints", "Krankheiten und Beschwerden"],
  Consent: ["what you have agreed to", "worin Sie eingewilligt haben"],
  Coverage: ["your health insurance", "Ihre Krankenversicherung"],
  Device: ["your devices", "Ihre Geräte"],
  DiagnosticReport: ["reports of findings", "Befundberichte"],
  DocumentReference: ["documents", "Dokumente"],
  Encounter: ["visits", "Besuche in Praxen und Kliniken"],
  Goal: ["goals", "Ziele"],
  Group: ["groups", "Gruppen"],
  Immunization: ["vaccinations", "Impfungen"],
  List: ["lists", "Listen"],
  Location: ["places of treatment", "Behandlungsorte"],
  Medication: ["medicines", "Arzneimittel"],
  MedicationRequest: ["prescriptions", "Verordnungen"],
  MedicationStatement: ["medicines you take", "Medikamente, die Sie nehmen"],
  Observation: ["readings, sleep, activity and laboratory results", "Messwerte, Schlaf, Bewegung und Laborwerte"],
  Organization: ["practices and hospitals", "Praxen und Kliniken"],
  Patient: ["your name and personal details", "Ihr Name und Ihre Angaben zur Person"],
  Practitioner: ["physicians and therapists", "Ärztinnen, Ärzte und Behandelnde"],
  PractitionerRole: ["where physicians and therapists work", "wo Ihre Behandelnden arbeiten"],
  Procedure: ["treatments", "Eingriffe und Behandlungen"],
  Provenance: ["where your data comes from", "woher Ihre Daten stammen"],
  Questionnaire: ["questionnaires", "Fragebögen"],
  QuestionnaireResponse: ["questionnaires you have answered", "Fragebögen, die Sie beantwortet haben"],
  RelatedPerson: ["relatives and people close to you", "Angehörige und Ihnen Nahestehende"],
  ServiceRequest: ["referrals and orders", "Überweisungen und Aufträge"],
  Specimen: ["samples for the laboratory", "Laborproben"],
  Subscription: ["notifications about new entries", "Benachrichtigungen über neue Einträge"],
  Task: ["tasks", "Aufgaben"],
};

const KINDS: Readonly<Record<string, Words>> = {
  "vital-signs": ["vital signs", "Vitalwerte"],
  laboratory: ["laboratory results", "Laborwerte"],
  survey: ["questionnaires", "Fragebögen"],
  "social-history": ["habits and circumstances", "Gewohnheiten und Lebensumstände"],
  activity: ["activity", "Bewegung"],
  exam: ["examinations", "Untersuchungen"],
};

const DEEDS: readonly (readonly [letter: string, en: string, de: string])[] = [
  ["c", "add", "hinzufügen"],
  ["r", "read", "lesen"],
  ["u", "change", "ändern"],
  ["d", "delete", "löschen"],
  ["s", "search", "durchsuchen"],
];

const WORDS: Readonly<Record<Word, Words>> = {
  openid: ["Know that it is you who signs in", "Wissen, dass Sie es sind, wer sich anmeldet"],
  fhirUser: ["Know which record is yours", "Wissen, welche Akte Ihre ist"],
  profile: ["Know which record is yours", "Wissen, welche Akte Ihre ist"],
  launch: ["Open with your record", "Mit Ihrer Akte geöffnet werden"],
  "launch/patient": ["Know whose record it is: yours", "Wissen, um wessen Akte es geht: um Ihre"],
  offline_access: [
    "Keep access while you are not there: for up to a year, until you remove the app",
    "Auch dann Zugriff behalten, wenn Sie nicht da sind: bis zu einem Jahr, bis Sie die App entfernen",
  ],
  online_access: ["Keep access for twelve hours", "Zwölf Stunden lang Zugriff behalten"],
};

/** `user/` is about the person's record and about those that others let them see. */
const OF_OTHERS: Words = [
  ", also of people who share theirs with you, as far as they do",
  ", auch von Menschen, die ihre mit Ihnen teilen, soweit sie das tun",
];

/** A scope in plain words. */
export function inWords(scope: SmartScope, language: Language): string {
  const at = language === "de" ? 1 : 0;
  if (scope.kind === "word") return WORDS[scope.text][at];
  const name = NAMES[scope.type][at];
  const kinds = scope.where.flatMap(([, value]) =>
    value.split(",").map((one) => {
      const code = one.slice(one.indexOf("|") + 1);
      return KINDS[code]?.[at] ?? one;
    }),
  );
  const deeds = DEEDS.flatMap(([letter, en, de]) => (scope.interactions.includes(letter) ? [language === "de" ? de : en] : [])).join(", ");
  const only = kinds.length === 0 ? "" : language === "de" ? ` (nur: ${kinds.join(", ")})` : ` (only: ${kinds.join(", ")})`;
  const others = scope.context === "user" ? OF_OTHERS[at] : "";
  return language === "de" ? `${upper(name)}${only}${others}: ${deeds}` : `${upper(deeds)}: ${name}${only}${others}`;
}

function upper(text: string): string {
  return text.slice(0, 1).toUpperCase() + text.slice(1);
}

/** What the pages say. */
export const PAGE_TEXTS = {
  en: {
    signIn: "Sign in",
    toDecide: (app: string) => `${app} asks for access to your health record. Sign in to decide.`,
    toManage: "Sign in to see which apps have access to your health record.",
    email: "E-mail",
    password: "Password",
    code: "Code of your authenticator app",
    codeHelp: "Or one of your recovery codes.",
    go: "Continue",
    passkey: "Sign in with a passkey",
    noPasskey: "No passkey was used. Try again, or sign in with your password.",
    wrongPasskey: "This passkey was not accepted.",
    wrong: "E-mail or password is wrong.",
    wrongCode: "The code is wrong or was used before.",
    locked: "Too many attempts. Please wait.",
    over: "This page is too old. Please go back to the app and begin again.",
    failed: "That did not work. Please try again.",
    consent: (app: string) => `Let ${app} in?`,
    address: "Its address",
    returns: "You return to",
    asks: (app: string, name: string) => `${name}, ${app} would like to do this with your health record. Take away what you do not want.`,
    allow: "Allow",
    deny: "Do not allow",
    later: "You can remove the app at any time.",
    apps: "Apps with access",
    none: "No app has access to your health record.",
    remove: "Remove",
    since: "Since",
    used: "last used",
    client: "This app is not known here. Nothing was passed on.",
    redirect: "The app named an address that it has not registered. Nothing was passed on.",
    expired: "This page is too old. Please go back to the app and begin again.",
    trouble: "This does not work",
  },
  de: {
    signIn: "Anmelden",
    toDecide: (app: string) => `${app} möchte Zugriff auf Ihre Gesundheitsakte. Bitte melden Sie sich an, um zu entscheiden.`,
    toManage: "Melden Sie sich an, um zu sehen, welche Apps Zugriff auf Ihre Gesundheitsakte haben.",
    email: "E-Mail",
    password: "Passwort",
    code: "Code Ihrer Authentifizierungs-App",
    codeHelp: "Oder einer Ihrer Wiederherstellungscodes.",
    go: "Weiter",
    passkey: "Mit einem Passkey anmelden",
    noPasskey: "Es wurde kein Passkey benutzt. Versuchen Sie es noch einmal, oder melden Sie sich mit Ihrem Passwort an.",
    wrongPasskey: "Dieser Passkey wurde nicht angenommen.",
    wrong: "E-Mail oder Passwort ist falsch.",
    wrongCode: "Der Code ist falsch oder wurde schon benutzt.",
    locked: "Zu viele Versuche. Bitte warten Sie.",
    over: "Diese Seite ist zu alt. Bitte gehen Sie zur App zurück und beginnen Sie neu.",
    failed: "Das hat nicht geklappt. Bitte versuchen Sie es noch einmal.",
    consent: (app: string) => `${app} einlassen?`,
    address: "Ihre Adresse",
    returns: "Sie kehren zurück zu",
    asks: (app: string, name: string) =>
      `${name}, ${app} möchte dies mit Ihrer Gesundheitsakte tun. Nehmen Sie weg, was Sie nicht möchten.`,
    allow: "Erlauben",
    deny: "Nicht erlauben",
    later: "Sie können die App jederzeit entfernen.",
    apps: "Apps mit Zugriff",
    none: "Keine App hat Zugriff auf Ihre Gesundheitsakte.",
    remove: "Entfernen",
    since: "Seit",
    used: "zuletzt benutzt",
    client: "Diese App ist hier nicht bekannt. Nichts wurde weitergegeben.",
    redirect: "Die App nannte eine Adresse, die sie nicht angemeldet hat. Nichts wurde weitergegeben.",
    expired: "Diese Seite ist zu alt. Bitte gehen Sie zur App zurück und beginnen Sie neu.",
    trouble: "Das geht nicht",
  },
} as const;
