import { vi } from "vitest";

/** One call that the fake has answered. */
export interface Call {
  readonly method: string;
  readonly path: string;
  readonly query: URLSearchParams;
  readonly form: URLSearchParams;
  readonly body: string;
  readonly bearer: string | undefined;
}

type Answer = (call: Call) => Response | undefined | Promise<Response | undefined>;

/** Stand-in for Google's hosts inside the test runtime: OAuth, identity and pages of points. */
export class FakeGoogle {
  readonly calls: Call[] = [];
  /** Data type → pages of points. */
  readonly pages = new Map<string, readonly (readonly unknown[])[]>();
  userId = `user-${crypto.randomUUID()}`;
  scope: string | undefined;
  expiresIn = 3600;
  keyset: unknown = { key: [] };
  /** Whether each refresh ends the refresh token that it used, unless it is used once more within the vendor's grace. */
  rotates: false | "at_once" | "with_grace" = false;
  #tokens = 0;
  #refresh: { readonly current: string; readonly before: string | undefined } | undefined;
  #faults: { readonly matches: (call: Call) => boolean; readonly answer: Answer; left: number }[] = [];
  #valid = new Set<string>();

  /** Answers the next `times` matching calls differently. */
  fault(pathPart: string, answer: Answer | number, times = 1): void {
    const respond: Answer = typeof answer === "number" ? () => new Response("{}", { status: answer }) : answer;
    this.#faults.push({ matches: ({ path }) => path.includes(pathPart), answer: respond, left: times });
  }

  /** Forgets all access tokens that were given out: the next call with one is refused. */
  expire(): void {
    this.#valid.clear();
  }

  count(pathPart: string): number {
    return this.calls.filter(({ path }) => path.includes(pathPart)).length;
  }

  readonly fetch = async (input: string, init: RequestInit = {}): Promise<Response> => {
    const url = new URL(input);
    const body = typeof init.body === "string" ? init.body : "";
    const authorization = new Headers(init.headers).get("authorization");
    const call: Call = {
      method: init.method ?? "GET",
      path: url.pathname,
      query: url.searchParams,
      form: new URLSearchParams(body),
      body,
      bearer: authorization?.replace(/^Bearer /, ""),
    };
    this.calls.push(call);
    await Promise.resolve();
    const fault = this.#faults.find((row) => row.left > 0 && row.matches(call));
    if (fault !== undefined) {
      fault.left--;
      const answer = await fault.answer(call);
      if (answer !== undefined) return answer;
    }
    return this.#answer(call);
  };

  #answer(call: Call): Response {
    if (call.path.endsWith("keyset.json")) return Response.json(this.keyset, { headers: { "cache-control": "max-age=3600" } });
    if (call.path === "/token") return this.#token(call);
    if (call.path === "/revoke") return Response.json({});
    if (call.bearer === undefined || !this.#valid.has(call.bearer)) return Response.json({ error: { code: 401 } }, { status: 401 });
    if (call.path.endsWith("/identity")) return Response.json({ healthUserId: this.userId, legacyUserId: "ABC123" });
    const type = /\/dataTypes\/([^/]+)\/dataPoints/.exec(call.path)?.[1] ?? "";
    const pages = this.pages.get(type) ?? [];
    const at = Number(call.query.get("pageToken") ?? 0);
    const more = at + 1 < pages.length ? { nextPageToken: String(at + 1) } : {};
    const member = call.path.endsWith("RollUp") ? "rollupDataPoints" : "dataPoints";
    return Response.json({ [member]: pages[at] ?? [], ...more });
  }

  #token({ form }: Call): Response {
    const refresh = this.#rotated(form.get("refresh_token"));
    if (refresh === undefined) return Response.json({ error: "invalid_grant" }, { status: 400 });
    const access_token = `access-${++this.#tokens}-${this.userId}`;
    this.#valid.add(access_token);
    const scope = this.scope === undefined ? {} : { scope: this.scope };
    const isRepeated = form.get("grant_type") === "refresh_token" && this.rotates === false;
    return Response.json({
      access_token,
      ...(isRepeated ? {} : { refresh_token: refresh }),
      expires_in: this.expiresIn,
      token_type: "Bearer",
      ...scope,
    });
  }

  /** The refresh token that a reply gives, or undefined where the one that was sent is over. */
  #rotated(sent: string | null): string | undefined {
    const current = `refresh-${this.userId}`;
    if (this.rotates === false) return current;
    if (sent === null) this.#refresh = { current, before: undefined };
    else if (sent === this.#refresh?.current) this.#refresh = { current: `${current}-${this.#tokens}`, before: sent };
    // What a reply said that was lost is said again.
    else if (sent !== this.#refresh?.before || this.rotates !== "with_grace") return undefined;
    return this.#refresh.current;
  }
}

/** Lets the fake answer every `fetch` of the runtime until the mock is restored. */
export function answerFetch(fake: { fetch(url: string, init: RequestInit): Promise<Response> }): void {
  vi.spyOn(globalThis, "fetch").mockImplementation((input, init) => {
    const url = typeof input === "string" ? input : input instanceof URL ? input.href : input.url;
    return fake.fetch(url, init ?? {});
  });
}
