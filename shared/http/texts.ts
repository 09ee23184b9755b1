import { PROBLEMS, type ProblemCode } from "../problem";

/** Languages with a catalogue. English is complete by construction: its titles are those of `shared/problem.ts`. */
export const LANGUAGES = ["en", "de"] as const;
export type Language = (typeof LANGUAGES)[number];

type Titles = Readonly<Partial<Record<ProblemCode, string>>>;

const TITLES: Readonly<Record<Exclude<Language, "en">, Titles>> = {
  de: {
    malformed: "Die Anfrage konnte nicht gelesen werden",
    unauthenticated: "Bitte anmelden",
    invalid_client: "Der Client konnte nicht geprüft werden",
    invalid_scope: "Dieser Scope ist nicht erlaubt",
    invalid_grant: "Der Code oder das Token dieses Grants gilt nicht",
    unsupported_grant_type: "Diese Art von Grant wird nicht unterstützt",
    invalid_credentials: "E-Mail oder Passwort ist falsch",
    token_expired: "Das Zugriffstoken ist abgelaufen",
    session_ended: "Die Sitzung ist beendet",
    invalid_signature: "Die Signatur stimmt nicht",
    mfa_required: "Ein zweiter Faktor ist nötig",
    forbidden: "Nicht erlaubt",
    step_up_required: "Dafür bitte neu anmelden",
    not_found: "Nicht gefunden",
    method_not_allowed: "Diese Methode gibt es hier nicht",
    not_acceptable: "Keines der gewünschten Formate ist verfügbar",
    conflict: "Die Anfrage widerspricht dem jetzigen Stand",
    email_taken: "Diese E-Mail-Adresse kann nicht verwendet werden",
    insufficient_funds: "Im Guthaben ist nicht genug",
    sold_out: "Davon ist nichts mehr da",
    cohort_too_small: "Zu wenige Menschen nehmen teil",
    budget_exhausted: "Das Budget für die Privatsphäre ist aufgebraucht",
    idempotency_mismatch: "Der Idempotenzschlüssel gehört zu einer anderen Anfrage",
    idempotency_in_flight: "Eine Anfrage mit diesem Idempotenzschlüssel läuft noch",
    gone: "Nicht mehr verfügbar",
    vendor_retired: "Der Anbieter hat diese Schnittstelle geschlossen",
    precondition_failed: "Die Ressource hat sich geändert",
    too_large: "Die Anfrage ist zu groß",
    unsupported_media_type: "Dieser Inhaltstyp wird nicht unterstützt",
    range_not_satisfiable: "Diesen Bereich hat die Datei nicht",
    wrong_region: "Die Daten liegen in einer anderen Region",
    invalid: "Die Anfrage ist nicht gültig",
    unit_mismatch: "Die Einheit passt nicht zur Messgröße",
    unknown_metric: "Diese Messgröße ist nicht bekannt",
    file_unreadable: "Die Datei konnte nicht gelesen werden",
    locked: "Zu viele Versuche",
    rate_limited: "Zu viele Anfragen",
    internal: "Etwas ist schiefgegangen",
    own_credentials_required: "Der Anbieter verlangt ein eigenes Konto der Organisation",
    vendor_failed: "Der Anbieter hat nicht wie erwartet geantwortet",
    server_failed: "Der andere Server hat nicht wie erwartet geantwortet",
    unavailable: "Vorübergehend nicht verfügbar",
    server_timeout: "Der andere Server hat nicht rechtzeitig geantwortet",
  },
};

/** The title of a problem; English where a language lacks it. */
export function problemTitle(code: ProblemCode, language: Language): string {
  const translated = language === "en" ? undefined : TITLES[language][code];
  return translated ?? PROBLEMS[code][1];
}

/** The best language for an `Accept-Language` header (RFC 9110 §12.5.4): highest weight first, regions fall back to their language. */
export function languageOf(header: string | undefined): Language {
  const wanted = (header ?? "")
    .slice(0, 256)
    .split(",")
    .map((part, order) => {
      const [tag = "", ...parameters] = part.trim().toLowerCase().split(";");
      const weight = parameters.map((text) => /^\s*q=([01](?:\.\d{0,3})?)\s*$/.exec(text)?.[1]).find((text) => text !== undefined);
      return { primary: tag.split("-")[0] ?? "", weight: weight === undefined ? 1 : Number(weight), order };
    })
    .filter((choice) => choice.weight > 0)
    .sort((a, b) => b.weight - a.weight || a.order - b.order);
  for (const { primary } of wanted) {
    const known = LANGUAGES.find((language) => language === primary);
    if (known !== undefined) return known;
    if (primary === "*") return "en";
  }
  return "en";
}
