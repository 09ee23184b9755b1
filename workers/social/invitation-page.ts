import type { OpenInvitation } from "./invitations";

/** The page that an invitation leads to: who invites and into what, and the way into the app. Nothing of it is kept by browsers or sent on. */
export function invitationPage(invitation: OpenInvitation | undefined, code: string): string {
  const title = invitation === undefined ? "No such invitation" : "You are invited";
  const words =
    invitation === undefined
      ? "<p>This invitation has been used, has expired, or was taken back. Ask for a new one.</p>"
      : `<p><strong>${escaped(invitation.from)}</strong> invites you ${
          invitation.group === null
            ? "to be friends on Meridian."
            : `into the group <strong>${escaped(invitation.group.name)}</strong> on Meridian.`
        }</p>
<p><a href="meridian://invite/${encodeURIComponent(code)}">Open in the app</a></p>
<p>Without the app: sign in or register, and accept the invitation there with this code:</p>
<p><code>${escaped(code)}</code></p>`;
  return `<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><meta name="robots" content="noindex"><meta name="referrer" content="no-referrer"><title>${title} · Meridian</title></head>
<body><main><h1>${title}</h1>
${words}
</main></body>
</html>
`;
}

function escaped(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;").replaceAll('"', "&quot;").replaceAll("'", "&#39;");
}
