import { deflateRawSync, inflateRawSync } from "node:zlib";
import { ByteReader, ByteWriter } from "./bytes";

/** A recorded voltage curve, small enough to travel with its reading. */
export interface Waveform {
  readonly encoding: "delta-varint-deflate-base64";
  readonly count: number;
  /** Microvolts per step of the stored integers. */
  readonly stepUv: number;
  readonly data: string;
}

/**
 * Steps tried, finest first. Exports write three decimals, far below what a watch resolves; 5 µV is the coarsest resolution that
 * standards for diagnostic recorders allow (IEC 60601-2-25), and is reached by no recording of 30 seconds that we know.
 */
const STEPS_UV = [0.001, 0.01, 0.1, 0.5, 1, 2, 5] as const;

/** Packs samples in microvolts, as finely as `longest` characters allow; undefined where even the coarsest step is too long. */
export function packWaveform(samplesUv: readonly number[], longest: number): Waveform | undefined {
  for (const stepUv of STEPS_UV) {
    const bytes = new ByteWriter(samplesUv.length * 2);
    let before = 0;
    for (const sample of samplesUv) {
      const step = Math.round(sample / stepUv);
      bytes.zigzag(step - before);
      before = step;
    }
    const data = deflateRawSync(bytes.finish(), { level: 9 }).toString("base64");
    if (data.length <= longest) return { encoding: "delta-varint-deflate-base64", count: samplesUv.length, stepUv, data };
  }
  return undefined;
}

/** No sample takes more bytes than the difference of two doubles' integers. */
const LONGEST_SAMPLE = 8;

/** The samples of a waveform in microvolts; undefined where its data is not what it says. */
export function unpackWaveform(waveform: Waveform): number[] | undefined {
  try {
    return unpack(waveform);
  } catch {
    return undefined;
  }
}

function unpack(waveform: Waveform): number[] {
  const packed = Buffer.from(waveform.data, "base64");
  const bytes = new ByteReader(inflateRawSync(packed, { maxOutputLength: waveform.count * LONGEST_SAMPLE + 1 }));
  const samples: number[] = [];
  let step = 0;
  for (let i = 0; i < waveform.count; i++) {
    step += bytes.zigzag();
    // Steps below one are decimal fractions, so dividing by their inverse gives the decimal back exactly.
    samples.push(waveform.stepUv < 1 ? step / Math.round(1 / waveform.stepUv) : step * waveform.stepUv);
  }
  return samples;
}
