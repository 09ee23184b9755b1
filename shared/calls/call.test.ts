import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  after,
  begin,
  type Beginning,
  type Call,
  CallRefusal,
  type Event,
  GRACE_MS,
  isHere,
  isPolite,
  MOST_DIRECT,
  nextDue,
  RING_MS,
} from "./call";

const PLAN: Beginning = { id: "c", media: "video", mode: "direct", lobby: false, by: 1, ring: [2], opensAt: null, closesAt: null };
const join = (member: number, socket = `s${member}`): Event => ({ kind: "join", member, socket });
const run = (call: Call, ...events: readonly (Event | readonly [Event, number])[]): Call =>
  events.reduce(
    (one, event) => (Array.isArray(event) ? after(one, event[0] as Event, event[1] as number) : after(one, event as Event, 0)),
    call,
  );
const states = ({ parties }: Call) => parties.map(({ state }) => state);
const refusal = (work: () => unknown): string | undefined => {
  try {
    work();
  } catch (error) {
    return error instanceof CallRefusal ? error.why : "another error";
  }
  return undefined;
};

describe("a call", () => {
  test("rings, is answered, and ends with the last who leaves; how long each was in it is known", () => {
    const answered = run(begin(PLAN, 0), join(1), [join(2), 5_000]);
    expect([states(answered), answered.answeredAt]).toEqual([["joined", "joined"], 5_000]);
    const over = run(answered, [{ kind: "leave", member: 1 }, 65_000], [{ kind: "leave", member: 2 }, 70_000]);
    expect([over.endedAt, over.reason, over.parties.map(({ spent }) => spent)]).toEqual([70_000, "left", [65_000, 65_000]]);
    expect(refusal(() => run(over, join(2)))).toBe("ended");
  });

  test("that nobody takes is missed, and one that is declined is declined", () => {
    const ringing = run(begin(PLAN, 0), join(1));
    expect(nextDue(ringing)).toBe(RING_MS);
    expect(run(ringing, [{ kind: "tick" }, RING_MS - 1])).toEqual(ringing);
    expect(run(ringing, [{ kind: "tick" }, RING_MS])).toMatchObject({
      reason: "missed",
      parties: [{ state: "left" }, { state: "missed" }],
    });
    expect(run(ringing, { kind: "decline", member: 2 })).toMatchObject({ reason: "declined" });
  });

  test("goes on for somebody who was lost and comes back, and is left by whoever does not", () => {
    const lost = run(begin(PLAN, 0), join(1), join(2), [{ kind: "lost", member: 2, socket: "s2" }, 1_000]);
    expect(states(lost)).toEqual(["joined", "away"]);
    const back = run(lost, [join(2, "another"), 2_000]);
    expect([states(back), back.parties[1]?.peer]).toEqual([["joined", "joined"], 3]);
    const sameDevice = run(lost, [{ kind: "join", member: 2, socket: "another", peer: 2 }, 2_000]);
    expect([states(sameDevice), sameDevice.parties[1]?.peer]).toEqual([["joined", "joined"], 2]);
    // The old connection has nothing to say any more.
    expect(run(back, { kind: "lost", member: 2, socket: "s2" })).toEqual(back);
    expect(states(run(lost, [{ kind: "tick" }, 1_000 + GRACE_MS]))).toEqual(["joined", "left"]);
  });

  test("is handed over to another device of the same person, who stays one participant", () => {
    const over = run(begin(PLAN, 0), join(1), join(2), [join(2, "tablet"), 10]);
    expect(over.parties.map(({ socket, peer }) => [socket, peer])).toEqual([
      ["s1", 1],
      ["tablet", 3],
    ]);
    expect(run(over, join(2, "tablet")).peers).toBe(3);
  });

  test("with a lobby lets nobody in but by a host, who can send away, silence, and never switch on", () => {
    const waiting = run(begin({ ...PLAN, lobby: true, ring: [2, 3] }, 0), join(1), join(2), join(3));
    expect(states(waiting)).toEqual(["joined", "waiting", "waiting"]);
    expect(refusal(() => run(waiting, { kind: "admit", by: 2, member: 2, admit: true }))).toBe("not_host");
    const inside = run(waiting, { kind: "admit", by: 1, member: 2, admit: true }, { kind: "admit", by: 1, member: 3, admit: false });
    expect(states(inside)).toEqual(["joined", "joined", "refused"]);
    expect(refusal(() => run(inside, join(3)))).toBe("refused");
    const loud = run(inside, { kind: "media", member: 2, media: { audio: true, video: true } });
    const muted = run(loud, { kind: "mute", by: 1, member: 2 });
    expect([muted.parties[1]?.audio, muted.parties[1]?.video]).toEqual([false, true]);
    expect(run(muted, { kind: "mute", by: 1, member: 2 })).toEqual(muted);
    expect(refusal(() => run(muted, { kind: "host", by: 1, member: 1, host: false }))).toBe("last_host");
    const removed = run(muted, { kind: "remove", by: 1, member: 2 });
    expect(refusal(() => run(removed, join(2)))).toBe("refused");
  });

  test("of an appointment is joined within its window alone, and ends with it", () => {
    const call = begin({ ...PLAN, opensAt: 100_000, closesAt: 200_000 }, 0);
    expect(refusal(() => after(call, join(1), 99_999))).toBe("not_open_yet");
    const open = after(call, join(1), 100_000);
    expect(after(open, { kind: "leave", member: 1 }, 150_000).endedAt).toBeNull();
    expect(after(open, { kind: "tick" }, 200_000)).toMatchObject({ endedAt: 200_000, reason: "window" });
  });

  test("takes no more than can connect to each other", () => {
    const full = run(begin({ ...PLAN, ring: [] }, 0), ...Array.from({ length: MOST_DIRECT }, (_, i) => join(i + 1)));
    expect(refusal(() => run(full, join(99)))).toBe("full");
    expect(refusal(() => run(full, join(2, "tablet")))).toBeUndefined();
  });

  test("has one of each two give way, and both agree which", () => {
    expect([isPolite(1, 2), isPolite(2, 1)]).toEqual([false, true]);
  });
});

test("whatever happens in whatever order, a call stays whole: nobody is in it twice, nobody after its end, and it does end", () => {
  const member = fc.integer({ min: 1, max: 4 });
  const event: fc.Arbitrary<Event> = fc.oneof(
    fc.record({ kind: fc.constant("join" as const), member, socket: fc.constantFrom("a", "b") }),
    fc.record({ kind: fc.constantFrom("decline" as const, "leave" as const, "gone" as const), member }),
    fc.record({ kind: fc.constant("lost" as const), member, socket: fc.constantFrom("a", "b") }),
    fc.record({ kind: fc.constant("admit" as const), by: member, member, admit: fc.boolean() }),
    fc.record({ kind: fc.constantFrom("remove" as const, "mute" as const), by: member, member }),
    fc.record({ kind: fc.constant("host" as const), by: member, member, host: fc.boolean() }),
    fc.record({ kind: fc.constant("media" as const), member, media: fc.record({ audio: fc.boolean() }) }),
    fc.record({ kind: fc.constant("end" as const), by: member }),
    fc.constant({ kind: "tick" as const }),
  );
  fc.assert(
    fc.property(fc.boolean(), fc.array(fc.tuple(event, fc.integer({ min: 0, max: 20_000 })), { maxLength: 40 }), (lobby, events) => {
      let call = begin({ ...PLAN, lobby, ring: [2, 3] }, 0);
      let now = 0;
      for (const [one, wait] of events) {
        now += wait;
        try {
          call = after(call, one, now);
        } catch (error) {
          if (!(error instanceof CallRefusal)) throw error;
        }
        expect(new Set(call.parties.map((party) => party.member)).size).toBe(call.parties.length);
        expect(call.parties.some(({ role }) => role === "host")).toBe(true);
        const peers = call.parties.map(({ peer }) => peer).filter((peer) => peer > 0);
        expect(new Set(peers).size).toBe(peers.length);
        if (call.endedAt !== null) expect(call.parties.filter(isHere)).toEqual([]);
        for (const { state, socket, spent } of call.parties) {
          if (state !== "joined" && state !== "waiting") expect(socket).toBeNull();
          expect(spent).toBeLessThanOrEqual(now);
        }
      }
      // Left to itself it ends.
      for (let i = 0; i < 20 && call.endedAt === null; i++) {
        const due = nextDue(call) ?? Number.NaN;
        expect(due).toBeGreaterThanOrEqual(0);
        call = after(call, { kind: "tick" }, Math.max(due, now));
      }
      expect(call.endedAt).not.toBeNull();
    }),
    { numRuns: 150 },
  );
});
