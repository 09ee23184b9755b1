/**
 * The page of a small app that calls, for a browser: perfect negotiation over the room's socket, with whatever camera there is. Plain JavaScript, since the
 * types of browsers are none of the product's.
 */

const LONGEST_MS = 40_000;

class Caller {
  #answers = new Map();
  #faults = [];
  #socket;
  #ref = 0;
  #call = "";
  #peer;
  #isMakingOffer = false;
  #isIgnoring = false;
  #ignored = 0;
  #last = Promise.resolve();
  #parties = [];
  #rung = "";

  constructor(origin, room, token) {
    this.origin = origin;
    this.room = room;
    this.headers = { authorization: `Bearer ${token}` };
  }

  async open() {
    const response = await fetch(`${this.origin}/v1/tickets`, { method: "POST", headers: this.headers });
    const { ticket } = await response.json();
    const socket = new WebSocket(`${this.origin.replace("http", "ws")}/v1/rooms/${this.room}/live?ticket=${encodeURIComponent(ticket)}`);
    this.#socket = socket;
    socket.addEventListener("message", ({ data }) => this.#heard(JSON.parse(data)));
    await new Promise((resolve, reject) => {
      socket.addEventListener("open", resolve);
      socket.addEventListener("error", () => reject(new Error("the socket does not open")));
    });
  }

  async start() {
    const { answer } = await this.#ask({ type: "call.start", clientId: crypto.randomUUID(), media: "video" });
    return answer.call.id;
  }

  /** Waits until somebody calls. */
  async rung() {
    return await until(() => (this.#rung === "" ? undefined : this.#rung));
  }

  /** Joins with camera and microphone, and connects to the other once they are there. */
  async join(call, other) {
    this.#call = call;
    const path = `${this.origin}/v1/rooms/${this.room}/calls/${call}/ice-servers`;
    const { iceServers } = await (await fetch(path, { method: "POST", headers: this.headers })).json();
    const peer = new RTCPeerConnection({ iceServers });
    this.#peer = peer;
    peer.addEventListener(
      "icecandidate",
      ({ candidate }) => void this.#signal(other, { candidate: candidate === null ? null : bare(candidate) }),
    );
    peer.addEventListener("negotiationneeded", () => void this.#offer(other));
    const camera = await navigator.mediaDevices.getUserMedia({ video: true, audio: true });
    await this.#ask({ type: "call.join", call, video: true, audio: true });
    await this.shows(other, { state: "joined" });
    // Both add their tracks, so both offer, often at once.
    for (const track of camera.getTracks()) peer.addTrack(track, camera);
  }

  /** Adds the picture of a canvas as a screen, which renegotiates. */
  async showScreen() {
    const canvas = document.createElement("canvas");
    [canvas.width, canvas.height] = [320, 180];
    const pen = canvas.getContext("2d");
    let n = 0;
    setInterval(() => {
      pen.fillStyle = `hsl(${n++ % 360} 80% 50%)`;
      pen.fillRect(0, 0, canvas.width, canvas.height);
    }, 40);
    const stream = canvas.captureStream(25);
    for (const track of stream.getTracks()) this.#peer.addTrack(track, stream);
    await this.#ask({ type: "call.state", call: this.#call, screen: true });
  }

  async mute() {
    for (const { track } of this.#peer.getSenders()) if (track?.kind === "audio") track.enabled = false;
    await this.#ask({ type: "call.state", call: this.#call, audio: false });
  }

  /** Waits until so many pictures of each of so many videos of the other have been decoded. */
  async sees(videos, frames) {
    return await until(async () => {
      const decoded = [];
      for (const stat of (await this.#peer.getStats()).values())
        if (stat.type === "inbound-rtp" && stat.kind === "video") decoded.push(stat.framesDecoded ?? 0);
      return decoded.filter((n) => n >= frames).length >= videos ? decoded : undefined;
    });
  }

  /** Waits until the room says something of a member. */
  async shows(member, what) {
    return await until(() => {
      const party = this.#parties.find((one) => one.member === member);
      const fits = party !== undefined && Object.entries(what).every(([key, value]) => party[key] === value);
      return fits ? true : undefined;
    });
  }

  async settled() {
    await until(() => (this.#peer.connectionState === "connected" && this.#peer.signalingState === "stable" ? true : undefined));
    return { ignored: this.#ignored, faults: this.#faults };
  }

  async leave() {
    await this.#ask({ type: "call.leave", call: this.#call });
    this.#peer.close();
  }

  async #offer(other) {
    try {
      this.#isMakingOffer = true;
      await this.#peer.setLocalDescription();
      await this.#describe(other);
    } catch (error) {
      this.#faults.push(String(error));
    } finally {
      this.#isMakingOffer = false;
    }
  }

  async #describe(other) {
    const { type, sdp } = this.#peer.localDescription;
    await this.#signal(other, { description: { type, sdp } });
  }

  async #signal(to, what) {
    await this.#ask({ type: "call.signal", call: this.#call, to, clientId: crypto.randomUUID(), ...what });
  }

  /** Signals are taken in one after the other, in the order in which the room numbered them. */
  #heard(frame) {
    if (frame.ref !== undefined) {
      this.#answers.get(frame.ref)?.(frame);
      this.#answers.delete(frame.ref);
    }
    if (frame.type === "call.ring") this.#rung = frame.call.id;
    if (frame.type === "call.update") this.#parties = frame.call.parties;
    if (frame.type === "call.signal")
      this.#last = this.#last.then(() => this.#take(frame)).catch((error) => void this.#faults.push(String(error)));
  }

  async #take({ from, polite, description, candidate }) {
    const peer = this.#peer;
    if (description !== undefined) {
      const isCollision = description.type === "offer" && (this.#isMakingOffer || peer.signalingState !== "stable");
      this.#isIgnoring = !polite && isCollision;
      if (this.#isIgnoring) {
        this.#ignored++;
        return;
      }
      await peer.setRemoteDescription(description);
      if (description.type !== "offer") return;
      await peer.setLocalDescription();
      await this.#describe(from);
      return;
    }
    try {
      await peer.addIceCandidate(candidate ?? undefined);
    } catch (error) {
      if (!this.#isIgnoring) throw error;
    }
  }

  async #ask(frame) {
    const ref = ++this.#ref;
    const answer = new Promise((resolve) => this.#answers.set(ref, resolve));
    this.#socket.send(JSON.stringify({ ...frame, ref }));
    const got = await answer;
    if (got.type === "error") throw new Error(`${frame.type} answered ${got.code}`);
    if (got.answer.call !== undefined) this.#parties = got.answer.call.parties;
    return got;
  }
}

function bare({ candidate, sdpMid, sdpMLineIndex, usernameFragment }) {
  return { candidate, sdpMid, sdpMLineIndex, usernameFragment };
}

async function until(look) {
  for (const end = performance.now() + LONGEST_MS; performance.now() < end;) {
    const found = await look();
    if (found !== undefined) return found;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error("it did not come to that in time");
}

globalThis.Caller = Caller;
