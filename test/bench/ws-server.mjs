// The room in its smallest form on Node: every message goes to every watcher. Prints its port.
import { WebSocketServer } from "ws";

const server = new WebSocketServer({ port: 0, host: "127.0.0.1", perMessageDeflate: false });
const watchers = new Set();
server.on("connection", (socket, request) => {
  if (new URL(request.url, "http://x").searchParams.get("role") === "watcher") {
    watchers.add(socket);
    socket.on("close", () => watchers.delete(socket));
  }
  socket.on("error", () => socket.terminate());
  socket.on("message", (data, isBinary) => {
    for (const watcher of watchers) watcher.send(data, { binary: isBinary });
  });
});
server.on("listening", () => console.log(server.address().port));
