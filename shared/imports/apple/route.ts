import { XmlScanner } from "../xml/scanner";
import type { Tag } from "../xml/tag";
import { Vocabulary } from "../xml/vocabulary";
import { parseDecimal } from "./decimal";
import { InstantReader } from "./instant";
import type { RoutePoint } from "./workout";

const ELEMENTS = new Vocabulary(["trkpt", "ele", "time"]);
const ATTRIBUTES = new Vocabulary(["lat", "lon"]);
const POINT = 0;
const ELEVATION = 1;
const TIME = 2;
const LAT = 0;
const LON = 1;
/** A day and a half at one point a second. */
const MOST_POINTS = 130_000;

/** Reads the track points of a GPX file, chunk by chunk. Points without a position or an instant are left out. */
export class RouteParser {
  readonly points: RoutePoint[] = [];
  readonly #scanner: XmlScanner;
  readonly #instant = new InstantReader();
  #inside = -1;
  #lat = Number.NaN;
  #lon = Number.NaN;
  #altitude = Number.NaN;
  #at = Number.NaN;

  constructor() {
    this.#scanner = new XmlScanner(ELEMENTS, ATTRIBUTES, {
      open: (tag) => this.#open(tag),
      close: (element) => this.#close(element),
      text: (bytes, start, end) => this.#text(bytes, start, end),
    });
  }

  push(chunk: Uint8Array): void {
    this.#scanner.push(chunk);
  }

  #open(tag: Tag): void {
    this.#inside = tag.selfClosing ? -1 : tag.element;
    if (tag.element !== POINT) return;
    this.#lat = tag.has(LAT) ? parseDecimal(tag.bytes, tag.start(LAT), tag.end(LAT)) : Number.NaN;
    this.#lon = tag.has(LON) ? parseDecimal(tag.bytes, tag.start(LON), tag.end(LON)) : Number.NaN;
    this.#altitude = Number.NaN;
    this.#at = Number.NaN;
  }

  #close(element: number): void {
    this.#inside = -1;
    if (element !== POINT || this.points.length >= MOST_POINTS) return;
    const isPlace = Math.abs(this.#lat) <= 90 && Math.abs(this.#lon) <= 180;
    if (!isPlace || Number.isNaN(this.#at)) return;
    this.points.push(Number.isNaN(this.#altitude) ? [this.#at, this.#lat, this.#lon] : [this.#at, this.#lat, this.#lon, this.#altitude]);
  }

  #text(bytes: Uint8Array, from: number, to: number): void {
    if (this.#inside !== ELEVATION && this.#inside !== TIME) return;
    let start = from;
    let end = to;
    while (start < end && bytes[start]! <= 0x20) start++;
    while (end > start && bytes[end - 1]! <= 0x20) end--;
    if (this.#inside === ELEVATION) this.#altitude = parseDecimal(bytes, start, end);
    else if (this.#instant.read(bytes, start, end)) this.#at = this.#instant.at;
  }
}
