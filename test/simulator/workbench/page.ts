/** The page from which a newcomer connects vendors in a browser and sees data arrive. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { Reply } from "../server/http.ts";

/** Whom the page acts for: the demo person of a Meridian on this machine. */
export interface Workbench {
  /** Its origin. */
  readonly meridian: string;
  readonly email: string;
  readonly password: string;
}

const FILE = join(import.meta.dirname, "workbench.html");

/** The page, for one Meridian. */
export function workbenchPage(workbench: Workbench): Reply {
  const { origin, host } = new URL(workbench.meridian);
  // Inside a script element a text ends nothing but by its end tag.
  const settings = JSON.stringify(workbench).replaceAll("<", "\\u003c");
  return {
    status: 200,
    headers: {
      "content-type": "text/html; charset=utf-8",
      "cache-control": "no-store",
      "content-security-policy": `default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; connect-src 'self' ${origin} ws://${host} wss://${host}; base-uri 'none'; form-action 'none'`,
    },
    body: readFileSync(FILE, "utf8").replace("{{settings}}", () => settings),
  };
}
