import { Agent, request } from "node:http";
import type { Answer, Send } from "./wire";

/** Carries requests over real HTTP on kept connections. Headers and methods go out as they are given. */
export function overHttp(origin: URL, connections = 64): { readonly send: Send; readonly close: () => void } {
  const agent = new Agent({ keepAlive: true, maxSockets: connections });
  const send: Send = async ({ method, target, headers, body }) =>
    await new Promise<Answer>((resolve) => {
      const reject = (error: Error) => resolve({ status: 0, headers: new Headers(), text: error.message });
      const grouped = new Map<string, string[]>();
      for (const [name, value] of headers) grouped.set(name, [...(grouped.get(name) ?? []), value]);
      if (body !== undefined && !grouped.has("content-length")) grouped.set("content-length", [String(body.byteLength)]);
      const call = request({ agent, host: origin.hostname, port: origin.port, method, path: target, setHost: true });
      for (const [name, values] of grouped) call.setHeader(name, values.length === 1 ? (values[0] ?? "") : values);
      call.setTimeout(15_000, () => call.destroy(new Error("no answer within 15 s")));
      call.on("error", reject);
      call.on("upgrade", (response, socket) => {
        socket.destroy();
        resolve({ status: response.statusCode ?? 0, headers: headersOf(response.rawHeaders), text: "" });
      });
      call.on("response", (response) => {
        const pieces: Buffer[] = [];
        const done = () =>
          resolve({
            status: response.statusCode ?? 0,
            headers: headersOf(response.rawHeaders),
            text: Buffer.concat(pieces).toString("utf8"),
          });
        const endless = response.headers["content-type"]?.startsWith("text/event-stream") === true;
        response.on("data", (piece: Buffer) => {
          pieces.push(piece);
          if (!endless) return;
          done();
          response.destroy();
        });
        response.on("end", done);
        response.on("error", (error) => (endless ? done() : reject(error)));
      });
      call.end(body);
    });
  return { send, close: () => agent.destroy() };
}

function headersOf(raw: readonly string[]): Headers {
  const headers = new Headers();
  for (let i = 0; i + 1 < raw.length; i += 2) headers.append(raw[i] ?? "", raw[i + 1] ?? "");
  return headers;
}
