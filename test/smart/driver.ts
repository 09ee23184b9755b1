/**
 * Signs in and decides on the page of apps, as a browser does: by its forms alone. `Browser` keeps the cookies; it works with the app in
 * the test runtime, and over HTTP with a running server.
 */
export type Fetch = (url: string, init: RequestInit) => Promise<Response>;

export interface Person {
  readonly email: string;
  readonly password: string;
}

interface Form {
  readonly action: string;
  readonly fields: URLSearchParams;
}

export class Browser {
  readonly #fetch: Fetch;
  readonly #origin: string;
  #cookie = "";

  constructor(origin: string, fetch: Fetch) {
    this.#origin = origin;
    this.#fetch = fetch;
  }

  /** Opens an address; redirects are not followed. */
  async open(url: string): Promise<Response> {
    return this.#kept(await this.#fetch(url, { redirect: "manual", headers: this.#headers() }));
  }

  /** Sends a form of our own page. */
  async send(action: string, fields: URLSearchParams, headers: Record<string, string> = {}): Promise<Response> {
    const init = {
      method: "POST",
      redirect: "manual" as const,
      headers: { ...this.#headers(), origin: this.#origin, "content-type": "application/x-www-form-urlencoded", ...headers },
      body: fields.toString(),
    };
    return this.#kept(await this.#fetch(new URL(action, this.#origin).href, init));
  }

  /** Signs in where the page asks for it, allows what `choose` leaves, and returns where the app is told; undefined where there is no such place. */
  async letIn(url: string, person: Person, choose: (scopes: string[]) => string[] = (scopes) => scopes): Promise<string | undefined> {
    let answer = await this.open(url);
    for (let step = 0; step < 4; step += 1) {
      const to = answer.headers.get("location");
      if (to !== null) return to;
      if (answer.status !== 200) return undefined;
      const form = formIn(await answer.text());
      if (form === undefined) return undefined;
      if (form.fields.has("decision")) {
        const chosen = choose(form.fields.getAll("scope"));
        form.fields.delete("scope");
        for (const scope of chosen) form.fields.append("scope", scope);
        form.fields.set("action", "allow");
      } else {
        form.fields.set("email", person.email);
        form.fields.set("password", person.password);
      }
      answer = await this.send(form.action, form.fields);
    }
    return undefined;
  }

  #headers(): Record<string, string> {
    return this.#cookie === "" ? {} : { cookie: this.#cookie };
  }

  #kept(answer: Response): Response {
    const cookie = answer.headers.get("set-cookie")?.split(";")[0];
    if (cookie !== undefined) this.#cookie = cookie;
    return answer;
  }
}

/** The first form of a page with what its fields hold. */
export function formIn(page: string): Form | undefined {
  const [, action, inner = ""] = /<form method="post" action="([^"]+)"[^>]*>(.*?)<\/form>/s.exec(page) ?? [];
  if (action === undefined) return undefined;
  const fields = new URLSearchParams();
  for (const [, attributes = ""] of inner.matchAll(/<input ([^>]*)>/g)) {
    const name = /name="([^"]*)"/.exec(attributes)?.[1];
    if (name !== undefined) fields.append(name, plain(/value="([^"]*)"/.exec(attributes)?.[1] ?? ""));
  }
  return { action, fields };
}

function plain(text: string): string {
  return text.replaceAll("&quot;", '"').replaceAll("&#39;", "'").replaceAll("&lt;", "<").replaceAll("&gt;", ">").replaceAll("&amp;", "&");
}
