interface Call {
  readonly method: string;
  readonly path: string;
  readonly query: URLSearchParams;
  readonly form: URLSearchParams;
}

/** Stand-in for Garmin's hosts inside the test runtime: OAuth, permissions, backfills that are promised, and pulls. */
export class FakeGarmin {
  readonly calls: Call[] = [];
  permissions: readonly string[] = ["HEALTH_EXPORT", "ACTIVITY_EXPORT", "MCT_EXPORT"];
  /** Before it Garmin gives nothing; epoch milliseconds. */
  minStart = 0;
  /** Summary in paths → what a pull of it answers. */
  readonly pulls = new Map<string, readonly unknown[]>();
  /** The grant is gone: every token is dead. */
  isOver = false;
  userId = `garmin-${crypto.randomUUID()}`;
  #access = "";
  #refresh = "";
  #tokens = 0;
  readonly #asked = new Set<string>();

  /** The calls for backfills of a summary, or of all. */
  backfills(summary = ""): readonly Call[] {
    return this.calls.filter(({ path }) => path.includes(`/backfill/${summary}`));
  }

  /** Forgets the access token that was given out. */
  expire(): void {
    this.#access = "expired";
  }

  readonly fetch = async (input: string, init: RequestInit = {}): Promise<Response> => {
    const url = new URL(input);
    const form = new URLSearchParams(typeof init.body === "string" ? init.body : "");
    const call: Call = { method: init.method ?? "GET", path: url.pathname, query: url.searchParams, form };
    this.calls.push(call);
    await Promise.resolve();
    if (call.path === "/di-oauth2-service/oauth/token") return this.#token(form);
    if (this.isOver || new Headers(init.headers).get("authorization") !== `Bearer ${this.#access}`)
      return Response.json({ errorMessage: "token is not active" }, { status: 403 });
    const rest = call.path.replace("/wellness-api/rest/", "");
    if (rest === "user/id") return Response.json({ userId: this.userId });
    if (rest === "user/permissions") return Response.json(this.permissions);
    if (rest === "user/registration") return new Response(null, { status: 204 });
    if (rest.startsWith("backfill/")) return this.#backfill(rest, call.query);
    return Response.json(this.pulls.get(rest) ?? []);
  };

  #token(form: URLSearchParams): Response {
    const isRefresh = form.get("grant_type") === "refresh_token";
    if (!isRefresh) this.isOver = false;
    if (this.isOver || (isRefresh && form.get("refresh_token") !== this.#refresh))
      return Response.json({ error: "invalid_grant" }, { status: 400 });
    this.#tokens++;
    this.#access = `access-${this.#tokens}-${this.userId}`;
    this.#refresh = `refresh-${this.#tokens}-${this.userId}`;
    return Response.json({ access_token: this.#access, refresh_token: this.#refresh, expires_in: 86_400, scope: "PARTNER_READ" });
  }

  #backfill(rest: string, query: URLSearchParams): Response {
    const permission = rest.endsWith("mct") ? "MCT_EXPORT" : /activit|moveiq/i.test(rest) ? "ACTIVITY_EXPORT" : "HEALTH_EXPORT";
    if (!this.permissions.includes(permission)) return Response.json({ errorMessage: "no permission" }, { status: 412 });
    const start = Number(query.get("summaryStartTimeInSeconds")) * 1000;
    if (start < this.minStart)
      return Response.json(
        { errorMessage: `start ${new Date(start).toISOString()} before min start time of ${new Date(this.minStart).toISOString()}` },
        { status: 400 },
      );
    const key = `${rest} ${query.toString()}`;
    if (this.#asked.has(key)) return Response.json({ errorMessage: "duplicate" }, { status: 409 });
    this.#asked.add(key);
    return new Response(null, { status: 202 });
  }
}
