import * as z from "zod";
import { parseId, type SessionId } from "../shared/id";

/** The session that an access token names. */
export function sessionOf({ accessToken }: { readonly accessToken: string }): SessionId {
  const payload = (accessToken.split(".")[1] ?? "").replaceAll("-", "+").replaceAll("_", "/");
  const session = parseId("session", z.object({ sid: z.string() }).parse(JSON.parse(atob(payload))).sid);
  if (session === undefined) throw new TypeError("the token names no session");
  return session;
}
