import { SECOND_MS } from "../../clock";
import type { FitMessage } from "./message";
import { HR } from "./profile";
import { instantOf } from "./survey";

const TICKS_PER_S = 1_024;
const TWELVE_BITS = 0x1000;

/**
 * Heart rates that a chest strap kept and handed over later (`hr` messages). The first message anchors the strap's clock to an instant;
 * the others give the low twelve bits of it, two in three bytes.
 */
export class StrapBeats {
  /** Epoch milliseconds of tick 0. */
  #origin = Number.NaN;
  #ticks = 0;

  /** Calls back with the instants, in epoch milliseconds, and rates per minute of a message. */
  read(message: FitMessage, add: (at: number, rate: number) => void): void {
    const { layout } = message;
    const rates = message.values(HR.fields.filteredBpm);
    const full = layout.slot(HR.fields.eventTimestamp.number);
    if (full !== undefined) {
      const first = message.raw(full);
      const at = instantOf(message.time);
      if (!Number.isNaN(at) && !Number.isNaN(first)) {
        const fraction = message.value(HR.fields.fractionalTimestamp) || message.value(HR.fields.time256) || 0;
        this.#origin = at + fraction * SECOND_MS - (first * SECOND_MS) / TICKS_PER_S;
      }
      for (let i = 0; i < full.count; i++) {
        const ticks = message.raw(full, i);
        if (Number.isNaN(ticks)) continue;
        this.#ticks = ticks;
        this.#add(rates[i], add);
      }
    }
    const packed = layout.slot(HR.fields.eventTimestamp12.number);
    if (packed === undefined) return;
    const bytes = message.slice(packed);
    const count = Math.min(rates.length, Math.floor(bytes.length / 3) * 2);
    for (let i = 0; i < count; i++) {
      const at = (i >> 1) * 3;
      const low = i % 2 === 0 ? bytes[at]! | ((bytes[at + 1]! & 15) << 8) : (bytes[at + 1]! >> 4) | (bytes[at + 2]! << 4);
      const base = this.#ticks - (this.#ticks % TWELVE_BITS);
      this.#ticks = base + low + (low < this.#ticks % TWELVE_BITS ? TWELVE_BITS : 0);
      this.#add(rates[i], add);
    }
  }

  #add(rate: number | undefined, add: (at: number, rate: number) => void): void {
    const at = Math.round(this.#origin + (this.#ticks * SECOND_MS) / TICKS_PER_S);
    if (rate !== undefined && rate > 0 && Number.isFinite(at)) add(at, rate);
  }
}
