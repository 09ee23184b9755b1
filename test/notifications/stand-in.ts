/**
 * Stand-ins for push services, for the services that bring mail and text messages, and for a browser: they check what they get as the real ones
 * do (tokens, signatures, headers, encryption), refuse what is wrong, and keep what arrived.
 */
import { createLocalJWKSet, exportJWK, importJWK, importPKCS8, jwtVerify } from "jose";
import { standInBases } from "./accounts.ts";
import { fromBase64Url, toBase64Url } from "../../shared/crypto/base64url.ts";
import { decryptPush, newPointPair, type PointPair } from "../../shared/crypto/web-push.ts";

/** What arrived somewhere. */
export interface Arrived {
  readonly channel: "web_push" | "fcm" | "apns" | "sms" | "mail";
  /** The browser's name, the token, the number, the address. */
  readonly to: string;
  readonly headers: Headers;
  /** JSON as far as it is some. */
  readonly body: Readonly<Record<string, unknown>>;
}

interface Browser {
  /** Absent where only the page has them. */
  readonly keys?: { readonly pair: PointPair; readonly auth: string };
  /** The key that the page subscribed with. */
  readonly vapid: string;
}

async function formOf(request: Request): Promise<URLSearchParams> {
  return new URLSearchParams(new TextDecoder().decode(await request.arrayBuffer()));
}

/** The public half of a private key in PEM. */
async function publicHalf(pem: string, algorithm: string) {
  const { kty, crv, x, y, n, e } = await exportJWK(await importPKCS8(pem, algorithm, { extractable: true }));
  return await importJWK(kty === "RSA" ? { kty, n, e } : { kty, crv, x, y }, algorithm);
}

/** Whoever got a token keeps it for longer than a stand-in lives. */
const TOKENS = new Set<string>();

export class ProviderStandIn {
  readonly arrived: Arrived[] = [];
  /** What is wrong with calls that were refused. */
  readonly faults: string[] = [];
  /** The next answers instead of the usual, by channel: a status, and a body. */
  readonly next = new Map<string, { status: number; body?: unknown; headers?: Record<string, string> }[]>();
  readonly #base: string;
  readonly #credentials: Record<string, Record<string, string>>;
  readonly #browsers = new Map<string, Browser>();
  readonly #now: () => number;
  readonly #mails = new Map<string, string>();

  /** `credentials` are those that Meridian was given. */
  constructor(base: string, credentials: string, now: () => number = Date.now) {
    this.#base = base;
    this.#credentials = JSON.parse(credentials) as Record<string, Record<string, string>>;
    this.#now = now;
  }

  /** Where Meridian is told to reach everything: `NOTIFICATION_BASES`. */
  get bases(): string {
    return standInBases(this.#base);
  }

  /** A browser that subscribes with Meridian's public key. */
  async subscribe(
    name: string,
    vapid: string,
    keys?: { pair: PointPair; auth: string },
  ): Promise<{ endpoint: string; keys: { p256dh: string; auth: string } }> {
    const pair = keys?.pair ?? (await newPointPair());
    const auth = keys?.auth ?? toBase64Url(crypto.getRandomValues(new Uint8Array(16)));
    this.#browsers.set(name, { keys: { pair, auth }, vapid });
    return { endpoint: `${this.#base}/push/${name}`, keys: { p256dh: pair.publicKey, auth } };
  }

  /** A browser whose keys lie in its own page: what arrives for it is kept closed, in base 64. */
  park(name: string, vapid: string): string {
    this.#browsers.set(name, { vapid });
    return `${this.#base}/push/${name}`;
  }

  unsubscribe(name: string): void {
    this.#browsers.delete(name);
  }

  answerNext(channel: Arrived["channel"], ...answers: { status: number; body?: unknown; headers?: Record<string, string> }[]): void {
    this.next.set(channel, [...(this.next.get(channel) ?? []), ...answers]);
  }

  of(channel: Arrived["channel"], to?: string): Arrived[] {
    return this.arrived.filter((one) => one.channel === channel && (to === undefined || one.to === to));
  }

  /** As `fetch`: what a runtime's outgoing calls are answered with. */
  fetch = async (url: string, init: RequestInit = {}): Promise<Response> => {
    return await this.answer(new Request(url, init));
  };

  async answer(request: Request): Promise<Response> {
    const path = new URL(request.url).pathname.split("/").filter((part) => part !== "");
    const [service = "", ...rest] = path;
    if (request.method !== "POST") return this.#refuse(405, `${service}: ${request.method}`);
    switch (service) {
      case "push":
        return await this.#browser(request, rest[0] ?? "");
      case "google":
        return await this.#google(request);
      case "fcm":
        return await this.#fcm(request, rest);
      case "apns":
        return await this.#apns(request, rest);
      case "sms":
        return await this.#sms(request, rest);
      case "mail":
        return await this.#mail(request, rest);
      default:
        return this.#refuse(404, `nothing at ${request.url}`);
    }
  }

  #scripted(channel: Arrived["channel"]): Response | undefined {
    const answer = this.next.get(channel)?.shift();
    if (answer === undefined) return undefined;
    return new Response(answer.body === undefined ? null : JSON.stringify(answer.body), {
      status: answer.status,
      headers: answer.headers ?? {},
    });
  }

  async #browser(request: Request, name: string): Promise<Response> {
    const browser = this.#browsers.get(name);
    if (browser === undefined) return new Response(null, { status: 410 });
    const { headers } = request;
    const [, token = "", key = ""] = /^vapid t=([^,]+), k=(\S+)$/.exec(headers.get("authorization") ?? "") ?? [];
    if (key !== browser.vapid) return this.#refuse(403, "the key is not the one that the page subscribed with");
    const point = fromBase64Url(key) ?? new Uint8Array(65);
    const jwk = { kty: "EC", crv: "P-256", x: toBase64Url(point.slice(1, 33)), y: toBase64Url(point.slice(33)) };
    try {
      const { payload } = await jwtVerify(token, createLocalJWKSet({ keys: [jwk] }), {
        audience: new URL(request.url).origin,
        algorithms: ["ES256"],
        currentDate: new Date(this.#now()),
      });
      if ((payload.exp ?? Infinity) > this.#now() / 1_000 + 86_400 || !/^(?:mailto:|https:)/.test(payload.sub ?? ""))
        throw new Error("claims");
    } catch (error) {
      return this.#refuse(403, `VAPID: ${String(error)}`);
    }
    if (!/^\d+$/.test(headers.get("ttl") ?? "")) return this.#refuse(400, "no TTL");
    if (!["very-low", "low", "normal", "high"].includes(headers.get("urgency") ?? "")) return this.#refuse(400, "Urgency");
    if (!/^[A-Za-z0-9_-]{1,32}$/.test(headers.get("topic") ?? "")) return this.#refuse(400, "Topic");
    if (headers.get("content-encoding") !== "aes128gcm") return this.#refuse(400, "Content-Encoding");
    const scripted = this.#scripted("web_push");
    if (scripted !== undefined) return scripted;
    const content = new Uint8Array(await request.arrayBuffer());
    if (browser.keys === undefined) {
      this.#keep("web_push", name, headers, { closed: toBase64Url(content) });
      return new Response(null, { status: 201 });
    }
    try {
      const body = await decryptPush(browser.keys.pair, browser.keys.auth, content);
      this.#keep("web_push", name, headers, JSON.parse(new TextDecoder().decode(body)) as Record<string, unknown>);
    } catch (error) {
      return this.#refuse(400, `not closed for this browser: ${String(error)}`);
    }
    return new Response(null, { status: 201, headers: { location: `${request.url}/message` } });
  }

  async #google(request: Request): Promise<Response> {
    const form = await formOf(request);
    if (form.get("grant_type") !== "urn:ietf:params:oauth:grant-type:jwt-bearer") return this.#refuse(400, "grant_type");
    const { privateKey = "", clientEmail = "" } = this.#credentials["fcm"] ?? {};
    try {
      const { payload } = await jwtVerify(form.get("assertion") ?? "", await publicHalf(privateKey, "RS256"), {
        audience: "https://oauth2.googleapis.com/token",
        issuer: clientEmail,
        currentDate: new Date(this.#now()),
      });
      if (payload["scope"] !== "https://www.googleapis.com/auth/firebase.messaging") throw new Error("scope");
    } catch (error) {
      return this.#refuse(401, `assertion: ${String(error)}`);
    }
    const token = crypto.randomUUID();
    TOKENS.add(token);
    return Response.json({ access_token: token, expires_in: 3_600, token_type: "Bearer" });
  }

  async #fcm(request: Request, path: readonly string[]): Promise<Response> {
    const { projectId } = this.#credentials["fcm"] ?? {};
    if (path.join("/") !== `v1/projects/${projectId}/messages:send`) return this.#refuse(404, path.join("/"));
    if (!TOKENS.has((request.headers.get("authorization") ?? "").replace(/^Bearer /, ""))) return new Response("{}", { status: 401 });
    const { message } = (await request.json()) as { message: { token: string; data: Record<string, unknown>; android: { ttl: string } } };
    if (!/^\d+s$/.test(message.android.ttl) || Object.values(message.data).some((value) => typeof value !== "string"))
      return this.#refuse(400, "FCM message");
    const scripted = this.#scripted("fcm");
    if (scripted !== undefined) return scripted;
    this.#keep("fcm", message.token, request.headers, message);
    return Response.json({ name: `projects/${projectId}/messages/1` });
  }

  async #apns(request: Request, path: readonly string[]): Promise<Response> {
    const { key = "", keyId, teamId, topic } = this.#credentials["apns"] ?? {};
    const { headers } = request;
    const publicKey = await publicHalf(key, "ES256");
    try {
      const token = (headers.get("authorization") ?? "").replace(/^bearer /, "");
      const { payload, protectedHeader } = await jwtVerify(token, publicKey, {
        issuer: teamId ?? "",
        algorithms: ["ES256"],
        currentDate: new Date(this.#now()),
      });
      if (protectedHeader.kid !== keyId || Math.abs((payload.iat ?? 0) - this.#now() / 1_000) > 3_600) throw new Error("kid or iat");
    } catch (error) {
      this.faults.push(`provider token: ${String(error)}`);
      return Response.json({ reason: "InvalidProviderToken" }, { status: 403 });
    }
    if (headers.get("apns-topic") !== topic || headers.get("apns-push-type") !== "alert") return this.#refuse(400, "apns headers");
    if (!/^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(headers.get("apns-id") ?? "")) return this.#refuse(400, "apns-id");
    if (new TextEncoder().encode(headers.get("apns-collapse-id") ?? "").length > 64) return this.#refuse(400, "apns-collapse-id");
    const scripted = this.#scripted("apns");
    if (scripted !== undefined) return scripted;
    this.#keep("apns", path[2] ?? "", headers, (await request.json()) as Record<string, unknown>);
    return new Response(null, { status: 200 });
  }

  async #sms(request: Request, path: readonly string[]): Promise<Response> {
    const { account = "", token = "", from } = this.#credentials["sms"] ?? {};
    if (path.join("/") !== `2010-04-01/Accounts/${account}/Messages.json`) return this.#refuse(404, path.join("/"));
    if (request.headers.get("authorization") !== `Basic ${btoa(`${account}:${token}`)}`) return this.#refuse(401, "sms account");
    const form = await formOf(request);
    const [to, text] = [form.get("To") ?? "", form.get("Body") ?? ""];
    if (!/^\+[1-9]\d{6,14}$/.test(to) || text === "" || text.length > 1_600 || form.get("From") !== from)
      return this.#refuse(400, "sms message");
    const scripted = this.#scripted("sms");
    if (scripted !== undefined) return scripted;
    this.#keep("sms", to, request.headers, Object.fromEntries(form));
    return Response.json({ sid: "SM1", status: "queued" }, { status: 201 });
  }

  async #mail(request: Request, path: readonly string[]): Promise<Response> {
    if (path.join("/") !== "emails") return this.#refuse(404, path.join("/"));
    if (request.headers.get("authorization") !== `Bearer ${this.#credentials["mail"]?.["key"] ?? ""}`)
      return this.#refuse(401, "mail account");
    const text = await request.text();
    const mail = JSON.parse(text) as { to: string[]; from: string; subject: string; tags: { name: string; value: string }[] };
    if (mail.to.length !== 1 || mail.from === "" || mail.subject === "") return this.#refuse(422, "mail message");
    if (mail.tags.some(({ name, value }) => !/^[\w-]{1,256}$/.test(name) || !/^[\w-]{1,256}$/.test(value)))
      return this.#refuse(422, "mail tags");
    const scripted = this.#scripted("mail");
    if (scripted !== undefined) return scripted;
    // What has the same key is sent once.
    const key = request.headers.get("idempotency-key") ?? "";
    if (this.#mails.get(key) !== text) {
      if (this.#mails.has(key)) return this.#refuse(409, "another mail has this key");
      this.#mails.set(key, text);
      this.#keep("mail", mail.to[0] ?? "", request.headers, mail);
    }
    return Response.json({ id: key });
  }

  #keep(channel: Arrived["channel"], to: string, headers: Headers, body: Arrived["body"]): void {
    this.arrived.push({ channel, to, headers: new Headers(headers), body });
  }

  #refuse(status: number, fault: string): Response {
    this.faults.push(fault);
    return Response.json({ fault }, { status });
  }
}
