import type * as z from "zod";
import type { Point } from "./point";

/** How one data type of Google becomes canonical: the member of the point that carries it, its shape, and what to do with it. */
export interface Mapper {
  readonly field: string;
  /** Reads the value and puts readings into the point; false where the shape does not fit. */
  readonly apply: (value: unknown, point: Point) => boolean;
}

/**
 * A mapper whose `map` sees the parsed value only. `map` throws a `Rejection` for values that fit the shape but say nothing. `usual` reads by
 * hand what of a dense type looks as usual, to the same as the schema does, and answers undefined for everything else.
 */
export function mapper<S extends z.ZodType>(
  field: string,
  schema: S,
  map: (value: z.output<S>, point: Point) => void,
  usual?: (value: unknown) => z.output<S> | undefined,
): Mapper {
  return {
    field,
    apply(value, point) {
      const read = usual?.(value);
      if (read !== undefined) {
        map(read, point);
        return true;
      }
      const parsed = schema.safeParse(value);
      if (!parsed.success) return false;
      map(parsed.data, point);
      return true;
    },
  };
}
