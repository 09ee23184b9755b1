/** A request as it goes over the wire. */
export interface Sent {
  readonly method: string;
  /** Path and query. */
  readonly target: string;
  readonly headers: readonly (readonly [string, string])[];
  readonly body?: Uint8Array | undefined;
}

/** What came back. A body that never ends is read as far as its first piece. */
export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
}

/** Carries requests: over HTTP, or straight into the Worker. */
export type Send = (request: Sent) => Promise<Answer>;

/** The request as a line that anybody can paste. */
export function curlOf(origin: string, { method, target, headers, body }: Sent): string {
  const quote = (text: string) => `'${text.replaceAll("'", String.raw`'\''`)}'`;
  const parts = ["curl", "-sS", "-i", ...(method === "HEAD" ? ["-I"] : ["-X", method]), quote(`${origin}${target}`)];
  for (const [name, value] of headers) {
    // A token of the run is worth nothing in the next one.
    parts.push("-H", /^Bearer eyJ[\w.-]{200,}$/.test(value) ? '"authorization: Bearer $TOKEN"' : quote(`${name}: ${value}`));
  }
  if (body !== undefined && body.byteLength > 0) {
    const text = new TextDecoder().decode(body);
    const plain = /^[\x20-\x7e\u00a1-\ufffc]*$/.test(text) && body.byteLength < 20_000;
    if (plain) parts.push("--data-binary", quote(text));
    else
      return `printf '%s' '${base64(body.slice(0, 4_000))}' | base64 -d | ${parts.join(" ")} --data-binary @-${body.byteLength > 4_000 ? ` # first 4000 of ${body.byteLength} bytes` : ""}`;
  }
  return parts.join(" ");
}

function base64(bytes: Uint8Array): string {
  return btoa(Array.from(bytes, (byte) => String.fromCharCode(byte)).join(""));
}
