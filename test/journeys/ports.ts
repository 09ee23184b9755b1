import { once } from "node:events";
import { connect, createServer } from "node:net";
import { until } from "./until.ts";

/** Journeys listen and call on the loopback alone. */
export const HOST = "127.0.0.1";

/** A port that nobody listens on now. */
export async function freePort(): Promise<number> {
  const server = createServer();
  server.listen(0, HOST);
  await once(server, "listening");
  const address = server.address();
  server.close();
  await once(server, "close");
  if (address === null || typeof address === "string") throw new Error("This machine gives out no ports.");
  return address.port;
}

/** Whether somebody answers at a port. */
export async function isServed(port: number): Promise<boolean> {
  return await new Promise((settle) => {
    const socket = connect(port, HOST);
    socket.once("error", () => settle(false));
    socket.once("connect", () => {
      socket.destroy();
      settle(true);
    });
  });
}

/** Resolves once nobody answers at a port any more. */
export async function released(port: number): Promise<void> {
  await until(async () => !(await isServed(port)), 10_000, 10);
}
