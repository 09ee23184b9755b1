import { labFhirId } from "../../../../shared/fhir/labs";
import { patientId } from "../../../../shared/fhir/ids";
import { type Fields, isFields } from "../../../../shared/fhir/r4/issue";
import { WHOLE_REACH } from "../../../../shared/fhir/reach";
import { isSame } from "../../../../shared/fhir/store/json-patch";
import { type ResourceDraft, type ResourceLink, settled } from "../../../../shared/imports/fhir/taken-in";
import type { LabCount, LabReceipt } from "../../../../shared/labs/result";
import { identityHash } from "../../labs/rows";
import type { VaultState } from "../../state";
import type { Repository } from "./repository";
import { type KeptFile, Resources, type StoredVersion } from "./resources";

/** Resources that one call of `undo` takes back. */
const AT_ONCE = 200;
/** References that one Provenance has; an import that brings more has several. */
const MOST_TARGETS = 2_000;

type Outcome = "accepted" | "duplicate" | { readonly reason: string };

/**
 * What imports bring into the repository. Each remembers which version of which resource it told, so that a repetition is known, what
 * somebody changed since is not overwritten, and what only one import told goes with it.
 */
export class ImportedResources {
  readonly #state: VaultState;
  readonly #repository: Repository;
  readonly #resources: Resources;

  constructor(state: VaultState, repository: Repository) {
    this.#state = state;
    this.#repository = repository;
    this.#resources = new Resources(state);
  }

  /** Stores what an import brings, in one transaction; a replay changes nothing. Drafts are valid. */
  record(drafts: readonly ResourceDraft[], by: string, files: ReadonlyMap<string, KeptFile> = new Map()): LabReceipt {
    return this.#resources.withFiles(files, () => this.#record(drafts, by));
  }

  #record(drafts: readonly ResourceDraft[], by: string): LabReceipt {
    const byType: Record<string, LabCount> = {};
    const warnings: { code: string; detail: string; count: number }[] = [];
    this.#state.storage.transactionSync(() => {
      for (const draft of drafts) {
        const outcome = this.#one(draft, by);
        const kind = typeof outcome === "string" ? outcome : "rejected";
        (byType[draft.type] ??= { accepted: 0, duplicate: 0, rejected: 0 })[kind]++;
        if (typeof outcome !== "string") warnings.push({ code: outcome.reason, detail: `${draft.type}/${draft.id}`, count: 1 });
      }
    });
    return { byType, warnings };
  }

  /** Says in a Provenance what an import brought: the resources that it made or changed, and its laboratory results. Idempotent. */
  attest(by: string, fileName: string): void {
    const { sql, storage, now, person } = this.#state;
    storage.transactionSync(() => {
      const own = `import-${by.replaceAll("_", "-")}`;
      const stored = sql
        .exec<{ type: string; id: string }>(
          `SELECT DISTINCT r.type, r.id FROM fhir_imports AS i JOIN fhir_resources AS r ON r.n = i.n
           WHERE i.import = ? AND i.is_maker = 1 AND r.body IS NOT NULL AND substr(r.id, 1, ?) <> ? ORDER BY r.n`,
          by,
          own.length,
          own,
        )
        .toArray();
      const labs = sql
        .exec<{ type: string; id: string }>(
          `SELECT 'DiagnosticReport' AS type, l.id FROM lab_imports AS i JOIN lab_reports AS l ON l.id = i.item WHERE i.import = ?1
           UNION ALL SELECT 'Observation', l.id FROM lab_imports AS i JOIN lab_results AS l ON l.id = i.item WHERE i.import = ?1 AND l.brought_by = ?1`,
          by,
        )
        .toArray()
        .map(({ type, id }) => ({ type, id: labFhirId(id) }));
      const targets = [...stored, ...labs];
      for (let part = 0; part * MOST_TARGETS < targets.length; part++) {
        const id = part === 0 ? own : `${own}.${part + 1}`;
        if (this.#resources.get("Provenance", id) !== undefined) continue;
        const { n, version } = this.#resources.put(
          "Provenance",
          id,
          {
            resourceType: "Provenance",
            target: targets
              .slice(part * MOST_TARGETS, (part + 1) * MOST_TARGETS)
              .map(({ type, id: target }) => ({ reference: `${type}/${target}` })),
            recorded: new Date(now()).toISOString(),
            activity: { coding: [{ system: "http://terminology.hl7.org/CodeSystem/v3-DataOperation", code: "CREATE", display: "create" }] },
            agent: [
              { type: participant("enterer", "Enterer"), who: { reference: `Patient/${patientId(person)}` } },
              { type: participant("assembler", "Assembler"), who: { display: "Meridian" } },
            ],
            entity: [
              {
                role: "source",
                what: { identifier: { system: "urn:meridian:import", value: by }, ...(fileName !== "" && { display: fileName }) },
              },
            ],
          },
          "POST",
        );
        this.#mark(by, n, version, { isMaker: true, toldAt: 0 });
      }
    });
  }

  /** Takes back what an import told and nobody else did; idempotent. Called again while `isMore`. */
  undo(by: string): { readonly removed: number; readonly isMore: boolean } {
    const { sql, storage } = this.#state;
    return storage.transactionSync(() => {
      const rows = sql.exec<{ n: number }>("SELECT DISTINCT n FROM fhir_imports WHERE import = ? LIMIT ?", by, AT_ONCE).toArray();
      const removed = rows.reduce((sum, { n }) => sum + this.#takeBack(n, by), 0);
      return { removed, isMore: rows.length === AT_ONCE };
    });
  }

  #one(draft: ResourceDraft, by: string): Outcome {
    const { type, id, original, toldAt } = draft;
    const told = settled(draft, (link) => this.#found(link));
    // An export of this very vault shows views, which are here, and resources under ids of the person's own.
    if (original !== "" && original !== id && this.#isOwn(type, original, told)) return "duplicate";
    const stored = this.#resources.get(type, id);
    if (stored === undefined) return this.#put(draft, told, "POST", by);
    const resource = this.#resources.withoutSameFile(stored, told);
    const last = this.#lastTold(stored.n);
    if (stored.body === undefined) return last === undefined ? this.#put(draft, resource, "PUT", by) : { reason: "deleted_by_person" };
    if (isSame(said(stored.body, last === undefined), said({ ...resource, id }, last === undefined))) {
      if (last !== undefined) this.#mark(by, stored.n, stored.version, { isMaker: false, toldAt: Math.max(toldAt, last.told_at) });
      return "duplicate";
    }
    if (last === undefined) return { reason: "changed_here" };
    if (toldAt > 0 && toldAt < last.told_at) return "duplicate";
    if (last.version === stored.version) return this.#put(draft, resource, "PUT", by);
    // Somebody has changed it since: what the source said before says nothing new, anything else would take the change back.
    const before = this.#resources.versions(type, id).find(({ version }) => version === last.version)?.body;
    return before !== undefined && isSame(said(before, false), said({ ...resource, id }, false)) ? "duplicate" : { reason: "changed_here" };
  }

  #put({ type, id, toldAt }: ResourceDraft, resource: Fields, method: "POST" | "PUT", by: string): Outcome {
    const before = this.#resources.get(type, id);
    const stored = this.#resources.put(type, id, resource, method);
    // A Binary without data has the bytes that it had.
    if (type === "Binary" && before !== undefined) this.#resources.shareFile(before, stored);
    this.#mark(by, stored.n, stored.version, { isMaker: true, toldAt });
    return "accepted";
  }

  #isOwn(type: string, id: string, resource: Fields): boolean {
    const stored = this.#resources.get(type as ResourceDraft["type"], id);
    if (stored === undefined) return this.#repository.search.built(type as ResourceDraft["type"], id, WHOLE_REACH) !== undefined;
    return stored.body !== undefined && isSame(said(stored.body, true), said({ ...resource, id }, true));
  }

  /** What a reference leads to here. */
  #found({ lab, reference }: ResourceLink): string | undefined {
    const { sql } = this.#state;
    if (lab !== undefined) {
      const table = lab.type === "Observation" ? "lab_results" : "lab_reports";
      const [row] = sql.exec<{ id: string }>(`SELECT id FROM ${table} WHERE identity = ?`, identityHash("fhir", lab.identity)).toArray();
      return row === undefined ? undefined : `${lab.type}/${labFhirId(row.id)}`;
    }
    const [type = "", id = ""] = reference?.split("/") ?? [];
    return this.#resources.get(type, id)?.body === undefined ? undefined : reference;
  }

  /** The version that an import told last; undefined for what no import told. */
  #lastTold(n: number): { readonly version: number; readonly told_at: number } | undefined {
    return this.#state.sql
      .exec<{ version: number; told_at: number }>(
        "SELECT version, told_at FROM fhir_imports WHERE n = ? ORDER BY version DESC, told_at DESC LIMIT 1",
        n,
      )
      .toArray()[0];
  }

  #mark(by: string, n: number, version: number, { isMaker, toldAt }: { readonly isMaker: boolean; readonly toldAt: number }): void {
    this.#state.sql.exec(
      "INSERT OR IGNORE INTO fhir_imports (import, n, version, is_maker, told_at) VALUES (?, ?, ?, ?, ?)",
      by,
      n,
      version,
      Number(isMaker),
      toldAt,
    );
  }

  /** Takes one resource back; 1 where that changed it. */
  #takeBack(n: number, by: string): number {
    const { sql } = this.#state;
    const marks = sql.exec<{ version: number }>("SELECT version FROM fhir_imports WHERE import = ? AND n = ?", by, n).toArray();
    sql.exec("DELETE FROM fhir_imports WHERE import = ? AND n = ?", by, n);
    const isTold = (version: number) =>
      sql.exec("SELECT 1 FROM fhir_imports WHERE n = ? AND version = ? LIMIT 1", n, version).toArray().length > 0;
    const taken = marks.map(({ version }) => version).filter((version) => !isTold(version));
    for (const version of taken) this.#resources.forgetVersion({ n, version });
    const [current] = this.#resources.byNumber(n);
    if (current === undefined || current.body === undefined || !taken.includes(current.version)) return 0;
    const before = this.#resources
      .versions(current.type, current.id)
      .find(({ version, body }) => version !== current.version && body !== undefined);
    if (before?.body === undefined) this.#resources.remove(current);
    else this.#restore(current, before, before.body);
    // What the import said is gone, also from the history.
    this.#resources.forgetVersion(current);
    return 1;
  }

  /** Makes what a resource was before its present version again. */
  #restore({ type, id, n }: StoredVersion, before: StoredVersion, body: Fields): void {
    const restored = this.#resources.put(type, id, body, "PUT");
    if (type === "Binary") this.#resources.shareFile(before, restored);
    this.#state.sql.exec(
      "INSERT OR IGNORE INTO fhir_imports (import, n, version, is_maker, told_at) SELECT import, n, ?, is_maker, told_at FROM fhir_imports WHERE n = ? AND version = ?",
      restored.version,
      n,
      before.version,
    );
  }
}

/** What a resource says, without what is set here; without its source where that does not count. */
function said({ meta, ...rest }: Fields, isOwn: boolean): Fields {
  const { versionId: _version, lastUpdated: _at, source, ...kept } = isFields(meta) ? meta : {};
  const all = { ...kept, ...(!isOwn && source !== undefined && { source }) };
  return { ...rest, ...(Object.keys(all).length > 0 && { meta: all }) };
}

function participant(code: string, display: string): Fields {
  return { coding: [{ system: "http://terminology.hl7.org/CodeSystem/provenance-participant-type", code, display }] };
}
