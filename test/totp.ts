import { fromBase32, stepAt, totpCode } from "../shared/crypto/totp.ts";

/**
 * Sends the code of the step before, so that the present one is left, and answers what came of it. Where that step ended on the way,
 * its code was two steps old and refused (422): then once more, with the code that has become the earlier one.
 */
export async function withEarlierCode<Answer extends { readonly status: number }>(
  secret: string,
  send: (code: string) => Promise<Answer>,
): Promise<Answer> {
  for (;;) {
    const step = stepAt(Date.now());
    const answer = await send(await totpCode(fromBase32(secret) ?? new Uint8Array(), step - 1));
    if (answer.status !== 422 || stepAt(Date.now()) === step) return answer;
  }
}
