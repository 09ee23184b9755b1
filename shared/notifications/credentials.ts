import * as z from "zod";

const pairSchema = z.strictObject({ publicKey: z.string().length(87), privateKey: z.string().length(43) });

/** Meridian's accounts at those who bring messages to people: the secret NOTIFICATION_CREDENTIALS. A channel without one is not offered. */
const credentialsSchema = z.strictObject({
  /** Web Push: keys by name, of which browsers that register now get the current one. */
  vapid: z
    .strictObject({
      subject: z.string().regex(/^(?:mailto:|https:)/),
      current: z.string(),
      keys: z.record(z.string().regex(/^[A-Za-z0-9-]{1,32}$/), pairSchema),
    })
    .refine(({ current, keys }) => Object.hasOwn(keys, current), "the current key is not there")
    .optional(),
  /** The service account of a Firebase project: `private_key` in PEM. */
  fcm: z.strictObject({ projectId: z.string().min(1), clientEmail: z.string().min(1), privateKey: z.string().min(1) }).optional(),
  /** A key of Apple's push service: the text of its `.p8`; `topic` is the app's bundle id. */
  apns: z
    .strictObject({ teamId: z.string().min(1), keyId: z.string().min(1), key: z.string().min(1), topic: z.string().min(1) })
    .optional(),
  /** An account at an SMS service that speaks Twilio's interface. */
  sms: z.strictObject({ account: z.string().min(1), token: z.string().min(16), from: z.string().min(1) }).optional(),
  /** An account at a mail service with an interface over HTTP; `webhookSecret` proves what it tells of bounces. */
  mail: z.strictObject({ key: z.string().min(1), webhookSecret: z.string().regex(/^whsec_[A-Za-z0-9+/]{22,}={0,2}$/) }).optional(),
});
export type NotificationCredentials = z.infer<typeof credentialsSchema>;
export type Vapid = NonNullable<NotificationCredentials["vapid"]>;
export type FcmAccount = NonNullable<NotificationCredentials["fcm"]>;
export type ApnsAccount = NonNullable<NotificationCredentials["apns"]>;
export type SmsAccount = NonNullable<NotificationCredentials["sms"]>;
export type MailAccount = NonNullable<NotificationCredentials["mail"]>;

/** Where each is reached. */
const HOSTS = {
  fcm: "https://fcm.googleapis.com",
  google: "https://oauth2.googleapis.com",
  apns: "https://api.push.apple.com",
  sms: "https://api.twilio.com",
  mail: "https://api.resend.com",
} as const;
export type ProviderBases = Readonly<Record<keyof typeof HOSTS, string>>;

/** What of the configuration is about notifications. */
export interface NotificationEnv {
  readonly RESIDENCY: string;
  readonly NOTIFICATION_CREDENTIALS?: string;
  /** Stand-ins for hosts, as JSON by their names; they count on a developer's machine alone. */
  readonly NOTIFICATION_BASES?: string;
}

const parsed = new Map<string, NotificationCredentials>();

/** Reads the secret, once per isolate; throws where it is malformed. Without it there is no account anywhere. */
export function notificationCredentials({ NOTIFICATION_CREDENTIALS: secret = "" }: NotificationEnv): NotificationCredentials {
  if (secret === "") return {};
  let found = parsed.get(secret);
  if (found === undefined) {
    found = credentialsSchema.parse(JSON.parse(secret));
    parsed.set(secret, found);
  }
  return found;
}

const basesSchema = z.partialRecord(z.enum(["fcm", "google", "apns", "sms", "mail"]), z.url());

export function providerBases({ RESIDENCY, NOTIFICATION_BASES: text = "" }: NotificationEnv): ProviderBases {
  if (RESIDENCY !== "off" || text === "") return HOSTS;
  return { ...HOSTS, ...basesSchema.parse(JSON.parse(text)) };
}
