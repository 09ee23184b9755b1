import { type ConsentId, parseId, type PersonId, regionOf } from "../../shared/id";
import type { Grantee, GranteeKind } from "../../shared/policy/vocabulary";
import type { ConsentPorts } from "./ports";
import { dropPointer, notePointer } from "./records";

/** What grantees are reached by. */
export type GranteePorts = Pick<ConsentPorts, "recordsOf" | "programmeOf">;

/** How the records find out about consents to one kind of grantee. */
export interface GranteeRules {
  /** Notes that somebody has given a consent. False where there is no such grantee, or none that this owner can give anything. */
  note(ports: GranteePorts, grantee: string, owner: PersonId, consent: ConsentId): Promise<boolean>;
  /** Forgets it; done already is fine. */
  drop(ports: GranteePorts, grantee: string, owner: PersonId, consent: ConsentId): Promise<void>;
  /** What is said where there is no such grantee. */
  readonly unknown: { readonly code: string; readonly message: string };
}

const person: GranteeRules = {
  async note({ recordsOf }, grantee, owner, consent) {
    const id = parseId("person", grantee);
    return id !== undefined && (await notePointer(recordsOf, id, owner, consent));
  },
  async drop({ recordsOf }, grantee, owner, consent) {
    const id = parseId("person", grantee);
    if (id !== undefined) await dropPointer(recordsOf, id, owner, consent);
  },
  unknown: { code: "unknown_person", message: "Nobody is registered under this id." },
};

/** A programme asks people of its own region, while it is open. */
const programme: GranteeRules = {
  async note({ recordsOf }, grantee, owner, consent) {
    const id = parseId("programme", grantee);
    if (id === undefined || regionOf(id) !== regionOf(owner)) return false;
    const { meta } = await recordsOf(regionOf(id))
      .prepare(
        `insert into programme_participants (programme_id, person_id, consent_id)
         select programmes.id, people.id, ?3 from programmes, people
         where programmes.id = ?1 and programmes.state = 'open' and people.id = ?2 on conflict do nothing`,
      )
      .bind(id, owner, consent)
      .run();
    return meta.changes === 1;
  },
  async drop({ recordsOf, programmeOf }, grantee, owner, consent) {
    const id = parseId("programme", grantee);
    if (id === undefined) return;
    await recordsOf(regionOf(id))
      .prepare("delete from programme_participants where programme_id = ? and person_id = ? and consent_id = ?")
      .bind(id, owner, consent)
      .run();
    // An export that is under way goes on without them.
    await programmeOf(id).withdraw(owner);
  },
  unknown: { code: "unknown_programme", message: "No programme of your region is open under this id." },
};

/** Kinds of grantees that a consent can be enforced for. One more is one more line. */
export const GRANTEES: Readonly<Partial<Record<GranteeKind, GranteeRules>>> = { person, programme };

/** The rules of a grantee, or undefined where consents to its kind could not be enforced. */
export function rulesOf({ kind }: Grantee): GranteeRules | undefined {
  return GRANTEES[kind];
}
