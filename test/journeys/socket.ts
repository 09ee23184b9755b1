/**
 * Opens a WebSocket with request headers, as native apps do. Node's own WebSocket takes them; the types in scope are those of the
 * Worker's runtime, which do not say so.
 */
export function openSocket(url: string, headers: Readonly<Record<string, string>>): WebSocket {
  const socket: WebSocket = Reflect.construct(WebSocket, [url.replace(/^http/, "ws"), { headers }]);
  return socket;
}

/** The messages of a socket in order, until it closes or is being closed. */
export async function* messagesOf(socket: WebSocket): AsyncGenerator<unknown, void> {
  const waiting: string[] = [];
  let wake = (): void => undefined;
  let isOpen = true;
  socket.addEventListener("message", ({ data }) => {
    waiting.push(String(data));
    wake();
  });
  const end = (): void => {
    isOpen = false;
    wake();
  };
  socket.addEventListener("close", end);
  socket.addEventListener("error", end);
  for (;;) {
    const text = waiting.shift();
    if (text !== undefined) yield JSON.parse(text);
    else if (!isOpen || socket.readyState >= WebSocket.CLOSING) return;
    else await new Promise<void>((resolve) => (wake = resolve));
  }
}
