import type { EverythingMark, FhirOperation } from "../../durable-objects/vault/fhir/stored/operations";
import { idOf, type Reader } from "../../shared/context";
import { operationAt, readOperationBody } from "../../shared/fhir/operations";
import type { AppContext } from "../../shared/http/app-env";
import { openCursor, sealCursor } from "../../shared/http/cursor";
import { problem } from "../../shared/problem";
import { requireStepUp } from "../sessions";
import { searchset } from "./answer";
import { bodyOf, CURSOR, RESOURCE_TYPES, sent, urlOf } from "./interact";
import { bindingOf } from "./bind-socket";
import { baseOf, requireJson } from "./negotiate";
import type { FhirPorts } from "./ports";
import { inVaultOf } from "./whose";

type Params = readonly (readonly [string, string])[];

/** Runs an operation that the path names, by GET or POST. Problems `not_found`, `method_not_allowed`, and those of the operation. */
export async function operate(c: AppContext, { type, id, name }: { type: string; id?: string; name: string }): Promise<Response> {
  requireJson(c);
  const spec = operationAt(type, name, id === undefined ? "type" : "instance");
  if (spec === undefined) throw problem("not_found", "There is no such operation.");
  const isPost = c.req.method === "POST";
  if (!isPost && !spec.isSafe) throw problem("method_not_allowed", "This operation is called by POST.");
  const body = isPost ? await bodyOf(c, RESOURCE_TYPES, true) : "";
  const query: Params = [...new URL(c.req.url).searchParams].filter(([one]) => one !== "_format" && one !== "_pretty");
  const base = baseOf(c);
  if (spec.name === "validate") {
    const asked = { kind: "validate", type, id, params: query, body } as const;
    const { json } = await inVaultOf(c, { type, id, body }, async ({ vault, actor }) => await vault.fhirOperation(actor, asked));
    return sent(c, 200, json);
  }
  const input = readOperationBody(body);
  if (input.resource !== undefined) throw problem("malformed", "The body is no Parameters.");
  const params = [...query, ...input.params].filter(([one]) => one !== CURSOR);
  const path = `${new URL(base).origin}${new URL(c.req.url).pathname}`;
  return await inVaultOf(c, { type, id, params }, async (ports) => {
    if (spec.name === "everything") {
      const scope = scopeOf(ports, params);
      const cursor = query.find(([one]) => one === CURSOR)?.[1];
      const after = cursor === undefined ? undefined : await openCursor<EverythingMark>(ports.keys, idOf(ports.actor), scope, cursor);
      const { entries = [], next } = await ports.vault.fhirOperation(ports.actor, { kind: "everything", id: id ?? "", params, after });
      const link =
        next === undefined ? undefined : urlOf(path, [...params, [CURSOR, await sealCursor(ports.keys, idOf(ports.actor), scope, next)]]);
      return sent(c, 200, searchset({ entries, ignored: [] }, base, { self: urlOf(path, params), next: link }));
    }
    if (spec.name === "events" || spec.name === "get-ws-binding-token") {
      const { json, subscriptions } = await ports.vault.fhirOperation(ports.actor, { kind: spec.name, id, params });
      if (subscriptions === undefined) return sent(c, 200, json);
      return sent(c, 200, await bindingOf(c, ports.owner, idOfSession(ports.actor), subscriptions, base));
    }
    if (spec.name === "stats" || spec.name === "summary" || spec.name === "purge") {
      const asked: FhirOperation =
        spec.name === "stats"
          ? { kind: "stats", params }
          : spec.name === "summary"
            ? { kind: "summary", id: id ?? "", params, base }
            : { kind: "purge", id: id ?? "" };
      // What is gone for good is proven to be wanted.
      if (asked.kind === "purge") await requireStepUp(c);
      const { json } = await ports.vault.fhirOperation(ports.actor, asked);
      return sent(c, 200, json);
    }
    const operation: FhirOperation = spec.name === "status" ? { kind: "status", id, params } : { kind: "lastn", params };
    const { entries = [] } = await ports.vault.fhirOperation(ports.actor, operation);
    return sent(c, 200, searchset({ entries, ignored: [], total: entries.length }, base, { self: urlOf(path, params), next: undefined }));
  });
}

/** With what a socket ends: a person's session, or a program's token. */
function idOfSession(actor: Reader): string {
  return actor.kind === "person" ? actor.session : actor.token;
}

/** A cursor goes on with the very call it came from, in the same reach. */
function scopeOf({ actor, owner }: FhirPorts, params: Params): string {
  return `fhir ${owner} $everything ${JSON.stringify(params)} ${JSON.stringify(actor.kind === "person" ? (actor.reach ?? null) : (actor.names ?? null))}`;
}
