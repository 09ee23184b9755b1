import { runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { expect, test } from "vitest";
import { call, make } from "../../test/partners";
import { registerPerson } from "../../test/people";
import { vaultOf } from "../regional";

test("a stream's key is sealed, shown to nobody again, given to the encoder once, and forgotten with its time", async () => {
  const ada = await registerPerson();
  const [url, key] = ["rtmps://live-upload.instagram.com:443/rtmp/", `IG-${crypto.randomUUID()}`];
  const id = await make(ada, "/v1/me/stream-targets", { platform: "instagram", url, key });
  const list = await (await ada.fetch("/v1/me/stream-targets")).text();
  expect(list).toContain(`"hint":"${key.slice(-4)}"`);
  expect(list).not.toContain(key);
  const vault = vaultOf(env, ada.person.id);
  const stored = await runInDurableObject(vault, (_, { storage }) =>
    JSON.stringify(storage.sql.exec("SELECT * FROM stream_targets").toArray()),
  );
  expect(stored).not.toMatch(/rtmps|IG-/);
  const handed = await Promise.all([1, 2].map(async () => await call(ada, "POST", `/v1/me/stream-targets/${id}/handover`)));
  expect(handed.map(({ status }) => status).toSorted((a, b) => a - b)).toEqual([200, 410]);
  const given = handed.find(({ status }) => status === 200);
  expect(await given?.json()).toEqual({ url, key });
  expect((await call(ada, "POST", "/v1/me/stream-targets", { platform: "tiktok", url: "https://x", key })).status).toBe(422);
  await runInDurableObject(vault, (_, { storage }) => void storage.sql.exec("UPDATE stream_targets SET expires_at = 1"));
  expect(await (await ada.fetch("/v1/me/stream-targets")).json()).toEqual({ items: [], next: null });
});
