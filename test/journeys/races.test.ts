import { Agent, request } from "node:http";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import * as z from "zod";
import { fromBase32, stepAt, totpCode } from "../../shared/crypto/totp.ts";
import { withEarlierCode } from "../totp.ts";
import { Meridian } from "./harness.ts";

/** Races show only on warm sockets: cold ones arrive one after the other. */
const AT_ONCE = 20;
const TRIALS = 50;

const registered = z.object({
  person: z.object({ id: z.string() }),
  tokens: z.object({ accessToken: z.string(), refreshToken: z.string() }),
});
const tokens = z.object({ tokens: z.object({ accessToken: z.string(), refreshToken: z.string() }) });
const created = z.object({ id: z.string() });
const codes = z.object({ recoveryCodes: z.array(z.string()) });

let meridian: Meridian;
const agent = new Agent({ keepAlive: true, maxSockets: AT_ONCE, maxFreeSockets: AT_ONCE });

beforeAll(async () => {
  meridian = await Meridian.start();
  await together(() => call("GET", "/openapi.json"));
});
afterAll(async () => {
  agent.destroy();
  await meridian.dispose();
});

interface Got {
  readonly status: number;
  readonly body: unknown;
}

async function call(method: string, path: string, body?: unknown, headers: Record<string, string> = {}): Promise<Got> {
  return await new Promise((resolve, reject) => {
    const text = body === undefined ? undefined : JSON.stringify(body);
    const sent = {
      ...headers,
      ...(text === undefined ? {} : { "content-type": "application/json", "content-length": String(Buffer.byteLength(text)) }),
    };
    const asked = request(`${meridian.origin}${path}`, { agent, method, headers: sent }, (response) => {
      const pieces: Buffer[] = [];
      response.on("data", (piece: Buffer) => pieces.push(piece));
      response.on("end", () => {
        const said = Buffer.concat(pieces).toString();
        resolve({ status: response.statusCode ?? 0, body: said === "" ? undefined : JSON.parse(said) });
      });
      response.on("error", reject);
    });
    asked.on("error", reject);
    asked.end(text);
  });
}

/** The same call on every socket at once. */
async function together(make: (n: number) => Promise<Got>): Promise<Got[]> {
  return await Promise.all(Array.from({ length: AT_ONCE }, (_, n) => make(n)));
}

/** Registers somebody new. */
async function newcomer(region = "eu") {
  const email = `${crypto.randomUUID()}@people.test`;
  const password = `vq-${crypto.randomUUID()}-zw`;
  const { body } = await call("POST", "/v1/accounts", { email, password, name: "Ada Probe", region });
  return { email, password, ...registered.parse(body).tokens };
}

const bearer = (token: string) => ({ authorization: `Bearer ${token}` });
const statuses = (answers: readonly Got[]) => answers.map(({ status }) => status);

describe(`of ${AT_ONCE} at once, ${TRIALS} times over`, () => {
  test("every refresh of one token gets the same one successor", async () => {
    const person = await newcomer();
    const first = await call("POST", "/v1/sessions/refresh", { refreshToken: person.refreshToken });
    let { refreshToken } = tokens.parse(first.body).tokens;
    for (let trial = 0; trial < TRIALS; trial++) {
      const answers = await together(() => call("POST", "/v1/sessions/refresh", { refreshToken }));
      expect(new Set(statuses(answers)), `trial ${trial}`).toEqual(new Set([200]));
      const successors = new Set(answers.map(({ body }) => tokens.parse(body).tokens.refreshToken));
      expect(successors.size, `trial ${trial}`).toBe(1);
      [refreshToken = ""] = successors;
    }
  });

  test("a write with one idempotency key happens once", async () => {
    const person = await newcomer("us");
    for (let trial = 0; trial < TRIALS; trial++) {
      const headers = { ...bearer(person.accessToken), "idempotency-key": `trial-${trial}` };
      const body = { kind: "apple-health-export", fileName: `${trial}.zip`, size: 1_000 };
      const answers = await together(() => call("POST", "/v1/imports", body, headers));
      expect(
        statuses(answers).every((status) => status === 202 || status === 409),
        `trial ${trial}`,
      ).toBe(true);
      const made = new Set(answers.flatMap(({ status, body: made }) => (status === 202 ? [created.parse(made).id] : [])));
      expect(made.size, `trial ${trial}`).toBe(1);
    }
  });
});

describe(`of ${AT_ONCE} at once`, () => {
  /** Enrols an app anew; its first code is that of the step before, so that the present one is left. */
  async function enrol(token: string): Promise<{ readonly secret: string; readonly recoveryCodes: readonly string[] }> {
    const { secret } = z.object({ secret: z.string() }).parse((await call("POST", "/v1/me/totp", undefined, bearer(token))).body);
    const confirmed = await withEarlierCode(secret, (code) => call("POST", "/v1/me/totp/confirmation", { code }, bearer(token)));
    return { secret, ...codes.parse(confirmed.body) };
  }
  const codeNow = async (secret: string) => await totpCode(fromBase32(secret) ?? new Uint8Array(), stepAt(Date.now()));

  test.each(["code", "recoveryCode"])("one proof of a second factor (%s) counts once", async (kind) => {
    const person = await newcomer();
    const { secret, recoveryCodes } = await enrol(person.accessToken);
    const proof = kind === "code" ? { code: await codeNow(secret) } : { recoveryCode: recoveryCodes[0] };
    const body = { password: person.password, ...proof };
    const answers = await together(() => call("POST", "/v1/sessions/step-up", body, bearer(person.accessToken)));
    // Most of them do not even get to try: ten attempts at an account are free.
    expect(statuses(answers).every((status) => [200, 401, 429].includes(status))).toBe(true);
    expect(statuses(answers).filter((status) => status === 200)).toHaveLength(1);
  });

  test("one code for a new password counts once", async () => {
    const { email } = await newcomer("us");
    const old = new Set<string>();
    for (let trial = 0; trial < 4; trial++) {
      await call("POST", "/v1/password-resets", { email });
      const token = await vi.waitUntil(async () => await newCode(email, old), { timeout: 10_000, interval: 20 });
      const answers = await together((n) =>
        call("POST", "/v1/password-resets/completions", { token, password: `vq-${trial}-${n}-lantern-orchard-zw` }),
      );
      expect(statuses(answers).toSorted(), `trial ${trial}`).toEqual([204, ...Array.from({ length: AT_ONCE - 1 }, () => 410)]);
    }
  });

  /** The code of the letter that came since. */
  async function newCode(to: string, old: Set<string>): Promise<string | undefined> {
    const { body } = await call("GET", `/v1/dev/outbox?to=${encodeURIComponent(to)}`);
    const found = [...JSON.stringify(body).matchAll(/rst_us_[\w-]{43}/g)].map(([code]) => code).find((code) => !old.has(code));
    if (found !== undefined) old.add(found);
    return found;
  }
});
