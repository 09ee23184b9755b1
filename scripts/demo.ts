/** The person whom `npm start` loads; known to everybody, so it exists on local machines alone. */
export const DEMO = {
  email: "demo@meridian.test",
  password: "correct-horse-battery-staple",
  name: "Demo Person",
  region: "eu",
  timeZone: "Europe/Berlin",
} as const;

/** Registers the demo person over HTTP. Does nothing where they exist already. */
export async function loadDemo(origin: string, _now: number): Promise<void> {
  const response = await fetch(`${origin}/v1/accounts`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(DEMO),
  });
  if (response.status !== 201 && response.status !== 409)
    throw new Error(`The demo person could not be registered: ${response.status} ${await response.text()}`);
}
