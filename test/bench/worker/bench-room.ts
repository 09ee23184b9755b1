import { Room } from "../../../durable-objects/room/room";

/** One person of the benchmark is a whole crowd. */
export class BenchRoom extends Room {
  protected override readonly mostOfMember = 10_000;
}
