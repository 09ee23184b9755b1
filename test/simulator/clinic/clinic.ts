/** A clinic's own system, as a partner would write it: it signs in with a key, and takes notifications and webhooks. */
import { createHash, createSign, generateKeyPairSync, type KeyObject, randomUUID } from "node:crypto";
import { once } from "node:events";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { text } from "node:stream/consumers";
import { Webhook } from "standardwebhooks";

const HOST = "127.0.0.1";

interface Parameter {
  readonly name: string;
  readonly valueCode?: string;
  readonly part?: readonly { readonly name: string; readonly valueString?: string }[];
}

interface Bundle {
  readonly entry: readonly { readonly resource?: { readonly resourceType: string; readonly parameter?: readonly Parameter[] } }[];
}

/** A notification of a Subscription, with what the clinic reads of it. */
export interface Notification {
  readonly id: string;
  readonly type: string;
  readonly numbers: readonly number[];
  readonly resources: readonly string[];
  readonly text: string;
}

export class Clinic {
  /** What a Subscription is to send along, so that it is known. */
  readonly shared = randomUUID();
  readonly jwk: string;
  readonly notifications: Notification[] = [];
  readonly summaries: { readonly type: string; readonly data: Record<string, unknown> }[] = [];
  /** Messages that nobody could prove. */
  readonly refused: string[] = [];
  /** Of its webhook, once it has one. */
  secret: string | undefined;
  readonly #key: KeyObject;
  readonly #kid = randomUUID();
  readonly #server: Server;

  private constructor() {
    const { publicKey, privateKey } = generateKeyPairSync("ec", { namedCurve: "P-384" });
    this.#key = privateKey;
    const { kty, crv, x, y } = publicKey.export({ format: "jwk" });
    this.jwk = JSON.stringify({ kty, crv, x, y, kid: this.#kid });
    this.#server = createServer((request, response) => void this.#take(request, response));
  }

  static async start(): Promise<Clinic> {
    const clinic = new Clinic();
    clinic.#server.listen(0, HOST);
    await once(clinic.#server, "listening");
    return clinic;
  }

  get url(): string {
    return `http://${HOST}:${(this.#server.address() as AddressInfo).port}/meridian`;
  }

  /** An assertion for the token endpoint of an issuer (RFC 7523), good for a minute. */
  assertion(client: string, issuer: string): string {
    const now = Math.floor(Date.now() / 1_000);
    const part = (value: object) => Buffer.from(JSON.stringify(value)).toString("base64url");
    const claims = { iss: client, sub: client, aud: issuer, jti: randomUUID(), iat: now, exp: now + 60 };
    const signed = `${part({ alg: "ES384", kid: this.#kid, typ: "JWT" })}.${part(claims)}`;
    const signature = createSign("SHA384").update(signed).sign({ key: this.#key, dsaEncoding: "ieee-p1363" });
    return `${signed}.${signature.toString("base64url")}`;
  }

  /** Each number that was told, once, in order. */
  get numbers(): number[] {
    return [...new Set(this.notifications.flatMap(({ numbers }) => numbers))].toSorted((a, b) => a - b);
  }

  async close(): Promise<void> {
    this.#server.close();
    this.#server.closeAllConnections();
    await once(this.#server, "close");
  }

  async #take(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const body = await text(request);
    const headers = Object.fromEntries(Object.entries(request.headers).map(([name, value]) => [name, String(value)]));
    try {
      if (headers["content-type"] === "application/fhir+json") this.#notified(headers, JSON.parse(body) as Bundle, body);
      else this.summaries.push(new Webhook(this.secret ?? "").verify(body, headers) as (typeof this.summaries)[number]);
      response.writeHead(204).end();
    } catch (error) {
      this.refused.push(error instanceof Error ? error.message : String(error));
      response.writeHead(401).end();
    }
  }

  #notified(headers: Readonly<Record<string, string>>, { entry }: Bundle, body: string): void {
    const known = (value: string) => createHash("sha256").update(value).digest("hex");
    if (known(headers["authorization"] ?? "") !== known(`Bearer ${this.shared}`)) throw new Error("nobody that is known");
    const parameters = entry[0]?.resource?.parameter ?? [];
    const events = parameters.filter(({ name }) => name === "notification-event").flatMap(({ part = [] }) => part);
    this.notifications.push({
      id: headers["webhook-id"] ?? "",
      type: parameters.find(({ name }) => name === "type")?.valueCode ?? "",
      numbers: events.filter(({ name }) => name === "event-number").map(({ valueString }) => Number(valueString)),
      resources: entry.slice(1).flatMap(({ resource }) => resource?.resourceType ?? []),
      text: body,
    });
  }
}
