import { bearerToken } from "../../shared/http/authenticate";
import type { AppContext } from "../../shared/http/app-env";
import { problem } from "../../shared/problem";
import { STEP_UP_MS } from "./lifetimes";

/** Whether the caller has proven who they are, with every factor they have, within the last five minutes. */
export async function isFresh(c: AppContext): Promise<boolean> {
  const { authTime } = await bearerToken(c);
  return authTime * 1000 > c.get("now")() - STEP_UP_MS;
}

/** As `isFresh`, with two factors at the least: what people need who answer for others. */
export async function isWellProven(c: AppContext): Promise<boolean> {
  const { acr } = await bearerToken(c);
  return acr === "aal2" && (await isFresh(c));
}

/**
 * Lets only those go on who have just proven who they are; problem `step_up_required` for the rest, to whom `POST
 * /v1/sessions/step-up` is open. Whether the session has ended is the guard's to say, in the batch that follows.
 */
export async function requireStepUp(c: AppContext): Promise<void> {
  if (!(await isFresh(c))) throw problem("step_up_required", "Prove who you are with POST /v1/sessions/step-up, and repeat the call.");
}
