import type { FeedAward } from "../../durable-objects/vault/achievements/achievements";
import { type Definition, definitionOf, unitOf } from "../../shared/achievements/definitions";
import type { Clock } from "../../shared/clock";
import type { PersonId } from "../../shared/id";
import { type CardFacts, postToFeed, socialContext, takeOutOfFeed } from "../social";
import { vaultOf } from "../regional";

/**
 * Writes posts of what a person has earned into their feed, where they have chosen that such things are posted, and takes out those of awards that
 * were taken back. Repeated, it changes nothing. What is noted meanwhile in the vault decides: a post that comes too late is taken out again.
 */
export async function postAwards(env: Env, now: Clock, person: PersonId): Promise<void> {
  const vault = vaultOf(env, person);
  const context = socialContext(env, now);
  for (let awards = await vault.awardsForFeed(); awards.length > 0; awards = await vault.awardsForFeed()) {
    for (const award of awards) {
      const fact = factOf(award);
      if (fact === undefined) {
        await vault.awardFed(award);
        continue;
      }
      if (award.feed === "post") await postToFeed(context, person, fact);
      else await takeOutOfFeed(context, person, fact);
      if (!(await vault.awardFed(award)) && award.feed === "post") await takeOutOfFeed(context, person, fact);
    }
  }
}

function factOf({ achievement, key }: FeedAward) {
  const definition = definitionOf(achievement);
  if (definition === undefined) return undefined;
  const isRow = definition.rule.kind === "streak" || definition.rule.kind === "weekends";
  return { kind: isRow ? ("streak" as const) : ("achievement" as const), key: `${achievement} ${key}`, card: cardOf(definition, key) };
}

/** What was earned, by the catalogue: the step and no reading. */
function cardOf(definition: Definition, key: string): CardFacts {
  const [kind, at] = key.split(":");
  const unit = unitOf(definition).replaceAll(/[{}]/g, "").slice(0, 20);
  const step =
    kind === "step" && definition.steps.length > 1 ? [{ label: "reached", value: Number(at), ...(unit !== "" && { unit }) }] : [];
  return { title: definition.title, facts: step };
}
