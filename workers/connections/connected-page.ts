import type { Outcome } from "./complete-connection";

const TEXTS = {
  connected: ["Connected", "The connection is made. You can close this page and go back to the app."],
  refused: ["Not connected", "Access was not granted, so nothing was connected. You can close this page and start again in the app."],
} as const;

/** The page a person sees after agreeing or refusing, where the app gave no place to go back to. It holds nothing of the person. */
export function connectedPage(kind: Outcome["kind"]): string {
  const [title, text] = TEXTS[kind];
  return `<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>${title} · Meridian</title></head>
<body><main><h1>${title}</h1><p>${text}</p></main></body>
</html>
`;
}

/** Where the app wants the browser to go, with what became of it. */
export function returnUrl(returnTo: string, outcome: Outcome): string {
  const url = new URL(returnTo);
  url.searchParams.set("status", outcome.kind);
  if (outcome.kind === "connected") url.searchParams.set("connection", outcome.connection);
  return url.href;
}
