import type { Unproven } from "../../durable-objects/vault/access/judge";
import { type ConsentId, type Id, type IdKind, parseId, type PersonId, type ProgrammeId, regionOf } from "../../shared/id";
import type { Grantee, GranteeKind } from "../../shared/policy/vocabulary";
import {
  dropShare,
  FROM_LIVING_CLIENT,
  FROM_LIVING_ORGANISATION,
  noteEnd,
  noteShare,
  type Share,
  type Standing,
  standingOfClient,
  standingOfOrganisation,
} from "../partners";
import type { ConsentPorts } from "./ports";
import { dropPointer, notePointer, type RecordsOf, standingOf } from "./records";

/** What grantees are reached by. */
export type GranteePorts = Pick<ConsentPorts, "recordsOf" | "programmeOf">;

/** What consents need to know of the grantees of one kind. */
interface KindRecords<Known> {
  /** Notes in the grantee's region that somebody shares with it. False where there is no such grantee. */
  note(ports: GranteePorts, id: Known, share: Share): Promise<boolean>;
  /** Notes that it ends at another time, where that is known there at all. */
  noteEnd?(ports: GranteePorts, id: Known, share: Share): Promise<void>;
  /** Forgets it; done already is fine. */
  drop(ports: GranteePorts, id: Known, owner: PersonId, consent: ConsentId): Promise<void>;
  /** How the grantee's own calls would be judged now. */
  judged(recordsOf: RecordsOf, id: Known, now: number): Promise<Unproven>;
  /** What is said where there is no such grantee. */
  readonly unknown: { readonly code: string; readonly message: string };
}

/** To whom consents can be given: a line for each kind. A kind that is not here is refused. */
const KINDS = {
  person: kindOf<"person">("person", {
    note: async ({ recordsOf }, id, { owner, consent }) => await notePointer(recordsOf, id, owner, consent),
    drop: async ({ recordsOf }, id, owner, consent) => await dropPointer(recordsOf, id, owner, consent),
    judged: async (recordsOf, id, now) => ({ as: [{ kind: "person", id }], scopes: ["me"], ...(await standingOf(recordsOf, id, now)) }),
    unknown: { code: "unknown_person", message: "Nobody is registered under this id." },
  }),
  organisation: kindOf<"organisation">("organisation", {
    note: async ({ recordsOf }, id, share) => await noteShare(recordsOf, id, FROM_LIVING_ORGANISATION, share),
    noteEnd: async ({ recordsOf }, id, share) => await noteEnd(recordsOf, id, share),
    drop: async ({ recordsOf }, id, owner, consent) => await dropShare(recordsOf, id, owner, consent),
    unknown: { code: "unknown_organisation", message: "Nobody is registered under this id." },
    judged: async (recordsOf, id) => judgedBy([{ kind: "organisation", id }], await standingOfOrganisation(recordsOf(regionOf(id)), id)),
  }),
  app: kindOf<"client">("client", {
    note: async ({ recordsOf }, id, share) => await noteShare(recordsOf, id, FROM_LIVING_CLIENT, share),
    noteEnd: async ({ recordsOf }, id, share) => await noteEnd(recordsOf, id, share),
    drop: async ({ recordsOf }, id, owner, consent) => await dropShare(recordsOf, id, owner, consent),
    unknown: { code: "unknown_app", message: "Nobody is registered under this id." },
    async judged(recordsOf, id) {
      const standing = await standingOfClient(recordsOf(regionOf(id)), id);
      const organisation: Grantee[] = standing === undefined ? [] : [{ kind: "organisation", id: standing.organisation }];
      return judgedBy([{ kind: "app", id }, ...organisation], standing);
    },
  }),
  // A programme asks people of its own region, while it is open.
  programme: kindOf<"programme">("programme", {
    note: joinProgramme,
    drop: leaveProgramme,
    judged: async (_recordsOf, id) => ({ as: [{ kind: "programme", id }], roles: ["partner"], scopes: ["me"], sessions: [] }),
    unknown: { code: "unknown_programme", message: "No programme of your region is open under this id." },
  }),
} satisfies Partial<Record<GranteeKind, Kind>>;

export const GRANTEE_KINDS = ["person", "organisation", "app", "programme"] as const satisfies readonly (keyof typeof KINDS)[];

interface Kind extends KindRecords<string> {
  isId(text: string): boolean;
}

const kinds: Partial<Record<GranteeKind, Kind>> = KINDS;

/** Whether the id is one of the kind. */
export function isGrantee({ kind, id }: Grantee): boolean {
  return kinds[kind]?.isId(id) ?? false;
}

/** Whom an id names; undefined where it is nobody that a consent can be given to. */
export function granteeOf(id: string): Grantee | undefined {
  const kind = GRANTEE_KINDS.find((one) => KINDS[one].isId(id));
  return kind === undefined ? undefined : { kind, id };
}

/** Notes that somebody shares with a grantee. False where there is no such grantee. */
export async function noteGrantee(ports: GranteePorts, { kind, id }: Grantee, share: Share): Promise<boolean> {
  return (await kinds[kind]?.note(ports, id, share)) ?? false;
}

/** Notes that what somebody shares with a grantee ends at another time. */
export async function noteGranteeEnd(ports: GranteePorts, { kind, id }: Grantee, share: Share): Promise<void> {
  await kinds[kind]?.noteEnd?.(ports, id, share);
}

/** What is said where there is no such grantee. */
export function unknownGrantee({ kind }: Grantee): { readonly code: string; readonly message: string } {
  return kinds[kind]?.unknown ?? { code: "unknown_grantee", message: "Nobody is registered under this id." };
}

/** Forgets it; done already is fine. */
export async function dropGrantee(ports: GranteePorts, { kind, id }: Grantee, owner: PersonId, consent: ConsentId): Promise<void> {
  await kinds[kind]?.drop(ports, id, owner, consent);
}

/** How the calls of a grantee would be judged now. */
export async function judgedGrantee(recordsOf: RecordsOf, { kind, id }: Grantee, now: number): Promise<Unproven> {
  return (await kinds[kind]?.judged(recordsOf, id, now)) ?? NOBODY;
}

const NOBODY: Unproven = { as: [], roles: [], scopes: [], sessions: [] };

function judgedBy(as: readonly Grantee[], standing: Standing | undefined): Unproven {
  return { as, roles: standing?.roles ?? [], scopes: standing?.scopes ?? [], sessions: [] };
}

/** The records of a kind behind ids that are still text. */
function kindOf<K extends IdKind>(kind: K, records: KindRecords<Id<K>>): Kind {
  const known = (text: string): Id<K> => {
    const id = parseId(kind, text);
    if (id === undefined) throw new TypeError("not an id of this kind");
    return id;
  };
  return {
    isId: (text) => parseId(kind, text) !== undefined,
    note: async (ports, text, share) => await records.note(ports, known(text), share),
    noteEnd: async (ports, text, share) => await records.noteEnd?.(ports, known(text), share),
    drop: async (ports, text, owner, consent) => {
      await records.drop(ports, known(text), owner, consent);
    },
    judged: async (recordsOf, text, now) => await records.judged(recordsOf, known(text), now),
    unknown: records.unknown,
  };
}

async function joinProgramme({ recordsOf }: GranteePorts, id: ProgrammeId, { owner, consent }: Share): Promise<boolean> {
  if (regionOf(id) !== regionOf(owner)) return false;
  const { meta } = await recordsOf(regionOf(id))
    .prepare(
      `insert into programme_participants (programme_id, person_id, consent_id)
       select programmes.id, people.id, ?3 from programmes, people
       where programmes.id = ?1 and programmes.state = 'open' and people.id = ?2 on conflict do nothing`,
    )
    .bind(id, owner, consent)
    .run();
  return meta.changes === 1;
}

async function leaveProgramme(
  { recordsOf, programmeOf }: GranteePorts,
  id: ProgrammeId,
  owner: PersonId,
  consent: ConsentId,
): Promise<void> {
  await recordsOf(regionOf(id))
    .prepare("delete from programme_participants where programme_id = ? and person_id = ? and consent_id = ?")
    .bind(id, owner, consent)
    .run();
  // An export that is under way goes on without them.
  await programmeOf(id).withdraw(owner);
}
