import * as z from "zod";
import { CANARY, NAME_CANARY } from "./canaries.ts";
import type { Meridian } from "./harness.ts";

const registered = z.object({
  person: z.object({ id: z.string() }),
  tokens: z.object({ accessToken: z.string(), refreshToken: z.string() }),
});
const tokensReply = z.object({ tokens: z.object({ accessToken: z.string(), refreshToken: z.string() }) });

const REFRESH = "/v1/sessions/refresh";

export type Region = "eu" | "us" | "ap";

/** What a call got back; `body` is parsed JSON, or undefined where there was none. */
export interface Reply {
  readonly status: number;
  readonly headers: Headers;
  readonly body: unknown;
}

/** A client of one person. It keeps its tokens as an app on a phone would, and knows nothing of the server but its origin. */
export class Client {
  readonly #meridian: Meridian;
  readonly id: string;
  readonly email: string;
  readonly password: string;
  accessToken: string;
  /** Whether it trades its refresh token where its access token has ended, and calls again. */
  isLasting = false;
  #refreshToken: string;

  private constructor(meridian: Meridian, { person, tokens }: z.output<typeof registered>, email: string, password: string) {
    this.#meridian = meridian;
    this.email = email;
    this.password = password;
    this.id = person.id;
    this.accessToken = tokens.accessToken;
    this.#refreshToken = tokens.refreshToken;
  }

  /** Registers a new person in `Europe/Berlin`. */
  static async register(meridian: Meridian, region: Region = "eu"): Promise<Client> {
    const [email, password] = [`${crypto.randomUUID()}.${CANARY}@people.test`, `vq-${CANARY}-${crypto.randomUUID()}`];
    const response = await fetch(`${meridian.origin}/v1/accounts`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({
        email,
        password,
        name: `Ada ${NAME_CANARY}`,
        region,
        timeZone: "Europe/Berlin",
      }),
    });
    if (response.status !== 201) throw new Error(`registration answered ${response.status}: ${await response.text()}`);
    return new Client(meridian, registered.parse(await response.json()), email, password);
  }

  /** Calls the API as the person; `path` begins with a slash. */
  async fetch(path: string, init: RequestInit = {}): Promise<Response> {
    const headers = new Headers(init.headers);
    headers.set("authorization", `Bearer ${this.accessToken}`);
    return await fetch(`${this.#meridian.origin}${path}`, { ...init, headers });
  }

  /** Sends JSON, or nothing, and reads the answer. */
  async call(method: string, path: string, body?: unknown, headers: Readonly<Record<string, string>> = {}): Promise<Reply> {
    const sent = body === undefined ? {} : { body: JSON.stringify(body), headers: { "content-type": "application/json", ...headers } };
    let response = await this.fetch(path, { method, headers, ...sent });
    if (response.status === 401 && this.isLasting && path !== REFRESH) {
      await this.refresh();
      response = await this.fetch(path, { method, headers, ...sent });
    }
    const text = await response.text();
    const isJson = /[/+]json/.test(response.headers.get("content-type") ?? "");
    return { status: response.status, headers: response.headers, body: isJson ? JSON.parse(text) : undefined };
  }

  /** Reads what must be there; `schema` says what the journey looks at. Throws where the answer is no 2xx. */
  async get<T>(path: string, schema: z.ZodType<T>): Promise<T> {
    const { status, body } = await this.call("GET", path);
    if (status < 200 || status > 299) throw new Error(`${path} answered ${status}: ${JSON.stringify(body)}`);
    return schema.parse(body);
  }

  /** Trades the refresh token for new tokens. */
  async refresh(): Promise<void> {
    const { status, body } = await this.call("POST", REFRESH, { refreshToken: this.#refreshToken });
    if (status !== 200) throw new Error(`the refresh answered ${status}`);
    const { tokens } = tokensReply.parse(body);
    this.accessToken = tokens.accessToken;
    this.#refreshToken = tokens.refreshToken;
  }
}
