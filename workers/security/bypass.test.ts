import { beforeAll, describe, expect, test } from "vitest";
import * as z from "zod";
import { fetchApp, registerPerson, type RegisteredPerson, send } from "../../test/people";

/** Ways around a consent that is not there, and around the shape of uploads. */
const DAY = "2026-11-20";
const SPAN = `from=${DAY}T00:00:00Z&to=${DAY}T23:00:00Z`;
let owner: RegisteredPerson;
let stranger: RegisteredPerson;
const DEVICE = `Watch ${crypto.randomUUID()}`;

beforeAll(async () => {
  [owner, stranger] = await Promise.all([registerPerson("eu"), registerPerson("eu")]);
  for (const person of [owner, stranger]) {
    const source = { deviceName: person === owner ? DEVICE : "Other", bundleIdentifier: "com.apple.health" };
    const records = [0, 1, 2].map((n) => ({
      id: crypto.randomUUID(),
      type: "HKQuantityTypeIdentifierBodyMass",
      unit: "kg",
      value: 70 + n,
      startDate: `${DAY}T0${n}:00:00Z`,
      endDate: `${DAY}T0${n}:00:00Z`,
      source,
    }));
    const headers = { authorization: `Bearer ${person.accessToken}` };
    expect((await send("POST", "/v1/ingest/healthkit", { data: { records, sleep: [], workouts: [] } }, headers)).status).toBe(200);
  }
}, 60_000);

const patientOf = (person: RegisteredPerson) => person.person.id.replaceAll("_", "-");
const bundle = z.looseObject({ entry: z.array(z.unknown()).default([]) });

describe("a search of FHIR for somebody else", () => {
  test.each<[string, (id: string) => string]>([
    ["patient", (id) => `Observation?patient=${id}`],
    ["Patient/", (id) => `Observation?patient=Patient/${id}`],
    ["subject", (id) => `Observation?subject=Patient/${id}`],
    ["patient:Patient", (id) => `Observation?patient:Patient=${id}`],
    ["an absolute reference", (id) => `Observation?patient=http://meridian.test/fhir/r4/Patient/${id}`],
    ["one of two", (id) => `Observation?patient=${id},${id}`],
    ["the identifier", (id) => `Patient?identifier=urn:meridian:person|${id.replaceAll("-", "_")}`],
    ["the id", (id) => `Patient?_id=${id}`],
    ["the device", (id) => `Device?patient=${id}`],
  ])("by %s finds nothing of theirs", async (_how, query) => {
    const response = await stranger.fetch(`/fhir/r4/${query(patientOf(owner))}`);
    expect([200, 400, 404]).toContain(response.status);
    const text = await response.text();
    expect(text).not.toContain(DEVICE);
    if (response.status === 200) expect(bundle.parse(JSON.parse(text)).entry).toEqual([]);
  });

  test("and oneself at once finds one's own alone", async () => {
    const text = await (await stranger.fetch(`/fhir/r4/Observation?patient=${patientOf(stranger)},${patientOf(owner)}`)).text();
    const { entry } = bundle.parse(JSON.parse(text));
    expect(entry).toHaveLength(3);
    expect(JSON.stringify(entry)).not.toContain(patientOf(owner));
  });

  test.each([
    "_include=Observation:subject",
    "_revinclude=Provenance:target",
    "_has:Observation:has-member:code=29463-7",
    "patient.name=Ada",
    "subject:missing=true",
    "subject:missing=false",
    "_elements=subject",
    "_summary=text",
  ])("%s is not a way around", async (parameter) => {
    const response = await stranger.fetch(`/fhir/r4/Observation?${parameter}`);
    expect([200, 400]).toContain(response.status);
    const text = await response.text();
    expect(text).not.toContain(DEVICE);
    expect(text).not.toContain(patientOf(owner));
  });

  test.each(["_filter=1 eq 1", "_query=x"])("%s is refused", async (parameter) =>
    expect((await stranger.fetch(`/fhir/r4/Observation?${parameter}`)).status).toBe(400),
  );

  test("in the body of a search counts like one in the query", async () => {
    const headers = { "content-type": "application/x-www-form-urlencoded", authorization: `Bearer ${stranger.accessToken}` };
    const response = await fetchApp("/fhir/r4/Observation/_search", { method: "POST", headers, body: `patient=${patientOf(owner)}` });
    expect(await response.text()).not.toContain(DEVICE);
  });
});

describe("without a consent", () => {
  test.each(["metrics", `metrics/body_weight?${SPAN}`, `days/${DAY}`, `days?from=${DAY}&to=${DAY}`, `sleep?${SPAN}`, `workouts?${SPAN}`])(
    "people/…/%s is as unknown as nobody's",
    async (path) => {
      const [real, none] = await Promise.all(
        [owner.person.id, "per_eu_01kad7wjcm0000000000000000"].map(async (id) => await stranger.fetch(`/v1/people/${id}/${path}`)),
      );
      expect(real?.status).toBe(404);
      const shape = async (response: Response | undefined) => {
        const { instance: _instance, ...rest } = z.looseObject({}).parse(await response?.json());
        return rest;
      };
      expect(await shape(real)).toEqual(await shape(none));
    },
  );

  test("an explanation says nothing of another's consents", async () => {
    const response = await stranger.fetch(`/v1/me/access/explain?actor=${owner.person.id}&category=vitals&action=read`);
    expect(response.status).toBeLessThan(500);
    expect(await response.text()).not.toContain(DEVICE);
  });

  test("a consent that somebody gives themselves in another's name is their own", async () => {
    const terms = {
      grantee: { kind: "person", id: stranger.person.id },
      role: "user",
      categories: ["body"],
      actions: ["read"],
      purpose: "personal",
    };
    for (const extra of [{ grantor: owner.person.id }, { person: owner.person.id }, { personId: owner.person.id }])
      expect(
        (await send("POST", "/v1/me/consents", { ...terms, ...extra }, { authorization: `Bearer ${stranger.accessToken}` })).status,
      ).toBe(422);
    expect((await stranger.fetch(`/v1/people/${owner.person.id}/metrics`)).status).toBe(404);
  });
});

describe("a cursor", () => {
  const list = z.object({ items: z.array(z.unknown()), next: z.string() });
  const first = async (person: RegisteredPerson) =>
    list.parse(await (await person.fetch(`/v1/me/metrics/body_weight?resolution=raw&limit=1&${SPAN}`)).json()).next;

  test("of another person is refused", async () => {
    const cursor = await first(owner);
    expect(
      (await stranger.fetch(`/v1/me/metrics/body_weight?resolution=raw&limit=1&${SPAN}&cursor=${encodeURIComponent(cursor)}`)).status,
    ).toBe(422);
  });

  test.each([
    "/v1/me/sources",
    "/v1/sessions",
    "/v1/imports",
    "/v1/me/consents",
    "/v1/me/api-keys",
    "/v1/me/metrics",
    `/v1/me/workouts?${SPAN}`,
  ])("of another list is refused by %s", async (path) => {
    const cursor = encodeURIComponent(await first(owner));
    expect((await owner.fetch(`${path}${path.includes("?") ? "&" : "?"}cursor=${cursor}`)).status).toBe(422);
  });

  test.each(["0", "eyJpZCI6MX0", "1.AAAA", "__proto__.AAAA", "../1", "null", "%00"])("that was made up (%s) is refused", async (cursor) => {
    expect((await owner.fetch(`/v1/me/sources?cursor=${cursor}`)).status).toBe(422);
  });
});

describe("an upload", () => {
  const upload = async (body: BodyInit, type: string, headers: Record<string, string> = {}) =>
    await owner.fetch("/v1/imports?kind=apple-health-export", { method: "POST", headers: { "content-type": type, ...headers }, body });

  test.each<[string, BodyInit, string]>([
    ["a page", "<html><script>alert(1)</script></html>", "text/html"],
    ["a page that says it is an archive", "<html></html>", "application/zip"],
    ["a picture that says it is an archive", Uint8Array.of(0x89, 0x50, 0x4e, 0x47, 13, 10, 26, 10), "application/zip"],
    ["a program that says it is an archive", Uint8Array.of(0x4d, 0x5a, 0x90, 0), "application/zip"],
    ["gzip that says it is an archive", Uint8Array.of(0x1f, 0x8b, 8, 0), "application/zip"],
    ["a form with a file", "--x\r\n\r\n--x--", "multipart/form-data; boundary=x"],
    ["nothing at all", "", "application/zip"],
    ["an archive that says it is a picture", Uint8Array.of(0x50, 0x4b, 3, 4), "image/png"],
    ["bytes without a type", "PK", ""],
  ])("of %s is refused before it is kept", async (_what, body, type) => {
    const before = await (await owner.fetch("/v1/imports")).text();
    expect([400, 415, 422]).toContain((await upload(body, type)).status);
    expect(await (await owner.fetch("/v1/imports")).text()).toBe(before);
  });

  test.each([
    "../../etc/passwd",
    "..\\..\\x.zip",
    "a/b.zip",
    "a\u0000.zip",
    "<script>.zip",
    "a\r\nx: y.zip",
    "x".repeat(300),
    "CON",
    ".htaccess",
  ])("named %j gets a key of ours, and the name is shown as text", async (name) => {
    const announced = await owner.fetch("/v1/imports", {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ kind: "apple-health-export", fileName: name, size: 1_000 }),
    });
    expect([202, 422]).toContain(announced.status);
    const { uploadUrl } = z.looseObject({ uploadUrl: z.string().optional() }).parse(await announced.json());
    expect(uploadUrl ?? "").not.toContain(encodeURIComponent(name.slice(0, 6)));
  });

  test.each<[string, () => Uint8Array, string]>([
    ["is no gzip", () => new TextEncoder().encode("{}"), "gzip"],
    ["ends early", () => Uint8Array.of(0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3, 1), "gzip"],
    ["is of another encoding", () => new TextEncoder().encode("{}"), "br"],
    ["is encoded twice", () => new TextEncoder().encode("{}"), "gzip, gzip"],
    ["is of no encoding", () => new TextEncoder().encode("{}"), "x-none"],
  ])("of readings that %s is refused", async (_what, body, encoding) => {
    const response = await owner.fetch("/v1/ingest/healthkit", {
      method: "POST",
      headers: { "content-type": "application/json", "content-encoding": encoding },
      body: body().slice().buffer,
    });
    expect([400, 415]).toContain(response.status);
  });

  test("of readings that inflate beyond all measure is stopped there", async () => {
    const bomb = new Response(new Blob([`{"data":"${"a".repeat(25_000_000)}"}`]).stream().pipeThrough(new CompressionStream("gzip")));
    const bytes = await bomb.arrayBuffer();
    expect(bytes.byteLength).toBeLessThan(100_000);
    const headers = { "content-type": "application/json", "content-encoding": "gzip" };
    expect((await owner.fetch("/v1/ingest/healthkit", { method: "POST", headers, body: bytes })).status).toBe(413);
  });
});

describe("a server that a person names", () => {
  const HOSTS = [
    "127.0.0.1:443",
    "127.1",
    "127.0.1",
    "127.255.255.254",
    "0.0.0.0",
    "0",
    "0x7f.1",
    "0x7f000001",
    "2130706433",
    "017700000001",
    "0177.0.0.1",
    "127.0.0.1.",
    "%31%32%37.0.0.1",
    "①②⑦.⓪.⓪.①",
    "127\u30020\u30020\u30021",
    "127.0.0.1%2f@fhir.example.org",
    "[::1]",
    "[::]",
    "[0:0:0:0:0:0:0:1]",
    "[::ffff:127.0.0.1]",
    "[::ffff:7f00:1]",
    "[::ffff:169.254.169.254]",
    "[64:ff9b::7f00:1]",
    "[fe80::1]",
    "[fc00::1]",
    "[2002:7f00:1::]",
    "169.254.169.254",
    "169.254.170.2",
    "100.100.100.200",
    "10.0.0.1",
    "172.16.0.1",
    "192.168.0.1",
    "100.64.0.1",
    "198.18.0.1",
    "192.0.0.192",
    "224.0.0.1",
    "255.255.255.255",
    "localhost",
    "LOCALHOST",
    "localhost.",
    "localhost..",
    "foo.localhost",
    "ⓛocalhost",
    "metadata.google.internal",
    "metadata.google.internal.",
    "metadata.google.internal..",
    "kubernetes.default.svc.local",
    "x.home.arpa",
    "meridian.test",
    "intranet",
    "fhir..hospital.org",
    ".hospital.org",
    "user@fhir.hospital.org",
    "user:pass@fhir.hospital.org",
    "fhir.hospital.org@127.0.0.1",
    "fhir.hospital.org:99999",
    "fhir.hospital.org\\@127.0.0.1.",
  ];
  const target = async (baseUrl: string, auth: unknown = { kind: "none" }) =>
    await send("POST", "/v1/me/fhir-targets", { name: "x", baseUrl, auth }, { authorization: `Bearer ${owner.accessToken}` });

  // The test runtime lists 127.0.0.1 as a developer's own host; every other spelling of it must fail, and so must that one by another name.
  test.each(
    HOSTS.filter(
      (host) => !/127/.test(URL.canParse(`https://${host}`) ? new URL(`https://${host}`).hostname : "") || !URL.canParse(`https://${host}`),
    ).map((host) => [host]),
  )("https://%s is not called", async (host) => {
    const url = `https://${host}/r4`;
    const parsed = URL.canParse(url) ? new URL(url) : undefined;
    const response = await target(url);
    // A backslash ends the host for every parser of the web: what is left is a public name.
    if (parsed?.hostname === "fhir.hospital.org" && parsed.username === "" && host.includes("\\"))
      return expect(response.status).toBeLessThan(500);
    expect(response.status).toBe(422);
  });

  test.each([
    "http://fhir.hospital.org/",
    "ftp://fhir.hospital.org/",
    "file:///etc/passwd",
    "gopher://x/",
    "data:text/plain,x",
    "javascript:1",
    "//fhir.hospital.org",
    "https:",
    "https://",
    "blob:https://fhir.hospital.org/",
    "https://fhir.hospital.org/?x",
    "https://fhir.hospital.org/#x",
    `https://${"a".repeat(2_100)}.org`,
  ])("%s is not called", async (url) => expect((await target(url)).status).toBe(422));

  test.each(["https://169.254.169.254/token", "http://login.hospital.org/token", "https://[::1]/token", "https://localhost../token"])(
    "nor is a token fetched from %s",
    async (tokenUrl) => {
      const auth = { kind: "client_credentials", tokenUrl, clientId: "c", clientSecret: "s" };
      expect((await target("https://fhir.hospital.org/r4", auth)).status).toBe(422);
    },
  );
});

describe("what is not there", () => {
  test.each([
    ["a device flow", "/oauth/device_authorization"],
    ["a device flow", "/v1/device/code"],
    ["a magic link", "/v1/magic-links"],
    ["a magic link", "/v1/sessions/magic-link"],
    ["a code by mail that signs in", "/v1/sessions/email-otp"],
    ["a code by text message", "/v1/sessions/sms"],
    ["a hint", "/v1/password-hints"],
    ["questions that only the owner can answer", "/v1/me/security-questions"],
    ["an implicit grant", "/oauth/implicit"],
    ["single sign-on by SAML", "/saml/acs"],
    ["an act in another's name", "/v1/admin/impersonate"],
    ["a proxy of addresses", "/v1/proxy?url=http://169.254.169.254/"],
    ["a fetcher of pictures", "/v1/avatar?url=http://169.254.169.254/"],
    ["a session in a cookie", "/api/auth/session"],
    ["a list of people", "/v1/people"],
    ["a search for addresses", "/v1/people?email=a@b.test"],
    ["an API key without a person", "/api/auth/api-key/create"],
    ["a list of sessions of all", "/v1/admin/sessions"],
  ])("%s: %s", async (_what, path) => {
    for (const method of ["GET", "POST"]) {
      const init: RequestInit = method === "GET" ? {} : { method, headers: { "content-type": "application/json" }, body: "{}" };
      expect([404, 405], method).toContain((await owner.fetch(path, init)).status);
    }
  });
});
