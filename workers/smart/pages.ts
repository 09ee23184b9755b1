import { html, raw } from "hono/html";
import { toBase64Url } from "../../shared/crypto/base64url";
import type { Language } from "../../shared/http/texts";
import { systemRandom } from "../../shared/id";
import type { GrantedApp } from "./app-schemas";
import type { Asked } from "./authorize";
import { PASSKEY_SCRIPT } from "./passkey-script";
import { inWords, PAGE_TEXTS } from "./words";
import { scopesOf } from "../../shared/fhir/scopes";

type Html = ReturnType<typeof html>;

const STYLE = `:root{color-scheme:light dark}body{font:1.05rem/1.5 system-ui,sans-serif;max-width:36rem;margin:2rem auto;padding:0 1rem}
h1{font-size:1.5rem}fieldset{border:1px solid #888;border-radius:.4rem;margin:1rem 0;padding:.5rem 1rem}label{display:block;margin:.6rem 0}
input:not([type=checkbox]){display:block;width:100%;box-sizing:border-box;font:inherit;padding:.5rem}input[type=checkbox]{width:1.2rem;height:1.2rem;margin-right:.6rem}
button{font:inherit;padding:.6rem 1.2rem;margin:.5rem .5rem .5rem 0;min-height:2.75rem}:focus-visible{outline:3px solid #1a73e8;outline-offset:2px}
[role=alert]{border-left:.3rem solid #b00020;padding-left:.8rem}`;

/** What a page has beyond what it shows. */
interface Around {
  /** Where its forms may lead, beside here. */
  readonly formsTo?: string;
  readonly cookie?: string | undefined;
  /** The one script that runs on it. */
  readonly script?: string;
}

/** A page as an answer: nothing but a script of ours runs on it, nothing frames it, and its forms go here, and to where the app is told. */
export async function page(
  status: number,
  language: Language,
  title: string,
  body: Html,
  { formsTo, cookie, script }: Around = {},
): Promise<Response> {
  const nonce = toBase64Url(systemRandom(new Uint8Array(16)));
  const text = await html`<!doctype html>
    <html lang="${language}">
      <head>
        <meta charset="utf-8" />
        <meta name="referrer" content="same-origin" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <title>${title} &ndash; Meridian</title>
        <style nonce="${nonce}">
          ${raw(STYLE)}
        </style>
      </head>
      <body>
        <main>
          <h1>${title}</h1>
          ${body}
        </main>
        ${
          script === undefined
            ? ""
            : html`<script nonce="${nonce}">
                ${raw(script)};
              </script>`
        }
      </body>
    </html>`;
  const runs = script === undefined ? "" : ` script-src 'nonce-${nonce}'; connect-src 'self';`;
  const headers = new Headers({
    "content-type": "text/html; charset=utf-8",
    "content-language": language,
    "cache-control": "no-store",
    vary: "accept-language, cookie",
    "content-security-policy": `default-src 'none'; style-src 'nonce-${nonce}';${runs} form-action 'self'${formsTo === undefined ? "" : ` ${formsTo}`}; base-uri 'none'; frame-ancestors 'none'`,
  });
  if (cookie !== undefined) headers.append("set-cookie", cookie);
  return new Response(String(text), { status, headers });
}

const alert = (text: string | undefined): Html | string => (text === undefined ? "" : html`<p role="alert">${text}</p>`);
const hidden = (name: string, value: string | undefined): Html | string =>
  value === undefined ? "" : html`<input type="hidden" name="${name}" value="${value}" />`;

/** The page of `signInForm`, on which a passkey can be asked for. */
export async function signInPage(status: 200 | 400, language: Language, body: Html): Promise<Response> {
  return await page(status, language, PAGE_TEXTS[language].signIn, body, { script: PASSKEY_SCRIPT });
}

/** E-mail and password, and a passkey where the browser has them. `asked` is the sealed request that waits, where there is one. */
export function signInForm(language: Language, app: string | undefined, asked: string | undefined, fault?: string): Html {
  const t = PAGE_TEXTS[language];
  return html`<p>${app === undefined ? t.toManage : t.toDecide(app)}</p>
    ${alert(fault)}
    <form method="post" action="/oauth/sign-in">
      ${hidden("request", asked)}
      <label>${t.email}<input type="email" name="email" autocomplete="username" required autofocus /></label>
      <label>${t.password}<input type="password" name="password" autocomplete="current-password" required /></label>
      <button>${t.go}</button>
    </form>
    <form method="post" action="/oauth/sign-in" id="passkey-form" hidden>
      ${hidden("request", asked)}
      <input type="hidden" name="passkey" />
      <p role="alert" id="passkey-fault" hidden>${t.noPasskey}</p>
      <button>${t.passkey}</button>
    </form>`;
}

/** The second factor. */
export function codeForm(language: Language, asked: string | undefined, challenge: string, fault?: string): Html {
  const t = PAGE_TEXTS[language];
  return html`${alert(fault)}
    <form method="post" action="/oauth/sign-in">
      ${hidden("request", asked)}${hidden("challenge", challenge)}
      <label>${t.code}<input name="code" autocomplete="one-time-code" required autofocus aria-describedby="help" /></label>
      <p id="help">${t.codeHelp}</p>
      <button>${t.go}</button>
    </form>`;
}

/** What the app asks for, each a box that can be cleared. */
export function consentForm(language: Language, { app, scopes, redirectUri }: Asked, name: string, asked: string, decision: string): Html {
  const t = PAGE_TEXTS[language];
  const to = new URL(redirectUri);
  return html`<p>${t.asks(app.name, name)}</p>
    <p>${app.home === null ? "" : html`${t.address}: ${app.home}<br />`}${t.returns}: ${to.host === "" ? to.protocol : to.host}</p>
    <form method="post" action="/oauth/consent">
      ${hidden("request", asked)}${hidden("decision", decision)}
      <fieldset>
        <legend>${app.name}</legend>
        ${scopes.map(
          (scope) => html`<label><input type="checkbox" name="scope" value="${scope.text}" checked />${inWords(scope, language)}</label>`,
        )}
      </fieldset>
      <button name="action" value="allow">${t.allow}</button><button name="action" value="deny">${t.deny}</button>
    </form>
    <p>${t.later}</p>`;
}

/** The apps that have access, each with a button that sends it away. */
export function appsPage(language: Language, apps: readonly GrantedApp[], decision: string): Html {
  const t = PAGE_TEXTS[language];
  const list = apps.map(
    (app) =>
      html`<li>
        <h2>${app.name}</h2>
        ${app.home === null ? "" : html`<p>${app.home}</p>`}
        <ul>
          ${app.scopes.flatMap((text) => scopesOf(text)).map((scope) => html`<li>${inWords(scope, language)}</li>`)}
        </ul>
        <p>${t.since} ${app.since.slice(0, 10)}, ${t.used} ${app.lastUsedAt.slice(0, 10)}</p>
        <form method="post" action="/oauth/apps">
          ${hidden("decision", decision)}<button name="remove" value="${app.id}" aria-label="${t.remove}: ${app.name}">${t.remove}</button>
        </form>
      </li>`,
  );
  return html`${
    apps.length === 0
      ? html`<p>${t.none}</p>`
      : html`<ul>
          ${list}
        </ul>`
  }`;
}
