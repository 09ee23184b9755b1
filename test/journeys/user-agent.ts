/** A browser without scripts: follows redirects, keeps cookies, fills in forms. */
export class UserAgent {
  readonly #cookies = new Map<string, string>();

  /** Opens a URL and does what a person does at a provider: signs in as `login`, agrees. Ends at the first address that begins with `end`. */
  async walk(url: string, login: string, end: string): Promise<URL> {
    let next: { readonly url: string; readonly form?: URLSearchParams } = { url };
    for (let steps = 0; steps < 20; steps++) {
      if (next.url.startsWith(end)) return new URL(next.url);
      const response = await this.#send(next.url, next.form);
      const location = response.headers.get("location");
      if (location !== null) {
        next = { url: new URL(location, next.url).href };
        continue;
      }
      const page = await response.text();
      next = formOf(page, next.url, login);
    }
    throw new Error("The way through the provider has no end.");
  }

  async #send(url: string, form: URLSearchParams | undefined): Promise<Response> {
    const { host } = new URL(url);
    const cookie = [...this.#cookies].flatMap(([key, value]) =>
      key.startsWith(`${host} `) ? [`${key.slice(host.length + 1)}=${value}`] : [],
    );
    const headers: Record<string, string> = { accept: "text/html", cookie: cookie.join("; ") };
    const init = form === undefined ? { headers } : { method: "POST", body: form, headers };
    const response = await fetch(url, { ...init, redirect: "manual" });
    for (const line of response.headers.getSetCookie()) {
      const [, name = "", value = ""] = /^([^=]+)=([^;]*)/.exec(line) ?? [];
      this.#cookies.set(`${host} ${name}`, value);
    }
    return response;
  }
}

/** The one form of a page, filled in. */
function formOf(page: string, url: string, login: string): { readonly url: string; readonly form: URLSearchParams } {
  const action = /<form[^>]*\baction="([^"]*)"/.exec(page)?.[1];
  if (action === undefined) throw new Error(`No form at ${new URL(url).pathname}: ${page.slice(0, 500)}`);
  const form = new URLSearchParams();
  for (const [tag] of page.matchAll(/<input[^>]*>/g)) {
    const name = /\bname="([^"]*)"/.exec(tag)?.[1];
    if (name !== undefined) form.set(name, decoded(/\bvalue="([^"]*)"/.exec(tag)?.[1] ?? ""));
  }
  if (form.has("login")) form.set("login", login);
  if (form.has("password")) form.set("password", "any");
  return { url: new URL(decoded(action), url).href, form };
}

function decoded(text: string): string {
  return text
    .replaceAll("&quot;", '"')
    .replaceAll("&#x2F;", "/")
    .replaceAll("&#x3D;", "=")
    .replaceAll("&#39;", "'")
    .replaceAll("&amp;", "&");
}
