import type { World } from "./world";

/** What is wrong with the log of a run: a line that is no event, an event that names somebody or says a secret, an error of ours. */
export function logFaults(lines: readonly string[], world: World): string[] {
  const faults = new Map<string, number>();
  const fault = (text: string) => faults.set(text, (faults.get(text) ?? 0) + 1);
  const all = lines.join("\n");
  for (const { id, email, password, accessToken } of world.people) {
    for (const [what, secret] of Object.entries({ id, email, password, accessToken }))
      if (all.includes(secret)) fault(`it says somebody's ${what}`);
  }
  for (const line of lines) {
    // Notes of the runtime itself, as of hosts that it cannot find.
    if (line.includes('"source":"workerd/')) continue;
    const event = eventOf(line);
    if (event === undefined) fault(`no event: ${line.slice(0, 200)}`);
    else if (event["event"] === "error") fault(`an error: ${line.replace(/"request":"[^"]*",?/, "")}`);
  }
  return [...faults].map(([text, n]) => `${text} (${n} times)`);
}

/** The runtime wraps what the product writes; its own notes carry other levels. */
function eventOf(line: string): Record<string, unknown> | undefined {
  const { message } = objectOf(line) ?? {};
  const event = typeof message === "string" ? objectOf(message) : undefined;
  return event !== undefined && "event" in event ? event : undefined;
}

function objectOf(text: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null ? { ...value } : undefined;
  } catch {
    return undefined;
  }
}
