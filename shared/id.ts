import { isRegion, type Region } from "./region";

/**
 * Ids say their kind and region: `per_eu_01k…` is kind, region and a lower-case ULID (48 bits of milliseconds, 80 random
 * bits). They sort by time within a kind and region, and carry no meaning about the person.
 */
export const ID_KINDS = {
  person: "per",
  session: "ses",
  connection: "con",
  import: "imp",
  job: "job",
  target: "tgt",
  ticket: "tkt",
  passkey: "psk",
  apiKey: "key",
  consent: "cns",
  organisation: "org",
  client: "cli",
  identity: "idn",
  export: "exp",
  emergencyAccess: "emg",
  programme: "prg",
  researchExport: "rex",
  erasure: "ers",
  move: "mov",
  labReport: "lbr",
  labResult: "lab",
  webhook: "whk",
  webhookSecret: "whs",
  event: "evt",
  notice: "ntc",
  notification: "nfn",
  notificationSend: "nsd",
  notificationAddress: "nad",
  vendorCredential: "vcr",
  app: "app",
  group: "grp",
  bulkExport: "blk",
  socialGroup: "sgr",
  invitation: "inv",
  post: "pst",
  comment: "cmt",
  report: "rpt",
  board: "brd",
  room: "rom",
  attachment: "att",
  reward: "rwd",
  achievement: "ach",
  voucher: "vch",
  transfer: "trf",
  challenge: "chl",
  team: "tem",
  appeal: "apl",
  streamTarget: "stg",
} as const;
export type IdKind = keyof typeof ID_KINDS;

declare const kindOfId: unique symbol;
export type Id<K extends IdKind> = string & { readonly [kindOfId]: K };
export type PersonId = Id<"person">;
export type SessionId = Id<"session">;
export type ConnectionId = Id<"connection">;
export type ImportId = Id<"import">;
export type TargetId = Id<"target">;
export type ConsentId = Id<"consent">;
export type OrganisationId = Id<"organisation">;
export type ClientId = Id<"client">;
export type ExportId = Id<"export">;
export type EmergencyAccessId = Id<"emergencyAccess">;
export type ProgrammeId = Id<"programme">;
export type ResearchExportId = Id<"researchExport">;
export type ErasureId = Id<"erasure">;
export type LabReportId = Id<"labReport">;
export type LabResultId = Id<"labResult">;
export type WebhookId = Id<"webhook">;
export type EventId = Id<"event">;
export type AppId = Id<"app">;
export type GroupId = Id<"group">;
export type BulkExportId = Id<"bulkExport">;
export type SocialGroupId = Id<"socialGroup">;
export type InvitationId = Id<"invitation">;
export type PostId = Id<"post">;
export type CommentId = Id<"comment">;
export type ReportId = Id<"report">;
export type BoardId = Id<"board">;
export type RoomId = Id<"room">;
export type AttachmentId = Id<"attachment">;
export type RewardId = Id<"reward">;
export type VoucherId = Id<"voucher">;
export type TransferId = Id<"transfer">;
export type ChallengeId = Id<"challenge">;
export type TeamId = Id<"team">;
export type AppealId = Id<"appeal">;
export type VendorCredentialId = Id<"vendorCredential">;

const ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz";
const ULID = /^[0-7][0-9a-hjkmnp-tv-z]{25}$/;

/** Fills an array with random bytes; `crypto.getRandomValues` in production, a seeded source in tests. */
export type RandomBytes = (bytes: Uint8Array<ArrayBuffer>) => Uint8Array<ArrayBuffer>;

/** The system's random source. */
export const systemRandom: RandomBytes = (bytes) => crypto.getRandomValues(bytes);

/** A ULID in lower-case Crockford base 32. `now` is epoch milliseconds below 2^48. */
export function ulid(now: number, random: RandomBytes = systemRandom): string {
  return ulidOf(now, random(new Uint8Array(16)), 0);
}

/** A ULID of a time and the sixteen random bytes from a place on. */
export function ulidOf(now: number, bytes: Uint8Array, from: number): string {
  let noise = "";
  for (let i = from; i < from + 16; i++) noise += ALPHABET[(bytes[i] ?? 0) & 31];
  return timePart(now) + noise;
}

let lastTime = Number.NaN;
let lastPart = "";

/** The ten digits of a millisecond; ids of one millisecond share them. */
function timePart(now: number): string {
  if (now === lastTime) return lastPart;
  let part = "";
  let rest = now;
  for (let i = 0; i < 10; i++) {
    part = ALPHABET[rest % 32] + part;
    rest = Math.floor(rest / 32);
  }
  lastTime = now;
  lastPart = part;
  return part;
}

/** Mints an id of a kind in a region. */
export function newId<K extends IdKind>(kind: K, region: Region, now: number, random?: RandomBytes): Id<K> {
  return `${ID_KINDS[kind]}_${region}_${ulid(now, random)}` as Id<K>;
}

/** The id as the given kind, or undefined where the text is not one. */
export function parseId<K extends IdKind>(kind: K, text: string): Id<K> | undefined {
  const [prefix, region, rest, extra] = text.split("_");
  const fits = extra === undefined && prefix === ID_KINDS[kind] && isRegion(region) && rest !== undefined && ULID.test(rest);
  return fits ? (text as Id<K>) : undefined;
}

/** The region an id was minted in. Pure; throws a TypeError for text that is no id. */
export function regionOf(id: string): Region {
  const region = id.charAt(3) === "_" && id.charAt(6) === "_" ? id.slice(4, 6) : undefined;
  if (!isRegion(region)) throw new TypeError("not an id with a region");
  return region;
}
