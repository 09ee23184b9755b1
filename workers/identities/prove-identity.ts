import type { PersonActor } from "../../shared/context";
import { type Problem, problem } from "../../shared/problem";
import { type FlowRow, type Handoff, isFlowOf, type Purpose, secretsOf, takeFlow } from "./flows";
import { callbackUrl, type IdentityPorts, providerOf } from "./ports";
import { PROVIDER_IDS, type ProviderId } from "./providers";
import { answerSchema } from "./receive-callback";
import { type ProviderProof, redeemCode } from "./redeem-code";

/** Who somebody has proven to be at a provider. */
export interface Proven extends ProviderProof {
  readonly provider: ProviderId;
  /** When the flow began, in epoch milliseconds. */
  readonly begunAt: number;
}

/**
 * Trades a handoff for what the provider says of the person. It is used up first, whatever comes of it. With an actor, the flow must have
 * been begun by this person in this session.
 *
 * Problems: `gone` for a handoff that is none, used, late, or another client's, person's or session's, in the same words; those of
 * `redeemCode`.
 */
export async function proveIdentity(ports: IdentityPorts, purpose: Purpose, handoff: Handoff, actor?: PersonActor): Promise<Proven> {
  const taken = await takeFlow(ports, purpose, handoff);
  if (taken === undefined || (actor !== undefined && !isFlowOf(taken.row, actor))) throw over();
  const provider = providerIn(taken.row);
  const { state, code, iss, name } = answerSchema.parse(JSON.parse(taken.answer));
  const secrets = await secretsOf(ports.directory.keys, taken.row.key_version, state);
  if (provider === undefined || secrets === undefined) throw over();
  const answer = { state, code, iss, ...secrets, redirectUri: callbackUrl(ports, provider) };
  const proof = await redeemCode(providerOf(ports, provider), answer, ports.now());
  return { ...proof, name: proof.name ?? name, provider, begunAt: taken.row.begun_at };
}

function providerIn(row: FlowRow): ProviderId | undefined {
  return PROVIDER_IDS.find((id) => id === row.provider);
}

function over(): Problem {
  return problem("gone", "This handoff is not valid any more. Begin again.");
}
