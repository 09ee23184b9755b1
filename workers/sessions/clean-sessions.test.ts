import { env } from "cloudflare:workers";
import { expect, test } from "vitest";
import { DAY_MS } from "../../shared/clock";
import { newId } from "../../shared/id";
import { registerPerson } from "../../test/people";
import { regional } from "../regional";
import { cleanSessions, ENDED_SESSIONS } from "./clean-sessions";

const records = env.RECORDS_EU;
const clean = async (now: number) => await cleanSessions((region) => regional(env, region).records, now);

test("sessions that ended ninety days ago are forgotten, others are not", async () => {
  const { person } = await registerPerson("eu");
  const now = Date.now();
  const insert = async (revokedAt: number | null, idle: number, absolute: number): Promise<string> => {
    const id = newId("session", "eu", now);
    await records
      .prepare(
        `insert into sessions (id, person_id, client_id, scope, amr, acr, auth_time, created_at, rotated_at, last_used_at, idle_expiry, absolute_expiry, revoked_at)
         values (?, ?, 'web', 'me', '[]', 'aal1', 1, 1, 1, 1, ?, ?, ?)`,
      )
      .bind(id, person.id, idle, absolute, revokedAt)
      .run();
    return id;
  };
  const far = now + DAY_MS;
  const old = now - 91 * DAY_MS;
  const gone = [await insert(old, far, far), await insert(null, old, far), await insert(null, far, old)];
  const kept = [await insert(now - 89 * DAY_MS, old, old), await insert(null, far, far)];
  await clean(now);
  const { results } = await records.prepare("select id from sessions where person_id = ?").bind(person.id).all<{ id: string }>();
  const left = new Set(results.map(({ id }) => id));
  expect(gone.filter((id) => left.has(id))).toEqual([]);
  expect(kept.filter((id) => !left.has(id))).toEqual([]);
});

test("they are found by an index", async () => {
  const { results } = await records.prepare(`EXPLAIN QUERY PLAN ${ENDED_SESSIONS}`).bind(1, 10).all<{ detail: string }>();
  expect(results.map(({ detail }) => detail).join("\n")).toMatch(/sessions_by_end/);
});
