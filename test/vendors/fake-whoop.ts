import { vi } from "vitest";
import { base64Of, hmacSha256 } from "../../shared/vendors/hmac-signature";

/** Stand-in for WHOOP inside the test runtime: it knows its clients by their secrets, and which of them each token is of. */
export class FakeWhoop {
  /** Client id → secret. */
  readonly clients = new Map<string, string>();
  readonly user = String(Math.floor(Math.random() * 1e12));
  readonly grants: URLSearchParams[] = [];
  readonly revoked: string[] = [];
  readonly #access = new Map<string, string>();
  readonly #refresh = new Map<string, string>();

  /** Forgets all access tokens: the next call with one is refused. */
  expire(): void {
    this.#access.clear();
  }

  /** The headers of a webhook that is signed with a client's secret. */
  async sign(body: string, secret: string): Promise<Record<string, string>> {
    const timestamp = String(Date.now());
    const bytes = new TextEncoder().encode(body);
    return { "x-whoop-signature-timestamp": timestamp, "x-whoop-signature": base64Of(hmacSha256(secret, timestamp, bytes)) };
  }

  /** Lets the fake answer every `fetch` of the runtime until the mock is restored. */
  answer(): void {
    vi.spyOn(globalThis, "fetch").mockImplementation(async (input, init = {}) => {
      const url = new URL(typeof input === "string" ? input : input instanceof URL ? input.href : input.url);
      if (url.pathname.endsWith("/oauth2/token")) return this.#token(new URLSearchParams(typeof init.body === "string" ? init.body : ""));
      const client = this.#access.get(new Headers(init.headers).get("authorization")?.replace("Bearer ", "") ?? "");
      if (client === undefined) return Response.json({}, { status: 401 });
      if (init.method === "DELETE") {
        this.revoked.push(client);
        return new Response(null, { status: 204 });
      }
      return url.pathname.endsWith("/profile/basic") ? Response.json({ user_id: Number(this.user) }) : Response.json({ records: [] });
    });
  }

  #token(form: URLSearchParams): Response {
    this.grants.push(form);
    const client = form.get("client_id") ?? "";
    if (this.clients.get(client) !== form.get("client_secret")) return Response.json({ error: "invalid_client" }, { status: 401 });
    const old = form.get("refresh_token");
    if (old !== null && this.#refresh.get(old) !== client) return Response.json({ error: "invalid_grant" }, { status: 400 });
    if (old !== null) this.#refresh.delete(old);
    const [access, refresh] = [crypto.randomUUID(), crypto.randomUUID()];
    this.#access.set(access, client);
    this.#refresh.set(refresh, client);
    return Response.json({ access_token: access, refresh_token: refresh, expires_in: 3600, token_type: "bearer" });
  }
}
