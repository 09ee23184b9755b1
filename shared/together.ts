import { News } from "./news";

/** A batch is closed once nothing more has come for so long, by the timers of the runtime. */
const QUIET_MS = 2;
/** But it is closed after so long, however many still come. */
const LONGEST_MS = 100;

/** Sends items in one call; answers one for each, in their order. */
export type Send<Item, Answer> = (items: readonly Item[]) => Promise<readonly Answer[]>;

interface Batch<Item, Answer> {
  readonly items: Item[];
  weight: number;
  readonly outcome: News<readonly Answer[]>;
}

/**
 * What many requests of an isolate want from one object at the same time goes there as one call: group commit, one floor higher. The first
 * of them waits until nothing more comes, sends the items of all, and tells the others; a lone one is two milliseconds later for it.
 *
 * Where the leading request dies, the others go alone after three seconds (`News`): an item may therefore arrive twice, and must mean the same then.
 */
export class Together<Item, Answer> {
  readonly #most: number;
  readonly #weigh: (item: Item) => number;
  readonly #open = new Map<string, Batch<Item, Answer>>();
  #arrived = 0;

  /** @param most weight that goes in one call, where it is more than one item's; each weighs 1 unless it is weighed otherwise */
  constructor(most: number, weigh: (item: Item) => number = () => 1) {
    this.#most = most;
    this.#weigh = weigh;
  }

  /**
   * Sends an item with the others of its key; answers what `send` said of it, or throws what `send` threw, for all alike.
   *
   * @param send of the request that asks: the leading one's sends them all
   * @param later keeps the request's work alive when its caller has gone
   */
  async add(key: string, item: Item, send: Send<Item, Answer>, later: (work: Promise<unknown>) => void): Promise<Answer> {
    this.#arrived++;
    const weight = this.#weigh(item);
    const open = this.#open.get(key);
    if (open !== undefined && open.outcome.isAwaited && open.weight + weight <= this.#most) {
      open.weight += weight;
      const place = open.items.push(item) - 1;
      const answers = await open.outcome.heard();
      return answers === undefined ? answerAt(await send([item]), 0) : answerAt(answers, place);
    }
    const batch: Batch<Item, Answer> = { items: [item], weight, outcome: new News() };
    this.#open.set(key, batch);
    return answerAt(await batch.outcome.tell(this.#lead(key, batch, send), later), 0);
  }

  async #lead(key: string, batch: Batch<Item, Answer>, send: Send<Item, Answer>): Promise<readonly Answer[]> {
    const until = Date.now() + LONGEST_MS;
    for (let before = -1; before !== this.#arrived && Date.now() < until;) {
      before = this.#arrived;
      await new Promise<void>((resolve) => setTimeout(resolve, QUIET_MS));
    }
    if (this.#open.get(key) === batch) this.#open.delete(key);
    return await send(batch.items);
  }
}

function answerAt<Answer>(answers: readonly Answer[], place: number): Answer {
  if (place >= answers.length) throw new RangeError("an item was not answered");
  return answers[place]!;
}
