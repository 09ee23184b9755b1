import { connect, type Socket } from "node:net";
import { randomBytes } from "node:crypto";

/**
 * A WebSocket client that does next to nothing per message: it counts what it gets. A general client would need more CPU for 500
 * sockets than the object that serves them.
 */
export class CountingSocket {
  /** Called with each whole text frame. */
  onText: (text: Buffer) => void = () => undefined;
  closed = false;
  readonly #socket: Socket;
  #pending: Buffer = Buffer.alloc(0);

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.setNoDelay(true);
    socket.on("data", (chunk: Buffer) => this.#take(chunk));
    socket.on("close", () => (this.closed = true));
    socket.on("error", () => (this.closed = true));
  }

  /** Opens a socket; throws where the server does not upgrade. */
  static async open(origin: URL, path: string, headers: Readonly<Record<string, string>> = {}): Promise<CountingSocket> {
    return await new Promise((resolve, reject) => {
      const socket = connect(Number(origin.port), origin.hostname, () => {
        const lines = [
          `GET ${path} HTTP/1.1`,
          `host: ${origin.host}`,
          "connection: upgrade",
          "upgrade: websocket",
          "sec-websocket-version: 13",
          `sec-websocket-key: ${randomBytes(16).toString("base64")}`,
          ...Object.entries(headers).map(([name, value]) => `${name}: ${value}`),
        ];
        socket.write(`${lines.join("\r\n")}\r\n\r\n`);
      });
      socket.once("error", reject);
      let head = Buffer.alloc(0);
      const onHead = (chunk: Buffer): void => {
        head = Buffer.concat([head, chunk]);
        const end = head.indexOf("\r\n\r\n");
        if (end === -1) return;
        socket.off("data", onHead);
        socket.off("error", reject);
        const status = head.toString("latin1", 9, 12);
        if (status !== "101") return reject(new Error(`${path} answered ${status} instead of an upgrade`));
        const opened = new CountingSocket(socket);
        resolve(opened);
        if (head.length > end + 4) opened.#take(head.subarray(end + 4));
      };
      socket.on("data", onHead);
    });
  }

  send(text: string): void {
    const payload = Buffer.from(text);
    const length = payload.length < 126 ? [0x80 | payload.length] : [0x80 | 126, payload.length >> 8, payload.length & 0xff];
    // A mask of zeros is a mask.
    this.#socket.write(Buffer.concat([Buffer.from([0x81, ...length, 0, 0, 0, 0]), payload]));
  }

  close(): void {
    this.#socket.destroy();
  }

  #take(chunk: Buffer): void {
    let bytes = this.#pending.length === 0 ? chunk : Buffer.concat([this.#pending, chunk]);
    for (;;) {
      if (bytes.length < 2) break;
      let at = 2;
      let length = bytes[1]! & 0x7f;
      if (length === 126) {
        if (bytes.length < 4) break;
        length = bytes.readUInt16BE(2);
        at = 4;
      } else if (length === 127) {
        if (bytes.length < 10) break;
        length = Number(bytes.readBigUInt64BE(2));
        at = 10;
      }
      if (bytes.length < at + length) break;
      if ((bytes[0]! & 0x0f) === 1) this.onText(bytes.subarray(at, at + length));
      bytes = bytes.subarray(at + length);
    }
    this.#pending = bytes;
  }
}
