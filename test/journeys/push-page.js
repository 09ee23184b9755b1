/**
 * What the page of the notifications journey runs. It makes the keys that a browser makes when it subscribes, and opens what arrives by the steps of
 * RFC 8291 with the browser's own cryptography: nothing of the product's is in it.
 */
const base64 = (bytes) =>
  btoa(String.fromCharCode(...new Uint8Array(bytes)))
    .replaceAll("+", "-")
    .replaceAll("/", "_")
    .replaceAll("=", "");
const bytesOf = (text) => Uint8Array.from(atob(text.replaceAll("-", "+").replaceAll("_", "/")), (c) => c.charCodeAt(0));
const CURVE = { name: "ECDH", namedCurve: "P-256" };
const encoder = new TextEncoder();
let pair;
let point;
const auth = crypto.getRandomValues(new Uint8Array(16));

async function hkdf(salt, ikm, info, length) {
  const key = await crypto.subtle.importKey("raw", ikm, "HKDF", false, ["deriveBits"]);
  return new Uint8Array(await crypto.subtle.deriveBits({ name: "HKDF", hash: "SHA-256", salt, info }, key, length * 8));
}

globalThis.app = {
  heard: [],
  /** Keys as `PushSubscription.toJSON()` has them. */
  async keys() {
    pair = await crypto.subtle.generateKey(CURVE, false, ["deriveBits"]);
    point = new Uint8Array(await crypto.subtle.exportKey("raw", pair.publicKey));
    return { p256dh: base64(point), auth: base64(auth) };
  },
  /** The text of a message that the push service has. */
  async open(closed) {
    const body = bytesOf(closed);
    const [salt, sender, cipher] = [body.slice(0, 16), body.slice(21, 86), body.slice(86)];
    const other = await crypto.subtle.importKey("raw", sender, CURVE, false, []);
    const shared = new Uint8Array(await crypto.subtle.deriveBits({ name: "ECDH", public: other }, pair.privateKey, 256));
    const ikm = await hkdf(auth, shared, new Uint8Array([...encoder.encode("WebPush: info\0"), ...point, ...sender]), 32);
    const key = await crypto.subtle.importKey(
      "raw",
      await hkdf(salt, ikm, encoder.encode("Content-Encoding: aes128gcm\0"), 16),
      "AES-GCM",
      false,
      ["decrypt"],
    );
    const nonce = await hkdf(salt, ikm, encoder.encode("Content-Encoding: nonce\0"), 12);
    const padded = new Uint8Array(await crypto.subtle.decrypt({ name: "AES-GCM", iv: nonce }, key, cipher));
    return new TextDecoder().decode(padded.slice(0, padded.lastIndexOf(2)));
  },
  /** Opens the person's live stream, as a page does: by a ticket. */
  async listen(origin, token) {
    const response = await fetch(`${origin}/v1/tickets`, { method: "POST", headers: { authorization: `Bearer ${token}` } });
    const { ticket } = await response.json();
    const socket = new WebSocket(`${origin.replace("http", "ws")}/v1/me/live?ticket=${encodeURIComponent(ticket)}`);
    socket.addEventListener("message", ({ data }) => app.heard.push(JSON.parse(data)));
    await new Promise((resolve) => socket.addEventListener("open", resolve));
  },
  /** Puts the service worker to work. */
  async install() {
    await navigator.serviceWorker.register("/worker.js");
    await navigator.serviceWorker.ready;
  },
  /** What the service worker shows, or was to show where the browser lets nobody. */
  async shown() {
    const registration = await navigator.serviceWorker.ready;
    const shown = (await registration.getNotifications()).map(({ title, body, tag }) => ({ title, body, tag }));
    return shown.length > 0 ? shown : await this.refused(registration.active);
  },
  async refused(worker) {
    const { port1, port2 } = new MessageChannel();
    const answer = new Promise((resolve) => (port1.onmessage = ({ data }) => resolve(data)));
    worker.postMessage("refused", [port2]);
    return await answer;
  },
};
