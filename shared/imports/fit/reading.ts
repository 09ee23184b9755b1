import type { Source } from "../../health/reading";
import type { Outlet } from "../workouts/outlet";
import type { FileReading } from "../workouts/format";
import { ActivityReader } from "./activity";
import { FitDecoder, type FitFault } from "./decoder";
import { HealthReader } from "./health";
import type { FitMessage } from "./message";
import { MonitoringReader } from "./monitoring";
import { HR, HRV, MONITORING, MONITORING_INFO, RECORD } from "./profile";
import { manufacturerName, NOTHING_DONE } from "./sports";
import type { FileSurvey, FitSurvey } from "./survey";

export const FIT_VENDOR = "fit_file";

const FAULTS: Readonly<Record<FitFault, readonly [code: string, detail: string]>> = {
  truncated: ["truncated", "The file ends too early; everything complete before its end was read."],
  checksum: ["bad_checksum", "The file's checksum does not match; what could be read of it was read."],
  header_checksum: ["bad_checksum", "The checksum of the file's header does not match."],
  undefined_message: ["damaged", "The file is damaged; everything before the damage was read."],
  trailing_bytes: ["trailing_bytes", "What follows the end of the file was left out."],
};

interface Part {
  readonly file: FileSurvey;
  readonly activity: ActivityReader;
  readonly monitoring: MonitoringReader;
  readonly health: HealthReader;
}

/** Reads a FIT file, of which the survey knows what stands at its end, into readings and workouts. */
export class FitReading implements FileReading {
  readonly #survey: FitSurvey;
  readonly #outlet: Outlet;
  // The survey has compared the checksums.
  readonly #decoder = new FitDecoder({ begin: () => this.#begin(), message: (message) => this.#message(message) }, { checks: false });
  #index = -1;
  #part: Part | undefined;
  #yieldedBefore = 0;

  constructor(survey: FitSurvey, outlet: Outlet) {
    this.#survey = survey;
    this.#outlet = outlet;
  }

  push(chunk: Uint8Array): void {
    this.#decoder.push(chunk);
  }

  finish(): void {
    this.#decoder.end();
    this.#outlet.unit();
    this.#close();
    for (const fault of this.#survey.faults) this.#outlet.warn(...FAULTS[fault]);
  }

  #begin(): void {
    this.#outlet.unit();
    this.#close();
    const file = this.#survey.files[++this.#index];
    if (file === undefined) return;
    const source = this.#outlet.builder.source(sourceOf(file));
    this.#yieldedBefore = this.#outlet.yielded;
    this.#part = {
      file,
      activity: new ActivityReader(file, this.#outlet, source),
      monitoring: new MonitoringReader(this.#outlet, source, file.zone),
      health: new HealthReader(this.#outlet, source, file.zone),
    };
  }

  #close(): void {
    if (this.#part === undefined) return;
    const { file, activity, monitoring, health } = this.#part;
    activity.finish();
    monitoring.finish();
    health.finish();
    this.#part = undefined;
    if (this.#outlet.yielded > this.#yieldedBefore) return;
    this.#outlet.warn("nothing_to_import", NOTHING_DONE[file.type] ?? "The file holds nothing that can be imported.");
  }

  #message(message: FitMessage): void {
    this.#outlet.unit();
    const part = this.#part;
    if (part === undefined) return;
    switch (message.number) {
      case RECORD.number:
        // A course to follow has records too, with times that never were.
        if (NOTHING_DONE[part.file.type] === undefined) part.activity.record(message);
        return;
      case HRV.number:
        return part.activity.beats(message);
      case HR.number:
        return part.activity.strap(message);
      case MONITORING_INFO.number:
        return part.monitoring.info(message);
      case MONITORING.number:
        return part.monitoring.read(message);
      default:
        return part.health.read(message);
    }
  }
}

function sourceOf({ manufacturer, product, productName }: FileSurvey): Source {
  const maker = manufacturerName(manufacturer);
  const model = productName ?? (Number.isNaN(product) ? undefined : `product ${product}`);
  return {
    vendor: FIT_VENDOR,
    ...(maker !== undefined && { deviceManufacturer: maker }),
    ...(model !== undefined && { deviceModel: model }),
  };
}
