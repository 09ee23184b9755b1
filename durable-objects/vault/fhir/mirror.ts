import * as z from "zod";
import { URN } from "../../../shared/fhir/systems";
import type { Device, Observation, Patient } from "../../../shared/fhir/types";
import { type TargetClient, TargetFailure } from "./client";

const statementSchema = z.object({
  rest: z.array(
    z.object({
      resource: z
        .array(z.object({ type: z.string(), conditionalUpdate: z.boolean().optional(), conditionalCreate: z.boolean().optional() }))
        .optional(),
    }),
  ),
});
const resourceSchema = z.object({ id: z.string().min(1) });
const searchSchema = z.object({ entry: z.array(z.object({ resource: resourceSchema })).min(1) });

/** What a target has of the person, as far as Meridian sent it: ids of Patient and Devices there, versions of Observations. */
export class Mirror {
  readonly client: TargetClient;
  readonly #sql: SqlStorage;
  readonly #target: string;
  #mode: "update" | "create" | undefined;

  constructor(sql: SqlStorage, target: string, client: TargetClient) {
    this.#sql = sql;
    this.#target = target;
    this.client = client;
  }

  /** The reference of the person's Patient at the target, made there on first use. Also learns how the target takes Observations. */
  async patient(patient: Patient): Promise<string> {
    this.#mode ??= await this.#learnMode();
    return await this.#remote("Patient", patient, patient.identifier[0]);
  }

  /** The reference of a source's Device at the target, or undefined where the source is gone. */
  async device(device: Device | undefined, patient: string): Promise<string | undefined> {
    if (device === undefined) return undefined;
    return await this.#remote("Device", { ...device, patient: { reference: patient } }, device.identifier[0]);
  }

  /** A batch entry that makes the target's copy of an Observation like ours, found by Meridian's identifier. */
  update(observation: Observation, patient: string, device: string | undefined): unknown {
    const { id, meta, device: _local, ...rest } = observation;
    const resource = {
      ...rest,
      meta: { ...(meta?.source !== undefined && { source: meta.source }), ...(meta?.profile !== undefined && { profile: meta.profile }) },
      subject: { reference: patient },
      ...(device !== undefined && { device: { reference: device } }),
    };
    const query = `identifier=${encodeURIComponent(`${URN.observation}|${id}`)}`;
    const request =
      this.#mode === "create" ? { method: "POST", url: "Observation", ifNoneExist: query } : { method: "PUT", url: `Observation?${query}` };
    return { resource, request };
  }

  /** A batch entry that removes the target's copy of an Observation. */
  deletion(observation: string): unknown {
    return { request: { method: "DELETE", url: `Observation?identifier=${encodeURIComponent(`${URN.observation}|${observation}`)}` } };
  }

  /** Whether the target has an Observation in its present version. */
  has(metric: string, source: number, start: number, { id, meta }: Observation): boolean {
    const [row] = this.#sql
      .exec<{ version: string }>(
        "SELECT version FROM fhir_sent WHERE target = ? AND metric = ? AND source = ? AND start = ? AND observation = ?",
        this.#target,
        metric,
        source,
        start,
        id,
      )
      .toArray();
    return row?.version === meta?.versionId;
  }

  note(metric: string, source: number, start: number, { id, meta }: Observation): void {
    this.#sql.exec(
      "INSERT OR REPLACE INTO fhir_sent (target, metric, source, start, observation, version) VALUES (?, ?, ?, ?, ?, ?)",
      this.#target,
      metric,
      source,
      start,
      id,
      meta?.versionId ?? "",
    );
  }

  /** Ids of the Observations that the target has of a window. */
  known(metric: string, source: number, from: number, to: number): string[] {
    return this.#sql
      .exec<{ observation: string }>(
        "SELECT observation FROM fhir_sent WHERE target = ? AND metric = ? AND source = ? AND start >= ? AND start <= ?",
        this.#target,
        metric,
        source,
        from,
        to,
      )
      .toArray()
      .map((row) => row.observation);
  }

  forget(metric: string, source: number, observations: readonly string[]): void {
    this.#sql.exec(
      "DELETE FROM fhir_sent WHERE target = ? AND metric = ? AND source = ? AND observation IN (SELECT value FROM json_each(?))",
      this.#target,
      metric,
      source,
      JSON.stringify(observations),
    );
  }

  /** Conditional create (R4 http.html#ccreate): of many attempts one makes the resource. */
  async #remote(
    type: "Patient" | "Device",
    resource: Patient | Device,
    identifier: { readonly system: string; readonly value: string } | undefined,
  ): Promise<string> {
    const { id: local, meta: _meta, ...rest } = resource;
    const [known] = this.#sql
      .exec<{ remote: string }>("SELECT remote FROM fhir_remote WHERE target = ? AND local = ?", this.#target, local)
      .toArray();
    if (known !== undefined) return `${type}/${known.remote}`;
    const query = `identifier=${encodeURIComponent(`${identifier?.system ?? ""}|${identifier?.value ?? ""}`)}`;
    const answer = await this.client.call("POST", type, rest, { "if-none-exist": query });
    if (answer.status >= 400) throw new TargetFailure(`${type.toLowerCase()}_http_${answer.status}`, false);
    const named = resourceSchema.safeParse(answer.body).data?.id ?? idInLocation(type, answer.headers.get("location"));
    const remote = named ?? searchSchema.safeParse((await this.client.call("GET", `${type}?${query}`)).body).data?.entry[0]?.resource.id;
    if (remote === undefined) throw new TargetFailure(`${type.toLowerCase()}_not_found`, true);
    this.#sql.exec("INSERT OR REPLACE INTO fhir_remote (target, local, remote) VALUES (?, ?, ?)", this.#target, local, remote);
    return `${type}/${remote}`;
  }

  /** From the target's CapabilityStatement; a server without one is taken to know conditional update. */
  async #learnMode(): Promise<"update" | "create"> {
    const [row] = this.#sql
      .exec<{ mode: "update" | "create" | null }>("SELECT mode FROM fhir_targets WHERE id = ?", this.#target)
      .toArray();
    if (row?.mode !== null && row?.mode !== undefined) return row.mode;
    const statement = statementSchema.safeParse((await this.client.call("GET", "metadata")).body);
    const observation = statement.data?.rest[0]?.resource?.find(({ type }) => type === "Observation");
    const mode = observation?.conditionalCreate === true && observation.conditionalUpdate !== true ? "create" : "update";
    this.#sql.exec("UPDATE fhir_targets SET mode = ? WHERE id = ?", mode, this.#target);
    return mode;
  }
}

function idInLocation(type: string, location: string | null): string | undefined {
  return new RegExp(`${type}/([A-Za-z0-9\\-.]{1,64})(?:/|$)`).exec(location ?? "")?.[1];
}
