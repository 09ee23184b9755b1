import type { Unproven } from "../../durable-objects/vault/access/door";
import { type ConsentId, type Id, type IdKind, parseId, type PersonId, regionOf } from "../../shared/id";
import type { Grantee, GranteeKind } from "../../shared/policy/vocabulary";
import {
  dropShare,
  FROM_LIVING_CLIENT,
  FROM_LIVING_ORGANISATION,
  noteShare,
  type Standing,
  standingOfClient,
  standingOfOrganisation,
} from "../partners";
import { dropPointer, notePointer, type RecordsOf, rolesOf } from "./records";

/** What consents need to know of the grantees of one kind. */
interface KindRecords<Known> {
  /** Notes in the grantee's region that somebody shares with it. False where there is no such grantee. */
  note(recordsOf: RecordsOf, id: Known, owner: PersonId, consent: ConsentId): Promise<boolean>;
  /** Forgets it; done already is fine. */
  drop(recordsOf: RecordsOf, id: Known, owner: PersonId, consent: ConsentId): Promise<void>;
  /** How the grantee's own calls would be judged now. */
  judged(recordsOf: RecordsOf, id: Known): Promise<Unproven>;
}

/** To whom consents can be given: a line for each kind. A kind that is not here is refused. */
const KINDS = {
  person: kindOf<"person">("person", {
    note: notePointer,
    drop: dropPointer,
    judged: async (recordsOf, id) => ({ as: [{ kind: "person", id }], roles: await rolesOf(recordsOf, id), scopes: ["me"] }),
  }),
  organisation: kindOf<"organisation">("organisation", {
    note: async (recordsOf, id, owner, consent) => await noteShare(recordsOf, id, FROM_LIVING_ORGANISATION, owner, consent),
    drop: dropShare,
    judged: async (recordsOf, id) => judgedBy([{ kind: "organisation", id }], await standingOfOrganisation(recordsOf(regionOf(id)), id)),
  }),
  app: kindOf<"client">("client", {
    note: async (recordsOf, id, owner, consent) => await noteShare(recordsOf, id, FROM_LIVING_CLIENT, owner, consent),
    drop: dropShare,
    async judged(recordsOf, id) {
      const standing = await standingOfClient(recordsOf(regionOf(id)), id);
      const organisation: Grantee[] = standing === undefined ? [] : [{ kind: "organisation", id: standing.organisation }];
      return judgedBy([{ kind: "app", id }, ...organisation], standing);
    },
  }),
} satisfies Partial<Record<GranteeKind, Kind>>;

export const GRANTEE_KINDS = ["person", "organisation", "app"] as const satisfies readonly (keyof typeof KINDS)[];

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
export async function noteGrantee(recordsOf: RecordsOf, { kind, id }: Grantee, owner: PersonId, consent: ConsentId): Promise<boolean> {
  return (await kinds[kind]?.note(recordsOf, id, owner, consent)) ?? false;
}

/** Forgets it; done already is fine. */
export async function dropGrantee(recordsOf: RecordsOf, { kind, id }: Grantee, owner: PersonId, consent: ConsentId): Promise<void> {
  await kinds[kind]?.drop(recordsOf, id, owner, consent);
}

/** How the calls of a grantee would be judged now. */
export async function judgedGrantee(recordsOf: RecordsOf, { kind, id }: Grantee): Promise<Unproven> {
  return (await kinds[kind]?.judged(recordsOf, id)) ?? NOBODY;
}

const NOBODY: Unproven = { as: [], roles: [], scopes: [] };

function judgedBy(as: readonly Grantee[], standing: Standing | undefined): Unproven {
  return { as, roles: standing?.roles ?? [], scopes: standing?.scopes ?? [] };
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
    note: async (recordsOf, text, owner, consent) => await records.note(recordsOf, known(text), owner, consent),
    drop: async (recordsOf, text, owner, consent) => {
      await records.drop(recordsOf, known(text), owner, consent);
    },
    judged: async (recordsOf, text) => await records.judged(recordsOf, known(text)),
  };
}
