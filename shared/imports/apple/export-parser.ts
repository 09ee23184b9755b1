import { BatchBuilder } from "../../health/batch";
import { Tally, type TallyState } from "../tally";
import { XmlScanner } from "../xml/scanner";
import type { Tag } from "../xml/tag";
import { addActivitySummary } from "./activity-summary";
import { PRESSURE_CORRELATION, type PressureHalf, PressurePairs } from "./blood-pressure";
import { InstantReader } from "./instant";
import { addMeal, FOOD_CORRELATION } from "./meal";
import { applyBeat, applyMetadata, RecordDraft, RecordReader } from "./record";
import { pressureHalf, RecordMapper } from "./record-mapper";
import { SourceIndex } from "./sources";
import { A, ATTRIBUTES, E, ELEMENTS } from "./vocabulary";
import { type RoutedWorkout, WorkoutReader } from "./workout";

/** What a parser must remember to go on from the middle of a document. Plain data. */
export interface ParserState {
  /** Where the next unread top-level element begins. */
  readonly position: number;
  readonly exportedAt: number;
  readonly tally: TallyState;
  readonly waiting: readonly PressureHalf[];
}

/** Elements of an export nest four deep; anything far deeper is an attack or not an export. */
const DEEPEST = 64;
const MOST_CHILDREN = 200;
/** Top-level elements that are counted and not stored: audiograms have no metric, the others are documents of their own. */
const IGNORED: Readonly<Record<number, string>> = {
  [E.Audiogram]: "Audiogram",
  [E.ClinicalRecord]: "ClinicalRecord",
  [E.VisionPrescription]: "VisionPrescription",
};

interface Correlation {
  readonly origin: RecordDraft;
  readonly type: string;
  readonly children: RecordDraft[];
}

/**
 * Parses and maps `export.xml` chunk by chunk. Readings collect in `builder`; workouts collect in `workouts`, because their routes lie
 * in other files. An element counts only once it is complete, so a document that is cut off gives everything before the cut.
 */
export class ExportParser {
  readonly builder = new BatchBuilder();
  readonly tally: Tally;
  /** True once the root element is known to be `HealthData`; false once it is known to be something else. */
  isExport: boolean | undefined;
  readonly #scanner: XmlScanner;
  readonly #sources = new SourceIndex(this.builder);
  readonly #pressure: PressurePairs;
  readonly #records: RecordReader;
  readonly #mapper: RecordMapper;
  readonly #instant = new InstantReader();
  readonly #stack: number[] = [];
  readonly #draft = new RecordDraft();
  /** The record that metadata belongs to, or undefined outside of records. */
  #record: RecordDraft | undefined;
  #correlation: Correlation | undefined;
  #workout: WorkoutReader | undefined;
  #workouts: RoutedWorkout[] = [];
  #topOffset = 0;
  #exportedAt: number;

  constructor(state?: ParserState) {
    this.tally = new Tally(state?.tally);
    this.#pressure = new PressurePairs(this.builder, this.tally, state?.waiting);
    this.#records = new RecordReader(this.tally);
    this.#mapper = new RecordMapper(this.builder, this.tally, this.#sources, this.#pressure);
    this.#exportedAt = state?.exportedAt ?? 0;
    const position = state?.position ?? 0;
    this.#scanner = new XmlScanner(
      ELEMENTS,
      ATTRIBUTES,
      { open: (tag) => this.#open(tag), close: (element) => this.#close(element) },
      position,
    );
    if (position === 0) return;
    this.isExport = true;
    this.#stack.push(E.HealthData);
  }

  get state(): ParserState {
    return { position: this.#position, exportedAt: this.#exportedAt, tally: this.tally.state, waiting: this.#pressure.waiting };
  }

  /** Whether the closing tag of the root has been read. */
  get isComplete(): boolean {
    return this.isExport === true && this.#stack.length === 0;
  }

  push(chunk: Uint8Array): void {
    this.#scanner.push(chunk);
  }

  /** Ends the document: settles what was waiting, and says what was left out. */
  finish(): void {
    this.#scanner.end();
    this.#pressure.finish();
    if (this.#scanner.malformed > 0) this.tally.warn("malformed_element", "Broken elements were left out.", this.#scanner.malformed);
    if (!this.isComplete) this.tally.warn("truncated", "The file ends too early; everything complete before its end was read.");
  }

  /** Hands over the workouts read since the last call. */
  takeWorkouts(): RoutedWorkout[] {
    const taken = this.#workouts;
    this.#workouts = [];
    return taken;
  }

  /** Where the first element lies that has not been handed on completely. */
  get #position(): number {
    return this.#stack.length > 1 ? this.#topOffset : this.#scanner.position;
  }

  #open(tag: Tag): void {
    const { element } = tag;
    const depth = this.#stack.length;
    if (depth === 0) {
      this.isExport ??= element === E.HealthData;
      if (!tag.selfClosing) this.#stack.push(element);
      return;
    }
    if (this.isExport !== true) return;
    if (depth === 1) {
      this.#topOffset = tag.offset;
      this.#openTop(tag);
    } else this.#openChild(tag, this.#stack[depth - 1]!);
    if (tag.selfClosing) this.#closed(element, depth);
    else if (depth < DEEPEST) this.#stack.push(element);
  }

  #openTop(tag: Tag): void {
    switch (tag.element) {
      case E.Record:
        this.#records.read(tag, this.#draft);
        this.#record = this.#draft;
        return;
      case E.Correlation: {
        const origin = new RecordDraft();
        this.#records.read(tag, origin);
        // A correlation carries no value of its own; only its times can be wrong.
        if (origin.fault === "incomplete" && tag.has(A.startDate)) origin.fault = undefined;
        this.#correlation = { origin, type: tag.text(A.type) ?? "", children: [] };
        return;
      }
      case E.Workout:
        this.#workout = new WorkoutReader(tag, this.#records);
        return;
      case E.ActivitySummary:
        addActivitySummary(tag, this.builder, this.tally, this.#exportedAt);
        return;
      case E.ExportDate:
        if (tag.has(A.value) && this.#instant.read(tag.bytes, tag.start(A.value), tag.end(A.value))) this.#exportedAt = this.#instant.at;
        return;
      case E.Me:
        return;
    }
    const ignored = IGNORED[tag.element];
    if (ignored === undefined) {
      this.tally.warn("unknown_element", "Elements of an unknown kind were left out.");
      return;
    }
    const count = this.tally.type(ignored);
    count.read++;
    this.tally.reject(count, "not_imported", ignored);
  }

  #openChild(tag: Tag, parent: number): void {
    switch (tag.element) {
      case E.MetadataEntry:
        if (this.#record !== undefined) applyMetadata(tag, this.#record);
        else if (this.#workout !== undefined) this.#workout.metadata(tag);
        else if (this.#correlation !== undefined && parent === E.Correlation) applyMetadata(tag, this.#correlation.origin);
        return;
      case E.InstantaneousBeatsPerMinute:
        if (this.#record !== undefined) applyBeat(tag, this.#record);
        return;
      case E.Record:
        this.#record = new RecordDraft();
        this.#records.read(tag, this.#record);
        return;
      case E.WorkoutStatistics:
        this.#workout?.statistics(tag);
        return;
      case E.WorkoutEvent:
        this.#workout?.event(tag);
        return;
      case E.WorkoutActivity:
        this.#workout?.openSegment(tag);
        return;
      case E.FileReference:
        this.#workout?.route(tag);
        return;
      case E.Location:
        this.#workout?.location(tag);
        return;
    }
  }

  #close(element: number): void {
    const stack = this.#stack;
    // An end tag that was never opened is ignored; one that closes an outer element closes what was left open inside.
    const at = stack.lastIndexOf(element);
    if (at < 0 || (element === -1 && at !== stack.length - 1)) return;
    stack.length = at;
    if (at > 0) this.#closed(element, at);
  }

  /** An element at a depth below the root is complete. */
  #closed(element: number, depth: number): void {
    switch (element) {
      case E.Record:
        this.#closeRecord(depth);
        return;
      case E.WorkoutActivity:
        this.#workout?.closeSegment();
        return;
      case E.Correlation:
        if (depth === 1) this.#closeCorrelation();
        return;
      case E.Workout:
        if (depth === 1) this.#closeWorkout();
        return;
    }
  }

  #closeRecord(depth: number): void {
    const record = this.#record;
    this.#record = undefined;
    if (record === undefined) return;
    if (depth === 1) this.#mapper.add(record);
    else if (this.#correlation === undefined)
      this.tally.warn("nested_record", "Records inside workouts and other elements belong to no export and were left out.");
    else if (this.#correlation.children.length < MOST_CHILDREN) this.#correlation.children.push(record);
  }

  #closeCorrelation(): void {
    const correlation = this.#correlation;
    this.#correlation = undefined;
    this.#record = undefined;
    if (correlation === undefined) return;
    const { origin, type, children } = correlation;
    const count = this.tally.type(type);
    count.read++;
    if (origin.fault !== undefined) return this.tally.reject(count, origin.fault, type);
    if (type === PRESSURE_CORRELATION) {
      const halves = children.map(pressureHalf).filter((half) => half !== undefined);
      if (!this.#pressure.addCorrelation(halves)) this.tally.reject(count, "incomplete", type);
      return;
    }
    for (const child of children) this.#mapper.addChild(child);
    if (type === FOOD_CORRELATION)
      addMeal(origin, children, this.#sources.of(origin.app, origin.device, origin.isManual), this.builder, this.tally);
    else this.tally.reject(count, "unknown_type", type);
  }

  #closeWorkout(): void {
    const reader = this.#workout;
    this.#workout = undefined;
    this.#record = undefined;
    if (reader === undefined) return;
    const count = this.tally.type("Workout");
    count.read++;
    if (reader.fault !== undefined) return this.tally.reject(count, reader.fault, "Workout");
    const { app, device, isManual } = reader.origin;
    this.#workouts.push({ workout: reader.finish(this.#sources.of(app, device, isManual)), routePaths: reader.routePaths });
  }
}
