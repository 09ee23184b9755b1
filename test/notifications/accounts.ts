import { exportJWK, exportPKCS8, generateKeyPair } from "jose";

/** Where tests in the runtime have their providers. */
export const PROVIDERS = "http://127.0.0.1:9";

/** Where Meridian is told to reach stand-ins below an address: `NOTIFICATION_BASES`. */
export function standInBases(base: string): string {
  return JSON.stringify(Object.fromEntries(["fcm", "google", "apns", "sms", "mail"].map((name) => [name, `${base}/${name}`])));
}

/** Accounts at push services, at a mail and at an SMS service, as Meridian has them: `NOTIFICATION_CREDENTIALS`. */
export async function standInCredentials(): Promise<Record<string, unknown>> {
  const pem = async (algorithm: "RS256" | "ES256") =>
    await exportPKCS8((await generateKeyPair(algorithm, { extractable: true })).privateKey);
  return {
    vapid: { subject: "mailto:ops@meridian.example", current: "1", keys: { "1": await pointPair() } },
    fcm: { projectId: "meridian-test", clientEmail: "push@meridian-test.example", privateKey: await pem("RS256") },
    apns: { teamId: "TEAM123456", keyId: "KEY1234567", key: await pem("ES256"), topic: "example.meridian" },
    sms: { account: "AC00000000000000000000000000000000", token: "a token of the account, secret", from: "+15005550006" },
    mail: { key: "re_local_0123456789", webhookSecret: `whsec_${btoa("a secret that both sides have")}` },
  };
}

async function pointPair(): Promise<{ publicKey: string; privateKey: string }> {
  const { x = "", y = "", d = "" } = await exportJWK((await generateKeyPair("ES256", { extractable: true })).privateKey);
  const point = Buffer.concat([Buffer.of(4), Buffer.from(x, "base64url"), Buffer.from(y, "base64url")]);
  return { publicKey: point.toString("base64url"), privateKey: d };
}
