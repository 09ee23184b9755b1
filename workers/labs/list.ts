import type { LabPosition, LabQuery, ReportQuery } from "../../durable-objects/vault/labs/labs";
import { idOf } from "../../shared/context";
import { listed } from "../../shared/http/text-answer";
import type { LabPorts } from "./ports";

type Paged<Q> = Omit<Q, "after"> & { readonly cursor?: string | undefined };

/** One page of results as JSON text. */
export async function listResults({ vault, actor, owner, keys }: LabPorts, query: Paged<LabQuery>): Promise<string> {
  const list = { reader: idOf(actor), owner, name: "lab-results", keys };
  return await listed<Paged<LabQuery>, LabPosition>(list, query, async (asked) => await vault.labResults(actor, asked));
}

/** One page of reports as JSON text. */
export async function listReports({ vault, actor, owner, keys }: LabPorts, query: Paged<ReportQuery>): Promise<string> {
  const list = { reader: idOf(actor), owner, name: "lab-reports", keys };
  return await listed<Paged<ReportQuery>, LabPosition>(list, query, async (asked) => await vault.labReports(actor, asked));
}
