import type { PersonActor } from "../../shared/context";
import type { Receipt } from "../../shared/health/reading";
import type { Platform } from "../../shared/ingest/push";
import { type PushHeaders, readPushBody } from "./ingest-body";

/** What a vault answers to a push: its receipt, and the cursor the client may now keep. */
export type PushReceipt = Receipt & { readonly cursor: string | null };

/** The part of a person's vault that a push needs. Bytes cross, not objects: one buffer is cheaper than thousands of records. */
export interface PushVault {
  ingest(actor: PersonActor, platform: Platform, body: ArrayBuffer): Promise<PushReceipt>;
}

export interface IngestPush {
  readonly actor: PersonActor;
  readonly platform: Platform;
  readonly headers: PushHeaders;
  readonly body: ArrayBuffer;
}

/** The receipt as clients see it. */
export type PushReply = Pick<PushReceipt, "accepted" | "duplicate" | "updated" | "deleted" | "quarantined" | "rejected" | "cursor">;

/**
 * Hands a phone's push to the person's vault, where it is parsed, mapped and stored in one transaction. The receipt counts every
 * reading once, and its cursor means that everything before it is stored, also where nothing was new.
 *
 * Throws what `readPushBody` and `parsePush` throw, and what the vault throws for the actor.
 */
export async function ingestPush(vault: PushVault, input: IngestPush): Promise<PushReply> {
  const body = await readPushBody(input.headers, input.body);
  const { accepted, duplicate, updated, deleted, quarantined, rejected, cursor } = await vault.ingest(input.actor, input.platform, body);
  return { accepted, duplicate, updated, deleted, quarantined, rejected, cursor };
}
