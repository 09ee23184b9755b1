import { toBase64Url } from "../shared/crypto/base64url";

const encoder = new TextEncoder();

/** Flags of authenticator data (WebAuthn Level 3 §6.1). */
export const FLAGS = { present: 0x01, verified: 0x04, eligible: 0x08, backedUp: 0x10, attested: 0x40 } as const;

/** What a test may bend. */
export interface Bent {
  readonly origin?: string;
  readonly rpId?: string;
  readonly type?: string;
  readonly flags?: number;
  readonly userHandle?: string;
  readonly signature?: (bytes: Uint8Array<ArrayBuffer>) => Uint8Array<ArrayBuffer>;
}

/**
 * An authenticator in software: one ES256 passkey that knows its owner, with a counter. It answers as browsers do, in JSON, and holds
 * its own writers of CBOR and DER so that nothing of the code under test checks itself.
 */
export class Authenticator {
  counter = 0;
  readonly #keys: CryptoKeyPair;
  readonly #id: Uint8Array<ArrayBuffer>;
  readonly #origin: string;
  #userHandle = "";

  private constructor(keys: CryptoKeyPair, origin: string) {
    this.#keys = keys;
    this.#id = crypto.getRandomValues(new Uint8Array(32));
    this.#origin = origin;
  }

  static async make(origin: string): Promise<Authenticator> {
    const keys = await crypto.subtle.generateKey({ name: "ECDSA", namedCurve: "P-256" }, true, ["sign", "verify"]);
    if (!("privateKey" in keys)) throw new TypeError("not a pair of keys");
    return new Authenticator(keys, origin);
  }

  /** `navigator.credentials.create()`. */
  async create(options: { challenge: string; user: { id: string } }, bent: Bent = {}) {
    this.#userHandle = options.user.id;
    const jwk = await crypto.subtle.exportKey("jwk", this.#keys.publicKey);
    if (jwk instanceof ArrayBuffer) throw new TypeError("not a JWK");
    const coordinate = (text: string | undefined) =>
      Uint8Array.from(atob((text ?? "").replaceAll("-", "+").replaceAll("_", "/")), (c) => c.charCodeAt(0));
    // COSE_Key of an ES256 key (RFC 9053 §7.1): kty 2, alg -7, crv 1, x, y.
    const key = join([0xa5, 0x01, 0x02, 0x03, 0x26, 0x20, 0x01, 0x21], cborBytes(coordinate(jwk.x)), [0x22], cborBytes(coordinate(jwk.y)));
    const flags = bent.flags ?? FLAGS.present | FLAGS.verified | FLAGS.eligible | FLAGS.backedUp | FLAGS.attested;
    const length = this.#id.byteLength;
    const authData = join(await this.#head(flags, bent), new Uint8Array(16), [length >> 8, length & 0xff], this.#id, key);
    const attestation = join(
      [0xa3],
      cborText("fmt"),
      cborText("none"),
      cborText("attStmt"),
      [0xa0],
      cborText("authData"),
      cborBytes(authData),
    );
    return {
      ...this.#named(),
      response: {
        clientDataJSON: this.#clientData(bent.type ?? "webauthn.create", options.challenge, bent),
        attestationObject: toBase64Url(attestation),
        transports: ["internal"],
      },
    };
  }

  /** `navigator.credentials.get()`; the counter grows by one. */
  async get(options: { challenge: string }, bent: Bent = {}) {
    this.counter += 1;
    const flags = bent.flags ?? FLAGS.present | FLAGS.verified | FLAGS.eligible | FLAGS.backedUp;
    const authData = await this.#head(flags, bent);
    const clientDataJSON = this.#clientData(bent.type ?? "webauthn.get", options.challenge, bent);
    const clientData = Uint8Array.from(atob(clientDataJSON.replaceAll("-", "+").replaceAll("_", "/")), (c) => c.charCodeAt(0));
    const signed = join(authData, new Uint8Array(await crypto.subtle.digest("SHA-256", clientData)));
    const raw = await crypto.subtle.sign({ name: "ECDSA", hash: "SHA-256" }, this.#keys.privateKey, signed);
    const signature = der(new Uint8Array(raw));
    return {
      ...this.#named(),
      response: {
        clientDataJSON,
        authenticatorData: toBase64Url(authData),
        signature: toBase64Url(bent.signature?.(signature) ?? signature),
        userHandle: bent.userHandle ?? this.#userHandle,
      },
    };
  }

  #named() {
    const id = toBase64Url(this.#id);
    return { id, rawId: id, type: "public-key", clientExtensionResults: {} };
  }

  #clientData(type: string, challenge: string, bent: Bent): string {
    const text = JSON.stringify({ type, challenge, origin: bent.origin ?? this.#origin, crossOrigin: false });
    return toBase64Url(encoder.encode(text));
  }

  async #head(flags: number, bent: Bent): Promise<Uint8Array<ArrayBuffer>> {
    const rpId = bent.rpId ?? new URL(this.#origin).hostname;
    const hash = new Uint8Array(await crypto.subtle.digest("SHA-256", encoder.encode(rpId)));
    const { counter } = this;
    return join(hash, [flags, counter >>> 24, (counter >>> 16) & 0xff, (counter >>> 8) & 0xff, counter & 0xff]);
  }
}

function join(...parts: readonly (Uint8Array | readonly number[])[]): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(parts.flatMap((part) => [...part]));
}

function cborText(text: string): Uint8Array {
  const bytes = encoder.encode(text);
  return join([0x60 + bytes.byteLength], bytes);
}

function cborBytes(bytes: Uint8Array): Uint8Array {
  const length = bytes.byteLength;
  const head = length < 24 ? [0x40 + length] : length < 256 ? [0x58, length] : [0x59, length >> 8, length & 0xff];
  return join(head, bytes);
}

/** Two numbers of 32 bytes as a DER sequence. */
function der(raw: Uint8Array): Uint8Array<ArrayBuffer> {
  const numbers = [raw.subarray(0, 32), raw.subarray(32)].map((bytes) => {
    let from = 0;
    while (from < 31 && bytes[from] === 0) from++;
    const short = bytes.subarray(from);
    const positive = (short[0] ?? 0) >= 0x80 ? join([0], short) : short;
    return join([0x02, positive.byteLength], positive);
  });
  const body = join(...numbers);
  return join([0x30, body.byteLength], body);
}
