import type { Source } from "../../health/reading";
import { workoutType } from "../../health/workout-types";
import { problem } from "../../problem";
import { parseDecimal } from "../apple/decimal";
import type { FileReading } from "../workouts/format";
import { IsoInstant } from "../workouts/iso-instant";
import type { Outlet } from "../workouts/outlet";
import { idAt, TrackBook, TrackPoint, warnOfPoints } from "../workouts/track";
import { XmlScanner } from "../xml/scanner";
import type { Tag } from "../xml/tag";
import { decodeText } from "../xml/text";
import { idsOf, LocalVocabulary, Vocabulary } from "../xml/vocabulary";

export const GPX_VENDOR = "gpx_file";

/** GPX 1.0 and 1.1, with the extensions of Garmin, Cluetrust, Strava and others for what a point measures. */
const NAMES = [
  "gpx",
  "trk",
  "trkseg",
  "trkpt",
  "wpt",
  "rte",
  "name",
  "type",
  "ele",
  "time",
  "speed",
  "hr",
  "heartrate",
  "cad",
  "cadence",
  "atemp",
  "temp",
  "wtemp",
  "depth",
  "power",
  "PowerInWatts",
] as const;
const ELEMENTS = new LocalVocabulary(NAMES);
const E = idsOf(NAMES);
const ATTRIBUTES = new Vocabulary(["lat", "lon", "creator"]);
const LAT = 0;
const LON = 1;
const CREATOR = 2;
const LONGEST_NAME = 200;

/** Reads a GPX file: every track with instants becomes a workout. Way points and routes to follow are counted and left out. */
export class GpxReading implements FileReading {
  readonly #outlet: Outlet;
  readonly #scanner: XmlScanner;
  readonly #instant = new IsoInstant();
  readonly #point = new TrackPoint();
  #source = 0;
  #isGpx = false;
  #isClosed = false;
  /** The element whose text comes next, or -1. */
  #inside = -1;
  #inPoint = false;
  /** Inside a way point or a route, nothing is read. */
  #passing = -1;
  #name = "";
  #type = "";
  #inTrack = false;
  #book: TrackBook | undefined;

  constructor(outlet: Outlet) {
    this.#outlet = outlet;
    this.#scanner = new XmlScanner(ELEMENTS, ATTRIBUTES, {
      open: (tag) => this.#open(tag),
      close: (element) => this.#close(element),
      text: (bytes, start, end) => this.#text(bytes, start, end),
    });
  }

  push(chunk: Uint8Array): void {
    this.#scanner.push(chunk);
  }

  finish(): void {
    this.#scanner.end();
    if (!this.#isGpx) throw problem("file_unreadable", "The file is no GPX file.");
    this.#outlet.unit();
    if (this.#inTrack) this.#closeTrack();
    if (this.#scanner.malformed > 0) this.#outlet.warn("malformed_element", "Broken elements were left out.", this.#scanner.malformed);
    if (!this.#isClosed) this.#outlet.warn("truncated", "The file ends too early; everything complete before its end was read.");
    if (this.#outlet.yielded === 0) this.#outlet.warn("nothing_to_import", "The file holds no track.");
  }

  #open(tag: Tag): void {
    const { element } = tag;
    this.#inside = tag.selfClosing ? -1 : element;
    if (element < 0 || this.#passing >= 0) return;
    if (element === E.trkpt) {
      this.#point.clear();
      this.#point.lat = numberIn(tag, LAT);
      this.#point.lon = numberIn(tag, LON);
      this.#inPoint = !tag.selfClosing;
      if (tag.selfClosing) this.#closePoint();
    } else if (element === E.trk) this.#openTrack();
    else if (element === E.trkseg) this.#book?.way.gap();
    else if (element === E.wpt || element === E.rte) {
      if (tag.selfClosing) this.#pass(element);
      else this.#passing = element;
    } else if (element === E.gpx && !this.#isGpx) {
      this.#isGpx = true;
      this.#source = this.#outlet.builder.source(sourceOf(tag.text(CREATOR)));
    }
  }

  #close(element: number): void {
    this.#inside = -1;
    if (element < 0) return;
    if (this.#passing >= 0) {
      if (element === this.#passing) this.#pass(element);
    } else if (element === E.trkpt) this.#closePoint();
    else if (element === E.trk) {
      this.#outlet.unit();
      this.#closeTrack();
    } else if (element === E.gpx) this.#isClosed = true;
  }

  #text(bytes: Uint8Array, from: number, to: number): void {
    const inside = this.#inside;
    if (inside < 0 || this.#passing >= 0) return;
    let start = from;
    let end = to;
    while (start < end && bytes[start]! <= 0x20) start++;
    while (end > start && bytes[end - 1]! <= 0x20) end--;
    if (start === end) return;
    const point = this.#point;
    if (this.#inPoint) {
      switch (inside) {
        case E.time:
          if (this.#instant.read(bytes, start, end)) {
            point.at = this.#instant.at;
            point.zone = this.#instant.zone;
          }
          return;
        case E.ele:
          point.altitudeM = parseDecimal(bytes, start, end);
          return;
        case E.hr:
        case E.heartrate:
          point.rate = parseDecimal(bytes, start, end);
          return;
        case E.cad:
        case E.cadence:
          point.cadence = parseDecimal(bytes, start, end);
          return;
        case E.speed:
          point.speed = parseDecimal(bytes, start, end);
          return;
        case E.power:
        case E.PowerInWatts:
          point.powerW = parseDecimal(bytes, start, end);
          return;
        case E.atemp:
        case E.temp:
          point.temperatureCel = parseDecimal(bytes, start, end);
          return;
        case E.wtemp:
          point.waterCel = parseDecimal(bytes, start, end);
          return;
        case E.depth:
          point.depthM = parseDecimal(bytes, start, end);
          return;
      }
      return;
    }
    if (!this.#inTrack) return;
    if (inside === E.name) this.#name = decodeText(bytes, start, end).slice(0, LONGEST_NAME);
    else if (inside === E.type) this.#type = decodeText(bytes, start, end).slice(0, LONGEST_NAME);
  }

  #openTrack(): void {
    if (this.#inTrack) this.#closeTrack();
    this.#inTrack = true;
    this.#name = "";
    this.#type = "";
    this.#book = undefined;
  }

  #closePoint(): void {
    this.#outlet.unit();
    this.#inPoint = false;
    if (!this.#inTrack) return;
    // The type of a track stands before its points.
    this.#book ??= new TrackBook(this.#outlet, this.#source, workoutType("generic", this.#type).type, "trkpt");
    this.#book.add(this.#point);
  }

  #closeTrack(): void {
    this.#inTrack = false;
    const book = this.#book;
    this.#book = undefined;
    if (book !== undefined) warnOfPoints(book, this.#outlet);
    if (book === undefined || Number.isNaN(book.first)) {
      return this.#outlet.reject("trk", "track_without_time", "Tracks without times are no record of a workout and were left out.");
    }
    const { vendorName } = workoutType("generic", this.#type);
    const attributes = { ...(this.#name !== "" && { title: this.#name }), ...book.attributes };
    this.#outlet.workout("trk", {
      source: this.#source,
      start: book.first,
      end: book.last,
      zone: book.zone,
      type: book.type,
      ...(vendorName !== undefined && vendorName !== "" && { vendorType: vendorName }),
      totals: book.totals,
      ...(book.way.points.length > 0 && { route: book.way.ordered }),
      ...(Object.keys(attributes).length > 0 && { attributes }),
      id: idAt(book.first),
      // A recording that was cut off gives way to the whole one, which ends later.
      version: book.last,
    });
  }

  #pass(element: number): void {
    this.#passing = -1;
    this.#outlet.unit();
    if (element === E.wpt) this.#outlet.reject("wpt", "way_point", "Way points are places, not workouts, and were left out.");
    else this.#outlet.reject("rte", "route_to_follow", "Routes to follow are no workouts that were done, and were left out.");
  }
}

function sourceOf(creator: string | undefined): Source {
  const app = creator?.trim().slice(0, LONGEST_NAME);
  return { vendor: GPX_VENDOR, ...(app !== undefined && app !== "" && { app }) };
}

function numberIn(tag: Tag, attribute: number): number {
  return tag.has(attribute) ? parseDecimal(tag.bytes, tag.start(attribute), tag.end(attribute)) : Number.NaN;
}
