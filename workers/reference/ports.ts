import type { PersonActor } from "../../shared/context";
import { type RegionalKeys, regionalKeys } from "../../shared/crypto/keys";
import { type AppContext, personOf } from "../../shared/http/app-env";
import { regionOf } from "../../shared/id";
import { problem } from "../../shared/problem";
import { readerOf } from "../consents";
import { regional } from "../regional";
import { requireStepUp } from "../sessions";

/** What the lists need: who asks, and the records of their region. */
export interface ReferencePorts {
  readonly actor: PersonActor;
  readonly records: D1Database;
  readonly keys: RegionalKeys;
}

/** The ports of a signed-in person; problem `session_ended`. */
export async function referencePorts(c: AppContext): Promise<ReferencePorts> {
  const { records, keys } = regional(c.env, regionOf(personOf(c).person));
  const actor = await readerOf((region) => regional(c.env, region).records, personOf(c), c.get("now")());
  return { actor, records, keys: regionalKeys(keys) };
}

/** The same for an administrator who has proven themselves lately. Problems `session_ended`, `forbidden`, `step_up_required`. */
export async function adminPorts(c: AppContext): Promise<ReferencePorts> {
  const ports = await referencePorts(c);
  if (ports.actor.roles?.includes("admin") !== true) throw problem("forbidden", "This is for administrators.");
  if (ports.actor.assurance !== "aal2") throw problem("step_up_required", "Administrators sign in with a second factor.");
  await requireStepUp(c);
  return ports;
}
