import { boardIdOf, nothing, roundNumber } from "../../../shared/challenges/board";
import { isProblem } from "../../../shared/problem";
import { boardDoor } from "../../doors";
import type { Boards } from "./challenges";

/** The boards of challenges, in whichever region they lie: an alias, a score and a time go there, and nothing else. */
export function challengeBoards(env: Env): Boards {
  return {
    async tell({ state, alias: current, terms }, { challenge, opensAt, alias, score, at, version }) {
      const board = boardDoor(env, boardIdOf(challenge));
      try {
        // Whoever has left, or has another alias now, is taken off everywhere; of somebody else nothing counts at the moment.
        if (score === null && (state === "left" || alias !== current)) await board.forget(alias);
        else await board.submit([{ alias, score: score ?? nothing(terms), at, version }], roundNumber(opensAt));
      } catch (error) {
        // A round that was closed takes nothing more, and a challenge that was deleted has no board.
        if (!isProblem(error) || (error.code !== "conflict" && error.code !== "not_found")) throw error;
      }
    },
  };
}
