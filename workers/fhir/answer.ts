import { operationOutcome } from "../../shared/http/render-problem";
import { problem } from "../../shared/problem";
import type { AnswerPage, FhirAnswer } from "../../durable-objects/vault/fhir/stored/answers";

/** Where a page is, and where the search goes on. */
export interface Links {
  readonly self: string;
  readonly next: string | undefined;
}

/** A searchset as JSON text. The vault's texts are put together as they are: a page can be some megabytes. */
export function searchset(page: AnswerPage, base: string, { self, next }: Links): string {
  const entries = page.entries.map(
    ({ reference, json, mode }) => `{"fullUrl":${JSON.stringify(`${base}/${reference}`)},"resource":${json},"search":{"mode":"${mode}"}}`,
  );
  if (page.ignored.length > 0) entries.push(`{"resource":${JSON.stringify(warnings(page.ignored))},"search":{"mode":"outcome"}}`);
  const link = linksIn({ self, next });
  const total = page.total === undefined ? {} : { total: page.total };
  return withEntries({ resourceType: "Bundle", type: "searchset", ...total, link }, entries);
}

/** A history as JSON text, the newest version first; a deletion is an entry without a resource. Pages of one have no total. */
export function historyBundle(
  history: NonNullable<FhirAnswer["history"]>,
  base: string,
  { self, next }: Links,
  isPage = next !== undefined,
): string {
  const entries = history.map(({ method, answer }) => {
    const { json, reference = "", changedAt } = answer;
    const url = method === "POST" ? reference.split("/")[0] : reference;
    const request = { method, url };
    const response = {
      status: json === undefined ? "410" : method === "POST" ? "201" : "200",
      etag: etagOf(answer),
      ...(changedAt !== undefined && { lastModified: new Date(changedAt).toISOString() }),
      ...(json === undefined && { outcome: operationOutcome(problem("gone"), "This version is the deletion") }),
    };
    return withResource({ fullUrl: `${base}/${reference}`, request, response }, json);
  });
  const link = linksIn({ self, next });
  return withEntries({ resourceType: "Bundle", type: "history", ...(!isPage && { total: history.length }), link }, entries);
}

/** What came of a batch or transaction as JSON text: an entry for each of its own, in its order. `links` are those of its searches. */
export function responseBundle(
  { type, answers }: NonNullable<FhirAnswer["bundle"]>,
  base: string,
  isMinimal: boolean,
  links: readonly (Links | undefined)[],
): string {
  const entries = answers.map((answer, i) => {
    const { status, fault, page, history, json, reference, version, changedAt } = answer;
    const outcome =
      fault === undefined
        ? undefined
        : operationOutcome(problem(fault.code, fault.detail, { errors: fault.errors ?? [] }), fault.detail ?? "The entry failed");
    const isPlaced = reference !== undefined && version !== undefined && status < 300;
    const response = {
      status: String(status),
      ...(isPlaced && { location: `${base}/${reference}/_history/${version}`, etag: etagOf(answer) }),
      ...(changedAt !== undefined && { lastModified: new Date(changedAt).toISOString() }),
      ...(outcome !== undefined && { outcome }),
    };
    const body =
      page !== undefined
        ? searchset(page, base, links[i] ?? { self: base, next: undefined })
        : history !== undefined
          ? historyBundle(history, base, { self: base, next: undefined })
          : json;
    return withResource(
      { ...(reference !== undefined && { fullUrl: `${base}/${reference}` }), response },
      isMinimal && page === undefined ? undefined : body,
    );
  });
  return withEntries({ resourceType: "Bundle", type: `${type}-response` }, entries);
}

/** The headers that say which version an answer is. */
export function versionHeaders(answer: FhirAnswer, base: string): Record<string, string> {
  const { status, reference, version, changedAt } = answer;
  return {
    ...(version !== undefined && { etag: etagOf(answer) }),
    ...(changedAt !== undefined && { "last-modified": new Date(changedAt).toUTCString() }),
    ...(status === 201 && reference !== undefined && { location: `${base}/${reference}/_history/${version}` }),
  };
}

function linksIn({ self, next }: Links) {
  return [{ relation: "self", url: self }, ...(next === undefined ? [] : [{ relation: "next", url: next }])];
}

function etagOf({ version = "0" }: FhirAnswer): string {
  return `W/"${version}"`;
}

function warnings(ignored: readonly string[]) {
  return {
    resourceType: "OperationOutcome",
    issue: ignored.map((diagnostics) => ({ severity: "warning", code: "not-supported", diagnostics })),
  };
}

function withEntries(head: object, entries: readonly string[]): string {
  return entries.length === 0 ? JSON.stringify(head) : `${JSON.stringify(head).slice(0, -1)},"entry":[${entries.join(",")}]}`;
}

function withResource(entry: object, json: string | undefined): string {
  return json === undefined ? JSON.stringify(entry) : `${JSON.stringify(entry).slice(0, -1)},"resource":${json}}`;
}
