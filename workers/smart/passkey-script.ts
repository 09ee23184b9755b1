/**
 * What signs in with a passkey on the page of apps, in the browser. Where it does not run, or the browser knows no passkeys, its form stays hidden
 * and the password is there. Bytes travel in base 64 for URLs (WebAuthn Level 3 §5.1). Written without what older browsers lack.
 */
export const PASSKEY_SCRIPT = `(() => {
  const form = document.getElementById("passkey-form");
  const fault = document.getElementById("passkey-fault");
  if (!form || !fault || !window.PublicKeyCredential || !navigator.credentials) return;
  const bytes = (text) => Uint8Array.from(atob(text.replace(/-/g, "+").replace(/_/g, "/")), (char) => char.charCodeAt(0));
  const text = (buffer) =>
    btoa(String.fromCharCode(...new Uint8Array(buffer))).replace(/\\+/g, "-").replace(/\\//g, "_").replace(/=+$/, "");
  form.hidden = false;
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    fault.hidden = true;
    try {
      const asked = await fetch("/v1/sessions/passkeys/challenges", { method: "POST" });
      const { challenge, rpId, timeout, userVerification } = await asked.json();
      const found = await navigator.credentials.get({ publicKey: { challenge: bytes(challenge), rpId, timeout, userVerification } });
      const { clientDataJSON, authenticatorData, signature, userHandle } = found.response;
      form.elements.namedItem("passkey").value = JSON.stringify({
        id: found.id,
        rawId: text(found.rawId),
        type: found.type,
        response: {
          clientDataJSON: text(clientDataJSON),
          authenticatorData: text(authenticatorData),
          signature: text(signature),
          userHandle: text(userHandle),
        },
      });
      form.submit();
    } catch {
      fault.hidden = false;
    }
  });
})();`;
