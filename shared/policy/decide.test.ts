import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { METRICS } from "../health/catalogue";
import { newId } from "../id";
import { ROLE_NAMES } from "../roles";
import { decide, type Decision, DENIALS } from "./decide";
import { beyondRole, ROLE_LIMITS } from "./roles";
import {
  ACTIONS,
  CATEGORIES,
  type Category,
  type Consent,
  PURPOSES,
  type Resource,
  RESOURCES,
  type Scope,
  SHAREABLE,
  SHARED_ACTIONS,
  SPECIAL,
  type Subject,
} from "./vocabulary";

const NOW = Date.UTC(2026, 10, 20);
const DAY = 86_400_000;
const OWNER = newId("person", "eu", 1);
const OTHER = newId("person", "eu", 2);
const READER = newId("person", "us", 3);

const reader: Subject = { kind: "person", id: READER, roles: ["user", "trainer"], assurance: "aal2" };
const heart: Resource = { owner: OWNER, kind: "metric", category: "vitals" };
const consent: Consent = {
  id: "cns_eu_1",
  version: 1,
  owner: OWNER,
  grantee: { kind: "person", id: READER },
  role: "trainer",
  categories: ["vitals", "sleep"],
  actions: ["read"],
  purpose: "coaching",
  from: NOW - DAY,
  until: NOW + DAY,
  state: "active",
};
const me: Scope[] = ["me"];

const reasonOf = (change: Partial<Consent>, subject: Subject = reader, resource: Resource = heart) =>
  decide(subject, "read", resource, "coaching", [{ ...consent, ...change }], me, NOW).reason;

describe("one's own", () => {
  test("everything is allowed, without a second factor, save to give oneself roles", () => {
    for (const action of ACTIONS)
      for (const kind of RESOURCES) {
        const own: Subject = { ...reader, id: OWNER, roles: [], assurance: "aal1" };
        const isRoles = kind === "role" && action === "manage";
        expect(decide(own, action, { owner: OWNER, kind }, "personal", [], me, NOW)).toMatchObject(
          isRoles ? { allow: false, reason: "role_not_held" } : { allow: true, reason: "self" },
        );
      }
  });

  test("but not through a token without the scope", () => {
    const own = { ...reader, id: OWNER };
    expect(decide(own, "read", heart, "personal", [], [], NOW).reason).toBe("scope_missing");
    expect(decide(own, "read", heart, "personal", [], ["read:sleep"], NOW).reason).toBe("scope_missing");
    expect(decide(own, "read", heart, "personal", [], ["read:vitals"], NOW).allow).toBe(true);
    expect(decide(own, "delete", heart, "personal", [], ["read:*", "write:*"], NOW).reason).toBe("scope_missing");
  });

  test("an app of the same id is somebody else", () => {
    expect(decide({ ...reader, kind: "app", id: OWNER }, "read", heart, "personal", [], me, NOW).reason).toBe("no_consent");
  });
});

describe("what a model reads", () => {
  test("is the person's own, and owes to leave out what vendors keep from models", () => {
    const own: Subject = { ...reader, id: OWNER, roles: [], assurance: "aal1" };
    expect(decide(own, "read", heart, "guidance", [], me, NOW)).toEqual({
      allow: true,
      reason: "self",
      obligations: ["log", "leave_out_no_ai"],
    });
    expect(decide(reader, "read", heart, "guidance", [consent], me, NOW).reason).toBe("purpose_not_granted");
  });
});

describe("another person's", () => {
  test("a consent that names everything allows, and is named", () => {
    expect(decide(reader, "read", heart, "coaching", [consent], me, NOW)).toEqual({
      allow: true,
      reason: "consent",
      consent: { id: "cns_eu_1", version: 1 },
      obligations: ["log"],
    });
  });

  test.each<[string, Partial<Consent>]>([
    ["no_consent", { owner: OTHER }],
    ["no_consent", { grantee: { kind: "person", id: OTHER } }],
    ["no_consent", { grantee: { kind: "app", id: READER } }],
    ["consent_revoked", { state: "revoked" }],
    ["consent_expired", { until: NOW }],
    ["consent_not_yet_valid", { from: NOW + 1 }],
    ["purpose_not_granted", { purpose: "care" }],
    ["category_not_granted", { categories: ["sleep"] }],
    ["action_not_granted", { actions: ["advise"] }],
    ["role_not_held", { role: "clinician" }],
    ["role_not_permitted", { role: "user" }],
  ])("%s", (reason, change) => {
    expect(reasonOf(change)).toBe(reason);
  });

  test("what is not readings is for the person alone", () => {
    for (const kind of RESOURCES.filter((one) => !SHAREABLE.has(one) && one !== "role"))
      expect(reasonOf({}, reader, { owner: OWNER, kind, category: "vitals" })).toBe("not_shareable");
    for (const action of ["delete", "export", "manage"] as const)
      expect(decide(reader, action, heart, "coaching", [consent], me, NOW).reason).toBe("not_shareable");
    expect(reasonOf({}, reader, { owner: OWNER, kind: "metric" })).toBe("category_missing");
  });

  test("of several consents the closest gives the reason", () => {
    const list = [
      { ...consent, state: "revoked" as const },
      { ...consent, categories: ["sleep" as const] },
    ];
    expect(decide(reader, "read", heart, "coaching", list, me, NOW).reason).toBe("category_not_granted");
  });
});

describe("organisations and their apps", () => {
  const organisation = newId("organisation", "eu", 1);
  const app = newId("client", "eu", 1);
  const partner = { ...consent, role: "partner" as const, purpose: "personal" as const };
  const machine = (kind: "organisation" | "app", id: string): Subject => ({ kind, id, roles: ["partner"], assurance: "aal2" });
  const ask = (subject: Subject, given: Consent, scopes: readonly Scope[] = ["read:*"]) =>
    decide(subject, "read", heart, "personal", [given], scopes, NOW).reason;

  test.each([
    ["organisation", organisation],
    ["app", app],
  ] as const)("are let in by a consent to the %s itself", (kind, id) => {
    const given = { ...partner, grantee: { kind, id } };
    expect(ask(machine(kind, id), given)).toBe("consent");
    expect(ask(machine(kind === "app" ? "organisation" : "app", id), given)).toBe("no_consent");
    expect(ask({ ...reader, roles: ["partner"] }, given)).toBe("no_consent");
    expect(ask(machine(kind, id), { ...given, role: "clinician" })).toBe("role_not_held");
    expect(ask(machine(kind, id), given, ["read:sleep"])).toBe("scope_missing");
    expect(ask(machine(kind, id), given, [])).toBe("scope_missing");
  });

  test("own nothing", () => {
    for (const kind of ["organisation", "app"] as const)
      for (const wanted of RESOURCES)
        expect(
          decide({ ...machine(kind, OWNER), roles: [] }, "manage", { owner: OWNER, kind: wanted }, "personal", [], me, NOW).allow,
        ).toBe(false);
  });

  test("are given consents as partners or as clinics alone", () => {
    const terms = { role: "partner", categories: ["vitals"], actions: ["read"], purpose: "personal" } as const;
    for (const kind of ["organisation", "app"] as const) {
      expect(beyondRole({ ...terms, grantee: { kind } })).toBeUndefined();
      expect(beyondRole({ ...terms, grantee: { kind }, role: "clinician", purpose: "care" })).toBeUndefined();
      for (const role of ["user", "trainer", "nutritionist", "therapist"] as const)
        expect(beyondRole({ ...terms, grantee: { kind }, role })).toBe("role");
    }
  });
});

describe("special classes", () => {
  test.each([...SPECIAL])("%s needs its own word, in the consent and in the scope", (category) => {
    const clinician: Subject = { ...reader, roles: ["clinician"] };
    const all = CATEGORIES.filter((one) => one !== category);
    const care = { ...consent, role: "clinician" as const, purpose: "care" as const, categories: all };
    const wanted = { ...heart, category };
    const ask = (categories: readonly Category[], scopes: readonly Scope[]) =>
      decide(clinician, "read", wanted, "care", [{ ...care, categories }], scopes, NOW);
    expect(ask(all, me).reason).toBe("special_category_not_granted");
    expect(ask([category], ["read:*"]).reason).toBe("scope_missing");
    expect(ask([category], [`read:${category}`]).allow).toBe(true);
  });

  test("a therapist's are not a trainer's", () => {
    expect(reasonOf({ categories: ["mental", "journal"] }, reader, { ...heart, category: "mental" })).toBe("role_not_permitted");
  });

  test("every class of the catalogue can be named", () => {
    for (const { sensitivity } of METRICS) expect(CATEGORIES).toContain(sensitivity);
  });
});

describe("working with other people's data", () => {
  test.each(ROLE_NAMES.filter((role) => ROLE_LIMITS[role].categories.includes("vitals")))(
    "as %s needs a second factor, unless it is family or friends",
    (role) => {
      const [purpose = "personal"] = ROLE_LIMITS[role].purposes;
      const given: Consent = { ...consent, role, purpose, categories: ["vitals"] };
      const ask = (assurance: Subject["assurance"]) =>
        decide({ ...reader, roles: ROLE_NAMES, assurance }, "read", heart, purpose, [given], me, NOW);
      expect(ask("aal2").allow).toBe(true);
      expect(ask("aal1")).toMatchObject(role === "user" ? { allow: true } : { allow: false, reason: "second_factor_missing" });
    },
  );

  test("an administrator with a second factor reads and sets roles, their own too, and nothing else", () => {
    const admin: Subject = { ...reader, roles: ["user", "admin"] };
    const roles: Resource = { owner: OWNER, kind: "role" };
    const ask = (subject: Subject, action: "read" | "manage", resource = roles) =>
      decide(subject, action, resource, "administration", [], me, NOW);
    for (const action of ["read", "manage"] as const) {
      expect(ask(admin, action)).toEqual({ allow: true, reason: "role", obligations: ["log"] });
      expect(ask({ ...admin, assurance: "aal1" }, action).reason).toBe("second_factor_missing");
      expect(ask({ ...admin, roles: ROLE_NAMES.filter((role) => role !== "admin") }, action).reason).toBe("role_not_held");
      expect(ask({ ...admin, kind: "app" }, action).reason).toBe("role_not_held");
    }
    expect(ask({ ...admin, id: OWNER }, "manage").allow).toBe(true);
    expect(ask(admin, "read", heart).allow).toBe(false);
    expect(decide(admin, "delete", roles, "administration", [], me, NOW).reason).toBe("not_shareable");
  });
});

describe("breaking the glass", () => {
  const clinician: Subject = { ...reader, roles: ["clinician"], assurance: "aal2", justification: "unconscious after a fall" };
  const ask = (subject: Subject, action: "read" | "write" = "read") => decide(subject, action, heart, "emergency", [], me, NOW);

  test("allows a clinician to read, and owes", () => {
    expect(ask(clinician)).toEqual({
      allow: true,
      reason: "break_glass",
      obligations: ["log", "notify_person", "review", "end_within_hour"],
    });
  });

  test("needs role, second factor, justification, and reads only", () => {
    expect(ask({ ...clinician, roles: ["user", "admin", "trainer"] }).reason).toBe("emergency_role_missing");
    expect(ask({ ...clinician, assurance: "aal1" }).reason).toBe("emergency_second_factor_missing");
    expect(ask({ ...clinician, justification: "  " }).reason).toBe("emergency_justification_missing");
    expect(ask(clinician, "write").reason).toBe("emergency_reads_only");
  });
});

describe("reviewing an emergency access", () => {
  const access: Resource = { owner: OWNER, kind: "emergency_access", parties: [OTHER] };
  const ask = (subject: Subject, action: "read" | "manage" | "delete" = "manage") =>
    decide(subject, action, access, "administration", [], me, NOW);

  test.each(["moderator", "admin"] as const)("is for a %s with a second factor, and for nothing else", (role) => {
    const reviewer: Subject = { ...reader, roles: ["user", role] };
    for (const action of ["read", "manage"] as const)
      expect(ask(reviewer, action)).toEqual({ allow: true, reason: "review", obligations: ["log"] });
    expect(ask(reviewer, "delete").reason).toBe("not_shareable");
    expect(ask({ ...reviewer, assurance: "aal1" }).reason).toBe("second_factor_missing");
    expect(ask({ ...reviewer, roles: ["user", "clinician"] }).reason).toBe("role_not_held");
    expect(ask({ ...reviewer, kind: "app" }).reason).toBe("role_not_held");
  });

  test("is not for whoever had a part in it, who may look", () => {
    for (const id of [OWNER, OTHER]) {
      const party: Subject = { ...reader, id, roles: ["moderator"] };
      expect(ask(party).reason).toBe("not_shareable");
      expect(ask(party, "read").reason).toBe("review");
    }
  });
});

describe("consents against the table of roles", () => {
  test("nobody gives what the role cannot have", () => {
    const base = { role: "user", categories: ["vitals"], actions: ["read"], purpose: "personal" } as const;
    expect(beyondRole(base)).toBeUndefined();
    expect(beyondRole({ ...base, role: "admin" })).toBe("role");
    expect(beyondRole({ ...base, role: "gym_staff" })).toBe("role");
    expect(beyondRole({ ...base, role: "trainer", purpose: "coaching", categories: ["mental"] })).toBe("categories");
    expect(beyondRole({ ...base, actions: ["write"] })).toBe("actions");
    expect(beyondRole({ ...base, purpose: "research" })).toBe("purpose");
  });

  test("a programme reads for research, what is special only where it is named, and places never", () => {
    const base = {
      grantee: { kind: "programme" },
      role: "partner",
      categories: ["vitals"],
      actions: ["read"],
      purpose: "research",
    } as const;
    expect(beyondRole({ ...base, categories: ["vitals", "reproductive", "genetics"] })).toBeUndefined();
    expect(beyondRole({ ...base, categories: ["location"] })).toBe("categories");
    expect(beyondRole({ ...base, actions: ["write"] })).toBe("actions");
    expect(beyondRole({ ...base, purpose: "personal" })).toBe("purpose");
    expect(beyondRole({ ...base, role: "clinician" })).toBe("role");
  });

  test("operators and gyms can be given nothing", () => {
    for (const role of ["admin", "moderator", "gym_staff"] as const) expect(ROLE_LIMITS[role].categories).toEqual([]);
  });
});

describe("for any inputs", () => {
  const people = fc.constantFrom(OWNER, OTHER, READER);
  const roles = fc.subarray([...ROLE_NAMES]);
  const granteeKind = fc.constantFrom("person" as const, "app" as const, "organisation" as const, "programme" as const);
  const subjects: fc.Arbitrary<Subject> = fc.record({
    kind: granteeKind,
    id: people,
    roles,
    assurance: fc.constantFrom("aal1" as const, "aal2" as const),
    justification: fc.constantFrom("", "needed"),
  });
  const consents: fc.Arbitrary<Consent> = fc.record({
    id: fc.constantFrom("cns_eu_1", "cns_eu_2"),
    version: fc.integer({ min: 1, max: 3 }),
    owner: people,
    grantee: fc.record({ kind: granteeKind, id: people }),
    role: fc.constantFrom(...ROLE_NAMES),
    categories: fc.subarray([...CATEGORIES]),
    actions: fc.subarray([...SHARED_ACTIONS]),
    purpose: fc.constantFrom("personal" as const, "coaching" as const, "care" as const, "research" as const),
    from: fc.integer({ min: NOW - 2, max: NOW + 1 }),
    until: fc.option(fc.integer({ min: NOW - 1, max: NOW + 2 })),
    state: fc.constantFrom("active" as const, "revoked" as const),
  });
  const resources: fc.Arbitrary<Resource> = fc
    .tuple(people, fc.constantFrom(...RESOURCES), fc.option(fc.constantFrom(...CATEGORIES), { nil: undefined }))
    .map(([owner, kind, category]) => (category === undefined ? { owner, kind } : { owner, kind, category }));
  const scope: fc.Arbitrary<Scope> = fc.oneof(
    fc.constant("me" as const),
    fc.tuple(fc.constantFrom(...SHARED_ACTIONS), fc.constantFrom(...CATEGORIES, "*" as const)).map(([a, c]): Scope => `${a}:${c}`),
  );
  const cases = fc.record({
    subject: subjects,
    action: fc.constantFrom(...ACTIONS),
    resource: resources,
    purpose: fc.constantFrom(...PURPOSES),
    consents: fc.array(consents, { maxLength: 4 }),
    scopes: fc.array(scope, { maxLength: 3 }),
  });
  test("a model reads for nobody but the person, who owes what vendors demand then and only then", () => {
    fc.assert(
      fc.property(cases, ({ subject, action, resource, purpose, consents: given, scopes }) => {
        const decision = decide(subject, action, resource, purpose, given, scopes, NOW);
        if (!decision.allow) return;
        const isGuidance = purpose === "guidance";
        const isOwn = decision.reason === "self";
        if (isGuidance) expect(isOwn || decision.reason === "role").toBe(true);
        expect(decision.obligations.includes("leave_out_no_ai")).toBe(isGuidance && isOwn);
      }),
    );
  });

  type Case = typeof cases extends fc.Arbitrary<infer T> ? T : never;
  /** Mostly near misses: a third of the cases begin as an allowed one. */
  const near: fc.Arbitrary<Case> = fc.tuple(cases, consents, fc.boolean()).map(([one, given, isNear]) => {
    const [category] = given.categories;
    const [action] = given.actions;
    if (!isNear || category === undefined || action === undefined) return one;
    return {
      ...one,
      subject: {
        ...one.subject,
        kind: given.grantee.kind,
        id: given.grantee.id as typeof OWNER,
        roles: [...one.subject.roles, given.role],
      },
      action,
      resource: { owner: given.owner, kind: "metric" as const, category },
      purpose: given.purpose,
      consents: [...one.consents, { ...given, from: NOW, until: null, state: "active" as const }],
      scopes: [...one.scopes, "me" as const],
    };
  });
  const run = (one: Case, now = NOW): Decision => decide(one.subject, one.action, one.resource, one.purpose, one.consents, one.scopes, now);
  const without = <T>(list: readonly T[], at: number): T[] => list.filter((_one, i) => i !== at % Math.max(list.length, 1));

  test("removing a role, a scope or a consent never turns deny into allow", () => {
    let allowed = 0;
    fc.assert(
      fc.property(near, fc.nat(), (one, at) => {
        const before = run(one);
        if (before.allow) allowed++;
        const less: Case[] = [
          { ...one, consents: without(one.consents, at) },
          { ...one, scopes: without(one.scopes, at) },
          { ...one, subject: { ...one.subject, roles: without(one.subject.roles, at) } },
          { ...one, subject: { ...one.subject, assurance: "aal1" } },
        ];
        for (const smaller of less) if (run(smaller).allow) expect(before.allow).toBe(true);
      }),
      { numRuns: 3_000 },
    );
    expect(allowed).toBeGreaterThan(100);
  });

  test("only a consent in force allows, and only what it names", () => {
    fc.assert(
      fc.property(near, (one) => {
        const decision = run(one);
        if (!decision.allow || decision.reason !== "consent") return;
        const used = one.consents.find(({ id, version, owner, grantee, categories, actions, state, from, until, purpose, role }) => {
          const isThis = id === decision.consent?.id && version === decision.consent.version;
          const isValid = state === "active" && from <= NOW && (until === null || NOW < until);
          const isHis = owner === one.resource.owner && grantee.id === one.subject.id && grantee.kind === one.subject.kind;
          const category = one.resource.category;
          const isNamed = category !== undefined && categories.includes(category) && (actions as readonly string[]).includes(one.action);
          return (
            isThis &&
            isValid &&
            isHis &&
            isNamed &&
            purpose === one.purpose &&
            one.subject.roles.includes(role) &&
            (role === "user" || one.subject.assurance === "aal2")
          );
        });
        expect(used).toBeDefined();
      }),
      { numRuns: 3_000 },
    );
  });

  test("without a second factor nobody is let in but the owner, and family and friends", () => {
    fc.assert(
      fc.property(near, (one) => {
        const decision = run({ ...one, subject: { ...one.subject, assurance: "aal1" } });
        if (!decision.allow || decision.reason === "self") return;
        expect(decision.reason).toBe("consent");
        const used = one.consents.filter(({ id, version }) => id === decision.consent?.id && version === decision.consent.version);
        expect(used.some(({ role }) => role === "user")).toBe(true);
      }),
      { numRuns: 3_000 },
    );
  });

  test("expired, revoked and future consents are as good as none", () => {
    fc.assert(
      fc.property(near, fc.constantFrom("expired", "revoked", "future"), (one, how) => {
        const dead = one.consents.map((given): Consent =>
          how === "expired" ? { ...given, until: NOW } : how === "revoked" ? { ...given, state: "revoked" } : { ...given, from: NOW + 1 },
        );
        expect(run({ ...one, consents: dead }).allow).toBe(run({ ...one, consents: [] }).allow);
      }),
    );
  });

  test("a deny names its reason out of the closed list, and an allow owes its log", () => {
    fc.assert(
      fc.property(near, (one) => {
        const decision = run(one);
        if (decision.allow) expect(decision.obligations).toContain("log");
        else expect(DENIALS).toContain(decision.reason);
      }),
    );
  });
});
