/** Signs as Google's webhooks do, with a key of its own. */
export interface TinkSigner {
  readonly keyset: unknown;
  sign(body: string): Promise<string>;
}

const PARAMETERS = [0x12, 6, 8, 3, 16, 2, 24, 2];

export async function newSigner(keyId: number): Promise<TinkSigner> {
  const pair = await crypto.subtle.generateKey({ name: "ECDSA", namedCurve: "P-256" }, true, ["sign", "verify"]);
  if (!("privateKey" in pair)) throw new TypeError("not a key pair");
  const point = new Uint8Array((await crypto.subtle.exportKey("raw", pair.publicKey)) as ArrayBuffer);
  const x = Uint8Array.of(0, ...point.subarray(1, 33));
  const y = Uint8Array.of(0, ...point.subarray(33));
  const value = base64(Uint8Array.of(...PARAMETERS, 0x1a, x.length, ...x, 0x22, y.length, ...y));
  const keyData = { typeUrl: "type.googleapis.com/google.crypto.tink.EcdsaPublicKey", value, keyMaterialType: "ASYMMETRIC_PUBLIC" };
  return {
    keyset: { primaryKeyId: keyId, key: [{ keyData, status: "ENABLED", keyId, outputPrefixType: "TINK" }] },
    async sign(body) {
      const raw = new Uint8Array(
        await crypto.subtle.sign({ name: "ECDSA", hash: "SHA-256" }, pair.privateKey, new TextEncoder().encode(body)),
      );
      const integers = [...integer(raw.subarray(0, 32)), ...integer(raw.subarray(32))];
      const prefix = new Uint8Array(5);
      prefix[0] = 1;
      new DataView(prefix.buffer).setUint32(1, keyId);
      return base64(Uint8Array.of(...prefix, 0x30, integers.length, ...integers));
    },
  };
}

/** A positive INTEGER in DER, as short as it can be. */
function integer(bytes: Uint8Array): number[] {
  let start = 0;
  while (start < bytes.length - 1 && bytes[start] === 0) start++;
  const short = [...bytes.subarray(start)];
  if ((short[0] ?? 0) > 0x7f) short.unshift(0);
  return [0x02, short.length, ...short];
}

function base64(bytes: Uint8Array): string {
  return btoa(String.fromCharCode(...bytes));
}
