/** A batch is closed once nothing more has come for so long, by the timers of the runtime. */
const QUIET_MS = 2;
/** But it is closed after so long, however many still come. */
const LONGEST_MS = 100;
/** Who has heard nothing of the batch for so long goes alone: whoever led it may be gone. */
const PATIENCE_MS = 3_000;

/** Sends items in one call; answers one for each, in their order. */
export type Send<Item, Answer> = (items: readonly Item[]) => Promise<readonly Answer[]>;

type Outcome<Answer> = { readonly answers: readonly Answer[] } | { readonly error: unknown };

interface Batch<Item, Answer> {
  readonly items: Item[];
  weight: number;
  readonly begunAt: number;
  readonly tell: ((outcome: Outcome<Answer>) => void)[];
}

/**
 * What many requests of an isolate want from one object at the same time goes there as one call: group commit, one floor higher. The first
 * of them waits until nothing more comes, sends the items of all, and tells the others; a lone one is two milliseconds later for it.
 *
 * A request may not use what another has opened, so that the others wait for nothing but to be told; each has a timer of its own meanwhile, without
 * which the runtime takes a waiting request for one that hangs. Where the leading request dies, the others go alone after three seconds:
 * an item may therefore arrive twice, and must mean the same then.
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
    const now = Date.now();
    const open = this.#open.get(key);
    if (open !== undefined && now - open.begunAt < PATIENCE_MS && open.weight + weight <= this.#most) {
      open.weight += weight;
      const place = open.items.push(item) - 1;
      const outcome = await told(open);
      return outcome === undefined ? answerAt(await send([item]), 0) : answerOf(outcome, place);
    }
    const batch: Batch<Item, Answer> = { items: [item], weight, begunAt: now, tell: [] };
    this.#open.set(key, batch);
    const work = this.#lead(key, batch, send);
    later(work);
    return answerOf(await work, 0);
  }

  async #lead(key: string, batch: Batch<Item, Answer>, send: Send<Item, Answer>): Promise<Outcome<Answer>> {
    const until = batch.begunAt + LONGEST_MS;
    for (let before = -1; before !== this.#arrived && Date.now() < until;) {
      before = this.#arrived;
      await new Promise<void>((resolve) => setTimeout(resolve, QUIET_MS));
    }
    if (this.#open.get(key) === batch) this.#open.delete(key);
    let outcome: Outcome<Answer>;
    try {
      outcome = { answers: await send(batch.items) };
    } catch (error) {
      outcome = { error };
    }
    for (const tell of batch.tell) tell(outcome);
    return outcome;
  }
}

/** What became of a batch that another leads; undefined where nothing was heard of it. */
async function told<Answer>(batch: Batch<unknown, Answer>): Promise<Outcome<Answer> | undefined> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const outcome = await new Promise<Outcome<Answer> | undefined>((resolve) => {
    timer = setTimeout(resolve, PATIENCE_MS, undefined);
    batch.tell.push(resolve);
  });
  clearTimeout(timer);
  return outcome;
}

function answerOf<Answer>(outcome: Outcome<Answer>, place: number): Answer {
  if ("error" in outcome) throw outcome.error;
  return answerAt(outcome.answers, place);
}

function answerAt<Answer>(answers: readonly Answer[], place: number): Answer {
  if (place >= answers.length) throw new RangeError("an item was not answered");
  return answers[place]!;
}
