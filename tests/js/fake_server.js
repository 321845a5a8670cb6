/** A stand-in for the server's side of saving: revisions, If-Match, idempotency keys, signing; and ways to fail. */
import { applyState } from "../../static/js/viewer/state_patch.js";

export const SHAPE = { nFrames: 100, frameShape: [240, 320] };

export class FakeServer {
  constructor() {
    this.tracks = new Map();
    this.applied = new Map();
    this.requests = 0;
    this.revisions = [];
    /** Says what happens to a request: "lost" before it arrives, "unanswered" after, or a status. */
    this.weather = () => null;
  }

  put(id, keyframes) {
    this.tracks.set(id, { id, revision: 1, keyframes, excluded: {}, deleted: false, status: "open" });
  }

  state(id) {
    return structuredClone(this.tracks.get(id));
  }

  async send(request) {
    this.requests += 1;
    const weather = this.weather(this.requests);
    if (weather === "lost") throw new TypeError("Failed to fetch");
    if (typeof weather === "number") return { status: weather, body: { detail: "weather" } };
    const answer = this.answer(request);
    if (weather === "unanswered") throw new TypeError("Failed to fetch");
    return structuredClone(answer);
  }

  answer({ kind, track, body, key, revision }) {
    if (kind !== "patch") {
      if (!this.tracks.has(body.id)) this.put(body.id, body.keyframes ?? this.model ?? []);
      return { status: 200, body: this.state(body.id) };
    }
    const known = this.applied.get(key);
    if (known) return { status: 200, body: known };
    const current = this.tracks.get(track);
    if (!current) return { status: 404, body: { detail: "no such track" } };
    if (current.status === "signed") return { status: 423, body: { detail: "signed", current: this.state(track) } };
    if (current.revision !== revision) return { status: 409, body: { detail: "conflict", current: this.state(track) } };
    let state;
    try {
      state = applyState(current, body.patch, SHAPE.nFrames, SHAPE.frameShape);
    } catch (error) {
      return { status: 400, body: { detail: String(error) } };
    }
    Object.assign(current, state, { revision: current.revision + 1 });
    this.revisions.push({ track, command: body.command, patch: body.patch, seconds: body.active_seconds });
    this.applied.set(key, this.state(track));
    return { status: 200, body: this.state(track) };
  }
}

/** Storage that survives what the page does not. */
export class FakeStorage {
  constructor() {
    this.entries = new Map();
    this.bases = new Map();
    this.next = 1;
  }

  async add(entry) {
    const seq = this.next++;
    this.entries.set(seq, structuredClone({ ...entry, seq }));
    return seq;
  }

  async update(entries) {
    for (const entry of entries) this.entries.set(entry.seq, structuredClone(entry));
  }

  async remove(entries) {
    for (const { seq } of entries) this.entries.delete(seq);
  }

  async putBase(track, base) {
    this.bases.set(track, structuredClone(base));
  }

  async settle(removed, track, base, entry) {
    for (const { seq } of removed) this.entries.delete(seq);
    this.bases.set(track, structuredClone(base));
    return entry ? this.add(entry) : undefined;
  }

  load() {
    const entries = [...this.entries.values()].sort((a, b) => a.seq - b.seq);
    return structuredClone({ entries, bases: [...this.bases] });
  }
}

/** Timers that run when told to. */
export class FakeTimers {
  constructor() {
    this.waiting = new Map();
    this.next = 1;
    this.timer = (run, ms) => {
      this.waiting.set(this.next, { run, ms });
      return this.next++;
    };
    this.cancel = (id) => this.waiting.delete(id);
  }

  async run() {
    const due = [...this.waiting.values()];
    this.waiting.clear();
    for (const { run } of due) await run();
    for (let i = 0; i < 20; i += 1) await Promise.resolve();
    await new Promise((resolve) => setImmediate(resolve));
  }
}
