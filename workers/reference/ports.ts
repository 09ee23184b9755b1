import { idOf, type Reader } from "../../shared/context";
import { type RegionalKeys, regionalKeys } from "../../shared/crypto/keys";
import { type AppContext, personOf, readerOf as callerOf } from "../../shared/http/app-env";
import { regionOf } from "../../shared/id";
import { problem } from "../../shared/problem";
import { readerOf } from "../consents";
import { regional } from "../regional";
import { requireStepUp } from "../sessions";

/** What the lists need: who asks, and the records of their region. */
export interface ReferencePorts {
  readonly actor: Reader;
  readonly records: D1Database;
  readonly keys: RegionalKeys;
}

export function referencePorts(c: AppContext): ReferencePorts {
  const actor = callerOf(c);
  const { records, keys } = regional(c.env, regionOf(idOf(actor)));
  return { actor, records, keys: regionalKeys(keys) };
}

/** The same for an administrator who has proven themselves lately. Problems `session_ended`, `forbidden`, `step_up_required`. */
export async function adminPorts(c: AppContext): Promise<ReferencePorts> {
  const person = personOf(c);
  const { records, keys } = regional(c.env, regionOf(person.person));
  const actor = await readerOf((region) => regional(c.env, region).records, person, c.get("now")());
  if (actor.roles?.includes("admin") !== true) throw problem("forbidden", "This is for administrators.");
  if (actor.assurance !== "aal2") throw problem("step_up_required", "Administrators sign in with a second factor.");
  await requireStepUp(c);
  return { actor, records, keys: regionalKeys(keys) };
}
