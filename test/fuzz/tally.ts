import type { Operation } from "../refusals/document";

/** Counts what was sent and answered. */
export class Tally {
  readonly #statuses = new Map<string, Map<number, number>>();
  readonly #turns = new Map<string, number>();
  total = 0;

  count(operation: Operation | undefined, status: number): void {
    this.total++;
    const name = operation?.operationId ?? "none";
    const statuses = this.#statuses.get(name) ?? new Map<number, number>();
    statuses.set(status, (statuses.get(status) ?? 0) + 1);
    this.#statuses.set(name, statuses);
  }

  /** True for every other request of an operation, beginning with the first. */
  turn({ operationId }: Operation): boolean {
    const n = this.#turns.get(operationId) ?? 0;
    this.#turns.set(operationId, n + 1);
    return n % 2 === 0;
  }

  /** How often an operation was met. */
  met({ operationId }: Operation): number {
    return [...(this.#statuses.get(operationId)?.values() ?? [])].reduce((sum, n) => sum + n, 0);
  }

  /** Whether it ever succeeded; a switch to a socket and a redirect are successes. */
  succeeded({ operationId }: Operation): boolean {
    return [...(this.#statuses.get(operationId)?.keys() ?? [])].some((status) => status < 400 && status !== 304);
  }

  /** All statuses, most frequent first: `200×5031 422×3004 …`. */
  get statuses(): string {
    const sums = new Map<number, number>();
    for (const statuses of this.#statuses.values()) for (const [status, n] of statuses) sums.set(status, (sums.get(status) ?? 0) + n);
    return this.#line(sums);
  }

  /** The statuses of one operation. */
  of({ operationId }: Operation): string {
    return this.#line(this.#statuses.get(operationId) ?? new Map());
  }

  #line(statuses: ReadonlyMap<number, number>): string {
    return [...statuses]
      .toSorted(([, a], [, b]) => b - a)
      .map(([status, n]) => `${status}×${n}`)
      .join(" ");
  }
}
