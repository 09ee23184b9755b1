/** The tiny consent page for people with a browser. */
import type { Call, Reply } from "../server/http.ts";

function escape(text: string): string {
  return text.replace(/[&<>"']/g, (c) => `&#${c.charCodeAt(0)};`);
}

const HEADERS = {
  "content-type": "text/html; charset=utf-8",
  "content-security-policy":
    "default-src 'none'; style-src 'unsafe-inline'; form-action 'self' http://127.0.0.1:* http://localhost:* https://127.0.0.1:* https://localhost:*",
};

function page(title: string, content: string): string {
  return `<!doctype html><html lang="en"><meta charset="utf-8"><title>${escape(title)}</title><style>body{font:16px system-ui;max-width:34rem;margin:3rem auto;padding:0 1rem}label{display:block;margin:.4rem 0}button{font:inherit;padding:.4rem 1rem;margin-right:.5rem}</style><h1>${escape(title)}</h1>${content}`;
}

/** A browser whose person has not chosen yet. */
export function hasToChoose({ query, headers }: Call): boolean {
  const chosen = query.get("sim_auto") === "1" || query.has("sim_person") || query.has("sim_deny");
  return !chosen && (headers["accept"] ?? "").includes("text/html");
}

/** Person, scopes, allow or deny; submits back to the endpoint that shows it. */
export function consentPage(query: URLSearchParams, scopes: readonly string[], people: readonly string[], chosen: string): Reply {
  const hidden = [...query].map(([name, value]) => `<input type="hidden" name="${escape(name)}" value="${escape(value)}">`).join("");
  const hint = (query.get("login_hint") ?? chosen).split("@")[0] ?? chosen;
  const names = people.includes(hint) ? people : [hint, ...people];
  const options = names.map((name) => `<option${name === hint ? " selected" : ""}>${escape(name)}</option>`).join("");
  const boxes = scopes
    .map(
      (scope) =>
        `<label><input type="checkbox" name="sim_scopes" value="${escape(scope)}" checked> ${escape(scope.replace("https://www.googleapis.com/auth/", ""))}</label>`,
    )
    .join("");
  const body =
    `<p><b>${escape(query.get("client_id") ?? "")}</b> wants access to this person's health data.</p>` +
    `<form method="get" action="?">${hidden}<label>Person <select name="sim_person">${options}</select></label>${boxes}` +
    `<p><button name="sim_auto" value="1">Allow</button><button name="sim_deny" value="1">Deny</button></p></form>`;
  return { status: 200, headers: HEADERS, body: page("Simulated consent", body) };
}

/** Errors that must not be redirected (unknown client, foreign redirect URI). */
export function errorPage(status: number, code: string, text: string): Reply {
  return { status, headers: HEADERS, body: page(`Error ${status}: ${code}`, `<p>${escape(text)}</p>`) };
}
