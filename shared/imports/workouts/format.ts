import type { Outlet } from "./outlet";

/** A file while it is read: what it holds goes to an outlet. */
export interface FileReading {
  push(chunk: Uint8Array): void;
  /** The file has ended. Throws a Problem `file_unreadable` where it was none of its format. */
  finish(): void;
}

/** One file that is about to be read. */
export interface WorkoutFile {
  /** Reads the whole file once before, where its end decides how its beginning is to be understood. */
  readonly survey: { push(chunk: Uint8Array): void; end(): void } | undefined;
  /** Begins the reading proper. */
  read(outlet: Outlet): FileReading;
}

/** A format of workout files. */
export interface WorkoutFormat {
  readonly name: "fit" | "tcx" | "gpx";
  /** What people call such a file. */
  readonly title: string;
  /** Whether a file that begins like this is of the format. */
  looksLike(head: Uint8Array): boolean;
  open(): WorkoutFile;
}

/** What is said of a file that is of none of some formats. */
export function noWorkouts(formats: readonly WorkoutFormat[]): string {
  return `The file is no ${formats.map(({ title }) => title).join(", ")}.`;
}
