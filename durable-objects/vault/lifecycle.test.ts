import { runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { describe, expect, it } from "vitest";
import * as z from "zod";
import type { PersonActor } from "../../shared/context";
import { newId } from "../../shared/id";
import { writeAdmission } from "../../shared/live/admission";
import { LiveClient, upgradeVault } from "../../test/live-client";
import { freshVault, samples } from "../../test/vaults";
import { regional } from "../../workers/regional";

type Called = ReturnType<typeof freshVault>["vault"];

const now = () => Date.now();
const place = { table: "t", column: "c", row: "r" };
const programme = newId("programme", "eu", now());
const exportId = newId("export", "eu", now());
const access = newId("emergencyAccess", "eu", now());
const ask = { programme, metrics: ["heart_rate"], fromDay: 20_000, toDay: 20_001 };

/** Staff of every kind, in a session with a second factor. */
function staff(): PersonActor {
  const roles = ["clinician", "moderator", "admin"] as const;
  return { kind: "person", person: newId("person", "eu", now()), session: newId("session", "eu", now()), roles, assurance: "aal2" };
}

const outcome = async (call: Promise<unknown>): Promise<unknown> =>
  await call.then(
    (value) => value ?? "done",
    (error: unknown) => z.looseObject({ code: z.string() }).parse(error).code,
  );

/** What can be called without passing the door as the person, and what it says when the person has left for good. */
const OVER: readonly [string, (vault: Called, actor: PersonActor) => Promise<unknown>, unknown][] = [
  ["noteRefusedSignIn", async (vault) => await vault.noteRefusedSignIn("wrong_password"), "done"],
  ["setProfile", async (vault) => await vault.setProfile({ timeZone: "UTC", locale: "en" }), "gone"],
  ["seal", async (vault) => await vault.seal(place, "text"), "gone"],
  ["unseal", async (vault) => await vault.unseal(place, "text"), "gone"],
  ["rewrapKey", async (vault) => await vault.rewrapKey(), "gone"],
  ["addressHashes", async (vault) => await vault.addressHashes(place, "text"), "gone"],
  ["provenHashes", async (vault) => await vault.provenHashes(place, "text"), "gone"],
  ["accountHashes", async (vault) => await vault.accountHashes("con_eu_x"), "gone"],
  ["record", async (vault) => await vault.record(samples("heart_rate", [{ at: now(), value: 60 }])), "gone"],
  ["completeConnection", async (vault) => await vault.completeConnection("hash", "code"), "gone"],
  ["refuseConnection", async (vault) => await vault.refuseConnection("hash", "denied"), "gone"],
  ["exportPlan", async (vault) => await vault.exportPlan(exportId), "gone"],
  [
    "exportPage",
    async (vault) => await vault.exportPage(exportId, { kind: "profile", part: "", format: "csv", name: "profile.csv", records: 1 }, null),
    "gone",
  ],
  ["closeExport", async (vault) => await vault.closeExport(exportId), "done"],
  ["openExport", async (vault, actor) => await vault.openExport(actor, exportId), "session_ended"],
  ["verifyAccessLog", async (vault, actor) => await vault.verifyAccessLog(actor, 0, 10), "session_ended"],
  ["sendToWatch", async (vault, actor) => await vault.sendToWatch(actor, newId("person", "eu", now()), now() + 1_000), "session_ended"],
  ["dismissReader", async (vault) => await vault.dismissReader(newId("person", "eu", now())), "done"],
  ["forgetOwner", async (vault) => await vault.forgetOwner(newId("person", "eu", now())), "done"],
  ["rolesChanged", async (vault) => await vault.rolesChanged(), "done"],
  ["administer", async (vault) => await vault.administer(staff(), "read", []), "not_found"],
  ["prepareEmergency", async (vault) => await vault.prepareEmergency(staff(), access, "Grace", "Unconscious."), "not_found"],
  ["openEmergency", async (vault) => await vault.openEmergency(access), "not_found"],
  ["emergencyForReview", async (vault) => await vault.emergencyForReview(staff(), access), "not_found"],
  ["decideEmergency", async (vault) => await vault.decideEmergency(staff(), access, "justified", "Fine."), "not_found"],
  ["contribute", async (vault) => await vault.contribute(ask), "done"],
  ["stillContributes", async (vault) => await vault.stillContributes(programme, []), false],
  ["suspend", async (vault) => await vault.suspend(), "gone"],
  ["resume", async (vault) => await vault.resume(), "gone"],
  ["takeLeave", async (vault) => await vault.takeLeave(), { readers: [], programmes: [], rooms: [], standings: [] }],
];

describe("a vault whose person has left", () => {
  it.each(OVER)("answers %s as nobody's, closed or emptied, and writes nothing", async (_name, call, expected) => {
    const { vault, actor, person } = freshVault();
    await vault.metrics(actor);
    await vault.close();
    const before = await vault.inventory();
    expect(await outcome(call(vault, actor))).toEqual(expected);
    expect(await vault.inventory()).toEqual(before);
    await vault.destroy();
    expect(await outcome(call(vault, actor))).toEqual(expected);
    const tables = await runInDurableObject(vault, (_instance, ctx) =>
      ctx.storage.sql.exec("SELECT 1 FROM sqlite_master WHERE name NOT LIKE '\\_cf%' ESCAPE '\\'").toArray(),
    );
    expect(tables).toEqual([]);
    expect((await regional(env, "eu").files.list({ prefix: "keys/" })).objects.filter(({ key }) => key.includes(person))).toEqual([]);
  });

  it("has closed the streams that they watched, and names whoever knows of them", async () => {
    const { vault, actor, person } = freshVault();
    const { vault: owner, actor: owning, person: ownerId } = freshVault("us");
    const terms = { role: "user", categories: ["vitals"], actions: ["read"], purpose: "personal" } as const;
    await owner.giveConsent(owning, newId("consent", "us", now()), { grantee: { kind: "person", id: person }, ...terms });
    await vault.giveConsent(actor, newId("consent", "eu", now()), { grantee: { kind: "person", id: ownerId }, ...terms });
    await vault.giveConsent(actor, newId("consent", "eu", now()), {
      grantee: { kind: "programme", id: programme },
      ...terms,
      role: "partner",
      purpose: "research",
    });
    await vault.sendToWatch(actor, ownerId, now() + 60_000);
    const admission = writeAdmission({ actor: { ...actor, roles: ["user"] }, sessionEnds: now() + 60_000 });
    const socket = (await upgradeVault(owner, admission, "?metrics=heart_rate")).webSocket;
    if (socket === null) throw new Error("not let in");
    const client = new LiveClient(socket);
    await vault.close();
    expect(await vault.takeLeave()).toEqual({ readers: [ownerId], programmes: [programme], rooms: [], standings: [] });
    expect((await client.closed).reason).toBe("not_allowed");
  });
});

describe("a vault whose person waits for their erasure", () => {
  async function suspended() {
    const one = freshVault();
    await one.vault.record(samples("heart_rate", [{ at: now() - 60_000, value: 60 }]));
    await one.vault.giveConsent(one.actor, newId("consent", "eu", now()), {
      grantee: { kind: "programme", id: programme },
      role: "partner",
      categories: ["vitals"],
      actions: ["read"],
      purpose: "research",
    });
    return one;
  }
  const lastLine = async (vault: Called, actor: PersonActor, by: string) =>
    (await vault.accessLog(actor, { actor: by, limit: 1 })).items.map(({ outcome: how, reason }) => [how, reason]);

  it("gives nothing for research, and takes it up again", async () => {
    const { vault, actor } = await suspended();
    expect(await vault.stillContributes(programme, ["vitals"])).toBe(true);
    await vault.suspend();
    expect(await vault.contribute(ask)).toBeNull();
    expect(await vault.stillContributes(programme, ["vitals"])).toBe(false);
    expect(await lastLine(vault, actor, programme)).toEqual([["denied", "suspended"]]);
    await vault.resume();
    expect(await vault.contribute(ask)).not.toBeNull();
  });

  it("is not opened in an emergency, prepared before or not", async () => {
    const { vault, actor } = await suspended();
    const [clinician, id, other] = [staff(), newId("emergencyAccess", "eu", now()), newId("emergencyAccess", "eu", now())];
    await vault.prepareEmergency(clinician, id, "Grace", "Unconscious.");
    await vault.suspend();
    expect(await outcome(vault.openEmergency(id))).toBe("not_found");
    expect(await outcome(vault.prepareEmergency(clinician, other, "Grace", "Unconscious."))).toBe("not_found");
    expect(await lastLine(vault, actor, clinician.person)).toEqual([["denied", "suspended"]]);
    expect((await vault.emergencies(actor, undefined, 10)).map((one) => one.id)).toEqual([id]);
  });

  it("still lets reviewers decide what was opened before", async () => {
    const { vault, actor } = await suspended();
    const id = newId("emergencyAccess", "eu", now());
    await vault.prepareEmergency(staff(), id, "Grace", "Unconscious.");
    await vault.openEmergency(id);
    await vault.suspend();
    const reviewer = staff();
    expect(await vault.emergencyForReview(reviewer, id)).toMatchObject({ reason: "Unconscious." });
    await vault.decideEmergency(reviewer, id, "justified", "It was.");
    expect(await vault.emergencies(actor, undefined, 10)).toMatchObject([{ id, review: { outcome: "justified" } }]);
  });

  it("lets the person export", async () => {
    const { vault, actor } = await suspended();
    await vault.suspend();
    const id = newId("export", "eu", now());
    expect(await vault.openExport(actor, id)).toEqual({ running: null });
    expect((await vault.exportPlan(id)).files.map(({ name }) => name)).toContain("profile.ndjson");
  });
});
