import { problem } from "../../problem";
import type { ByteSource } from "../byte-source";
import type { ZipEntry, ZipListing } from "../zip/entry";
import { openEntry, type ZipLimits } from "../zip/open";
import { XmlScanner } from "../xml/scanner";
import { ATTRIBUTES, E, ELEMENTS } from "./vocabulary";

/** The parts of an export's archive that are read. */
export interface ExportArchive {
  readonly main: ZipEntry;
  /** Other files whose root is `HealthData`; normally none. */
  readonly extra: number;
  /** `folder/file.gpx` in lower case → entry. */
  readonly routes: ReadonlyMap<string, ZipEntry>;
  readonly electrocardiograms: readonly ZipEntry[];
}

const GIGABYTE = 1024 ** 3;
const MEGABYTE = 1024 ** 2;
export const MAIN_LIMITS: ZipLimits = { bytes: 16 * GIGABYTE, ratio: 300, ratioFrom: 64 * MEGABYTE };
export const ROUTE_LIMITS: ZipLimits = { bytes: 256 * MEGABYTE, ratio: 300, ratioFrom: 8 * MEGABYTE };
export const ECG_LIMITS: ZipLimits = { bytes: 8 * MEGABYTE, ratio: 300, ratioFrom: MEGABYTE };
/** Where the root element must have appeared: the DTD before it takes about 10 KB. */
const ROOT_WITHIN = 256 * 1024;
const MOST_CANDIDATES = 20;
const DEEPEST_MAIN = 3;

/** Finds the files of an export in an archive by what they are, because their names are translated. Throws `file_unreadable`. */
export async function findExport(source: ByteSource, listing: ZipListing): Promise<ExportArchive> {
  const entries = listing.entries.filter(({ name }) => !isNoise(name));
  const candidates = entries
    .filter(({ name }) => /\.xml$/i.test(name) && !/_cda\.xml$/i.test(name) && name.split("/").length <= DEEPEST_MAIN)
    .sort((a, b) => b.compressedSize - a.compressedSize)
    .slice(0, MOST_CANDIDATES);
  let main: ZipEntry | undefined;
  let extra = 0;
  for (const entry of candidates) {
    if ((await rootOf(source, entry)) !== E.HealthData) continue;
    if (main === undefined) main = entry;
    else extra++;
  }
  if (main === undefined) throw problem("file_unreadable", "The archive holds no Apple Health export.");
  return {
    main,
    extra,
    routes: new Map(entries.filter(({ name }) => /\.gpx$/i.test(name)).map((entry) => [routeKey(entry.name), entry])),
    electrocardiograms: entries.filter(({ name }) => /\.csv$/i.test(name)),
  };
}

/** The last two steps of a path in lower case: the same for the path in a workout and the name in the archive. */
export function routeKey(path: string): string {
  return path.split("/").slice(-2).join("/").toLowerCase();
}

function isNoise(name: string): boolean {
  return name.endsWith("/") || name.split("/").some((step) => step === "__MACOSX" || step === ".DS_Store" || step.startsWith("._"));
}

/** Id of the root element, -1 for an unknown one, undefined where none appears. */
async function rootOf(source: ByteSource, entry: ZipEntry): Promise<number | undefined> {
  const reader = await openEntry(source, entry, MAIN_LIMITS);
  const root = new RootFinder();
  try {
    for (let read = 0; read < ROOT_WITHIN && root.element === undefined;) {
      const chunk = await reader.read();
      if (chunk === undefined) break;
      root.push(chunk);
      read += chunk.length;
    }
  } catch {
    return root.element;
  } finally {
    await reader.cancel();
  }
  return root.element;
}

/** Finds a document's root element. */
export class RootFinder {
  element: number | undefined;
  readonly #scanner = new XmlScanner(ELEMENTS, ATTRIBUTES, {
    open: (tag) => {
      this.element ??= tag.element;
    },
    close: () => undefined,
  });

  push(chunk: Uint8Array): void {
    this.#scanner.push(chunk);
  }
}
