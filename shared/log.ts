/**
 * One wide structured event per request, queue batch or alarm. Fields are route patterns, counts, times and kinds: never ids of
 * people, bodies, query strings, or text of database drivers.
 */
export interface LogEvent {
  readonly event: string;
  readonly [field: string]: string | number | boolean | undefined;
}

export type Log = (event: LogEvent) => void;

/** Writes the event as one JSON line. */
export const consoleLog: Log = (event) => {
  console.log(JSON.stringify(event));
};
