import { type Fields, fieldsIn, isFields, textAt } from "../../../shared/fhir/r4/issue";
import { readRemotePatient, type RemotePatient } from "../../../shared/fhir/remote-patient";
import { checkTargetUrl } from "../../../shared/fhir/target-url";
import { notFound, problem, type Problem } from "../../../shared/problem";
import type { VaultState } from "../state";
import { type Answer, type Fetch, TargetClient, TargetFailure } from "./client";
import type { Targets } from "./targets";

/** How a server was found, asked once. */
export interface SourceStatus {
  readonly state: "connected" | "unhealthy" | "timeout" | "disconnected";
  /** Milliseconds until its answer, or until it was given up. */
  readonly tookMs: number;
  readonly fhirVersion: string | null;
  readonly software: string | null;
}

/** Pauses before each further try, in milliseconds: somebody waits for the answer. */
const PAUSES_MS = [150, 500];
/** Pages of a person's record, and letters of it, that one import takes. */
const MOST_PAGES = 60;
const MOST_LETTERS = 12_000_000;
const PAGE = 200;
/** What servers without `$everything` are asked for: what every one of them must answer, and what those have that know it. */
const SEARCHED = ["Observation", "DiagnosticReport"];
const SEARCHED_TOO = [
  "Condition",
  "AllergyIntolerance",
  "MedicationRequest",
  "MedicationStatement",
  "Immunization",
  "Procedure",
  "Encounter",
  "CarePlan",
  "CareTeam",
  "Goal",
  "DocumentReference",
  "ServiceRequest",
  "Specimen",
  "Device",
  "QuestionnaireResponse",
];

/** Reads from the FHIR servers that a person has registered. Nothing is stored: what comes goes to the person, or into an import. */
export class FhirSource {
  readonly #state: VaultState;
  readonly #targets: Targets;
  readonly #fetch: Fetch;

  constructor(state: VaultState, targets: Targets, fetch: Fetch) {
    this.#state = state;
    this.#targets = targets;
    this.#fetch = fetch;
  }

  /** Asks for the server's CapabilityStatement, once; problem `not_found` for a server that the person has not. */
  async status(id: string): Promise<SourceStatus> {
    const client = await this.#client(id);
    const begun = this.#state.now();
    const took = (state: SourceStatus["state"], statement: Fields = {}): SourceStatus => ({
      state,
      tookMs: Math.max(0, this.#state.now() - begun),
      fhirVersion: shown(statement, "fhirVersion"),
      software: shown(statement["software"], "name"),
    });
    try {
      const { status, body } = await client.call("GET", "metadata");
      const isStatement = status === 200 && isFields(body) && body["resourceType"] === "CapabilityStatement";
      return isStatement ? took("connected", body) : took("unhealthy");
    } catch (error) {
      if (!(error instanceof TargetFailure)) throw error;
      return took(error.reason === "timeout" ? "timeout" : error.reason === "unreachable" ? "disconnected" : "unhealthy");
    }
  }

  /** One Patient there. Problems `not_found`, `unavailable`, `server_timeout`, `server_failed`. */
  async patient(id: string, patient: string): Promise<RemotePatient> {
    const found = readRemotePatient(await this.#patient(await this.#client(id), patient));
    if (found === undefined) throw failed();
    return found;
  }

  /**
   * What the server has about a Patient, as the JSON text of a Bundle of type `collection`: by `$everything`, or by searches where it has no
   * such operation. Problems as of `patient`, and `too_large` for a record that is better exported there and imported as a file.
   */
  async record(id: string, patient: string): Promise<string> {
    const client = await this.#client(id);
    const base = this.#targets.get(id).baseUrl.replace(/\/+$/, "");
    const own = await this.#patient(client, patient);
    const gathered = new Gathered(base);
    gathered.add([{ resource: own }]);
    if (!(await this.#pages(client, base, `Patient/${patient}/$everything?_count=${PAGE}`, gathered)))
      for (const type of [...SEARCHED, ...SEARCHED_TOO]) {
        const isKnown = await this.#pages(client, base, `${type}?patient=${patient}&_count=${PAGE}`, gathered);
        if (!isKnown && SEARCHED.includes(type)) throw failed();
      }
    return gathered.bundle();
  }

  async #client(id: string): Promise<TargetClient> {
    const { baseUrl } = this.#targets.get(id);
    const auth = await this.#targets.auth(id);
    const hosts = this.#targets.localHosts();
    // Checked again: the rules may have changed since the person gave the URL.
    if (auth.kind === "client_credentials") checkTargetUrl(auth.tokenUrl, hosts, "/auth/tokenUrl");
    return new TargetClient(checkTargetUrl(baseUrl, hosts, "/baseUrl"), auth, this.#fetch, this.#state.now);
  }

  async #patient(client: TargetClient, patient: string): Promise<Fields> {
    const { status, body } = await this.#get(client, `Patient/${patient}`);
    if (status === 404 || status === 410) throw notFound("patient");
    if (status !== 200 || !isFields(body) || body["resourceType"] !== "Patient") throw failed();
    return body;
  }

  /** Gathers a search with all its pages; false where the server does not know what the first one asks. */
  async #pages(client: TargetClient, base: string, first: string, gathered: Gathered): Promise<boolean> {
    let path = first;
    const seen = new Set<string>();
    for (;;) {
      let answer: Answer;
      try {
        answer = await this.#get(client, path, path === first);
      } catch (error) {
        // 501: not implemented, which no later try changes.
        if (path === first && error instanceof TargetFailure) return false;
        throw error;
      }
      const { status, body } = answer;
      if (status !== 200 || !isFields(body) || body["resourceType"] !== "Bundle") {
        if (path === first) return false;
        throw failed();
      }
      gathered.add(fieldsIn(body["entry"] ?? []));
      seen.add(path);
      const next = textAt(
        fieldsIn(body["link"] ?? []).find(({ relation }) => relation === "next"),
        "url",
      );
      if (next === undefined) return true;
      // Credentials go to the registered server alone, and a page that leads back to itself would never end.
      path = within(base, next);
      if (seen.has(path)) throw failed();
      if (seen.size >= MOST_PAGES) throw tooLarge();
    }
  }

  /** A GET with further tries where a later one may succeed. `knows501` passes that one failure on as it is. */
  async #get(client: TargetClient, path: string, knows501 = false): Promise<Answer> {
    for (let attempt = 0; ; attempt++) {
      try {
        return await client.call("GET", path);
      } catch (error) {
        if (!(error instanceof TargetFailure)) throw error;
        if (knows501 && error.reason === "http_501") throw error;
        const pause = PAUSES_MS[attempt];
        // A time-out has made somebody wait long enough, and a server that names a time wants to be left alone until then.
        if (pause === undefined || !error.transient || error.reason === "timeout" || error.retryAfterMs !== undefined)
          throw asProblem(error);
        await scheduler.wait(pause);
      }
    }
  }
}

/** Resources without repetition, within what one import takes. */
class Gathered {
  readonly #base: string;
  readonly #entries = new Map<string, string>();
  #letters = 0;

  constructor(base: string) {
    this.#base = base;
  }

  /** Other Patients are left out: the record is of the one that was asked for. */
  add(entries: readonly Fields[]): void {
    for (const { resource } of entries) {
      if (!isFields(resource) || typeof resource["resourceType"] !== "string" || typeof resource["id"] !== "string") continue;
      if (resource["resourceType"] === "Patient" && this.#entries.size > 0) continue;
      const url = `${this.#base}/${resource["resourceType"]}/${resource["id"]}`;
      if (resource["resourceType"] === "OperationOutcome" || this.#entries.has(url)) continue;
      const json = `{"fullUrl":${JSON.stringify(url)},"resource":${JSON.stringify(resource)}}`;
      this.#letters += json.length;
      if (this.#letters > MOST_LETTERS) throw tooLarge();
      this.#entries.set(url, json);
    }
  }

  bundle(): string {
    return `{"resourceType":"Bundle","type":"collection","entry":[${[...this.#entries.values()].join(",")}]}`;
  }
}

function asProblem({ reason, transient, retryAfterMs }: TargetFailure): Problem {
  if (reason === "timeout") return problem("server_timeout");
  if (!transient) return failed();
  return problem("unavailable", "The other server cannot be reached, or is busy.", {
    retryAfter: Math.ceil((retryAfterMs ?? 30_000) / 1_000),
  });
}

function failed(): Problem {
  return problem("server_failed");
}

function tooLarge(): Problem {
  return problem("too_large", "The record is too large to be fetched at once; export it there and import the file.");
}

/** The path of a URL below the base; problem `server_failed` for one elsewhere. */
function within(base: string, next: string): string {
  const url = URL.canParse(next, `${base}/`) ? new URL(next, `${base}/`) : undefined;
  const root = new URL(`${base}/`);
  if (url === undefined || url.origin !== root.origin || !url.pathname.startsWith(root.pathname)) {
    // Some servers page by a query of the base itself.
    if (url?.origin === root.origin && url.pathname === root.pathname.slice(0, -1)) return url.search;
    throw failed();
  }
  return `${url.pathname.slice(root.pathname.length)}${url.search}`;
}

/** Words of another server that people see, cut short. */
function shown(statement: unknown, name: string): string | null {
  return textAt(statement, name)?.slice(0, 200) ?? null;
}
