import type { AppContext } from "../../shared/http/app-env";
import { type ImportId, type PersonId } from "../../shared/id";
import { type CredentialPorts, credentialPorts } from "../credentials";
import { importerOf } from "../regional";
import { movePorts, type MovePorts } from "./ports";

/** What asking for a move needs from outside. */
export interface RequestPorts extends CredentialPorts {
  readonly moving: MovePorts;
  /** Whether an import waits for its file or reads it. */
  isImporting(person: PersonId, id: ImportId): Promise<boolean>;
}

export function requestPorts(c: AppContext): RequestPorts {
  return {
    ...credentialPorts(c),
    moving: movePorts(c.env, c.get("now")),
    async isImporting(person, id) {
      const { state } = await importerOf(c.env, id).status(person);
      return state === "waiting" || state === "running";
    },
  };
}
