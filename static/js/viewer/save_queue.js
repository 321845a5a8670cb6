// @ts-check
/**
 * Unsaved commands on their way to the server: kept in storage until acknowledged, sent in order, batched a
 * track at a time, repeated with the same key until the answer is known. No DOM: storage, transport and timers
 * are given.
 *
 * @typedef {import("./state_patch.js").State} State
 * @typedef {import("./save_batch.js").Base} Base
 * @typedef {import("./save_batch.js").Entry} Entry
 * @typedef {{status: number, body: any}} Answer
 * @typedef {{kind: "conflict"|"locked"|"refused", current: any, reason: string}} Block
 * @typedef {{add: (entry: Entry) => Promise<number>, update: (entries: Entry[]) => Promise<void>,
 *            remove: (entries: Entry[]) => Promise<void>, putBase: (track: string, base: Base) => Promise<void>,
 *            settle: (removed: Entry[], track: string, base: Base, entry: Entry|null) => Promise<number|undefined>}} Storage
 */
import { baseOf, bodyOf } from "./save_batch.js";
import { isEmpty, sameState, stateDiff } from "./state_patch.js";

export const BATCH_DELAY_MS = 600;
export const RETRY_MS = Object.freeze([500, 1000, 2000, 4000, 8000, 15000]);

export class SaveQueue {
  /**
   * @param {{storage: Storage, send: (entry: {kind: string, track: string, body: any, key: string, revision: number}) => Promise<Answer>,
   *          shape: {nFrames: number, frameShape: [number, number]}, newKey: () => string,
   *          timer?: (run: () => void, ms: number) => any, cancel?: (timer: any) => void}} parts
   */
  constructor({ storage, send, shape, newKey, timer = setTimeout, cancel = clearTimeout }) {
    this.storage = storage;
    this.send = send;
    this.shape = shape;
    this.newKey = newKey;
    this.setTimer = (/** @type {() => void} */ run, /** @type {number} */ ms) => timer(run, ms);
    this.cancelTimer = (/** @type {any} */ id) => cancel(id);
    /** @type {Entry[]} */
    this.entries = [];
    /** @type {Map<string, Base>} */
    this.bases = new Map();
    /** @type {Map<string, Block>} */
    this.blocked = new Map();
    this.failures = 0;
    this.running = false;
    /** @type {any} */
    this.pendingTimer = null;
    /** @type {string} */
    this.problem = "";
    /** @type {Date|null} */
    this.savedAt = null;
    this.writes = Promise.resolve();
    /** @type {() => void} */
    this.onStatus = () => {};
    /** @type {(track: string, body: any) => void} */
    this.onSaved = () => {};
    /** @type {(track: string, block: Block, base: Base) => void} */
    this.onBlocked = () => {};
    /** @type {(from: string, to: string) => void} */
    this.onRenamed = () => {};
  }

  /** @returns {{kind: "nothing"|"saved"|"saving"|"unsaved"|"offline"|"forbidden"|"conflict"|"locked"|"refused", count: number, reason: string, at: Date|null}} */
  get status() {
    const count = this.entries.filter(({ kind }) => kind !== "open").length; // opening is no work of the reader's
    const block = this.blocked.values().next().value;
    const common = { count, reason: block?.reason ?? this.problem, at: this.savedAt };
    if (block) return { kind: block.kind, ...common };
    if (!this.entries.length) return { kind: this.savedAt ? "saved" : "nothing", ...common };
    if (this.problem === "forbidden") return { kind: "forbidden", ...common };
    if (this.failures > 0) return { kind: "offline", ...common };
    return { kind: this.running ? "saving" : "unsaved", ...common };
  }

  /** Take up what storage held before a reload. @param {Entry[]} entries @param {Iterable<[string, Base]>} bases */
  restore(entries, bases) {
    this.entries = entries;
    for (const [track, base] of bases) this.bases.set(track, base);
    if (entries.length) this.schedule(0);
    this.onStatus();
  }

  /** Whether a track has commands that are not acknowledged. @param {string} track */
  isPending(track) {
    return this.entries.some((entry) => entry.track === track);
  }

  /** @param {string} track @param {Base} base */
  setBase(track, base) {
    this.bases.set(track, base);
    this.writes = this.writes.then(() => this.storage.putBase(track, base));
  }

  /** Keep a command and send it soon. @param {Entry} entry */
  add(entry) {
    this.entries.push(entry);
    this.writes = this.writes.then(async () => {
      entry.seq = await this.storage.add(entry);
    });
    this.schedule(BATCH_DELAY_MS);
    this.onStatus();
  }

  /** @param {number} ms */
  schedule(ms) {
    if (this.pendingTimer !== null) {
      if (ms > 0) return;
      this.cancelTimer(this.pendingTimer);
    }
    this.pendingTimer = this.setTimer(() => {
      this.pendingTimer = null;
      this.flush();
    }, ms);
  }

  /** Send everything that can be sent now. @returns {Promise<void>} */
  async flush() {
    if (this.running) return;
    this.running = true;
    this.onStatus();
    try {
      for (let batch = this.#nextBatch(); batch; batch = this.#nextBatch()) {
        if (!(await this.#sendBatch(batch))) break;
      }
    } finally {
      this.running = false;
      this.onStatus();
    }
  }

  /** The oldest commands of a track that is not blocked: those sent before, else all in a row that may go together. */
  #nextBatch() {
    const first = this.entries.find((entry) => !this.blocked.has(entry.track));
    if (!first) return null;
    const ofTrack = this.entries.filter((entry) => entry.track === first.track);
    if (first.key) return ofTrack.filter((entry) => entry.key === first.key);
    if (first.kind !== "patch") return [first];
    const stop = ofTrack.findIndex((entry) => entry.kind !== "patch" || entry.key);
    return stop < 0 ? ofTrack : ofTrack.slice(0, stop);
  }

  /** @param {Entry[]} batch @returns {Promise<boolean>} whether to go on */
  async #sendBatch(batch) {
    const [first] = batch;
    try {
      if (!first.key && !(await this.#prepare(batch))) return true;
    } catch (error) {
      this.#block(first.track, { status: 409, body: { detail: String(error) } });
      return true;
    }
    let answer;
    try {
      const { kind, track, body, revision } = first;
      answer = await this.send({ kind, track, body, key: String(first.key), revision: revision ?? 0 });
    } catch {
      return this.#retry("offline");
    }
    if (answer.status === 401 || answer.status === 403) return this.#retry("forbidden");
    if (answer.status >= 500 || answer.status === 408 || answer.status === 429) return this.#retry("offline");
    this.failures = 0;
    this.problem = "";
    if (answer.status === 200) await this.#acknowledge(batch, answer.body);
    else this.#block(first.track, answer);
    return true;
  }

  /** Give a batch its key, its revision and its body, and keep them before anything is sent. @param {Entry[]} batch */
  async #prepare(batch) {
    const [first] = batch;
    const base = this.bases.get(first.track);
    const body = bodyOf(batch, base, this.shape);
    if (!body) {
      await this.#remove(batch);
      return false;
    }
    const key = this.newKey();
    for (const entry of batch) entry.key = key;
    Object.assign(first, { body, revision: base?.revision ?? 0 });
    await this.writes;
    await this.storage.update(batch);
    return true;
  }

  /** @param {"offline"|"forbidden"} problem */
  #retry(problem) {
    this.problem = problem;
    const wait = RETRY_MS[Math.min(this.failures, RETRY_MS.length - 1)];
    this.failures += 1;
    this.schedule(wait);
    return false;
  }

  /** @param {Entry[]} batch @param {any} body */
  async #acknowledge(batch, body) {
    const { track, kind } = batch[0];
    await this.#remove(batch);
    if (kind !== "patch" && body.id !== track) this.rename(track, body.id);
    const id = kind === "patch" ? track : body.id;
    const started = this.bases.get(id);
    if (kind === "open" && started && this.isPending(id) && !sameState(started.state, baseOf(body).state)) {
      // The track is not as we started from: keep what we started from, so that our first patch conflicts.
      this.setBase(id, { revision: 0, state: started.state });
    } else {
      this.setBase(id, baseOf(body));
    }
    this.savedAt = new Date();
    this.onSaved(id, body);
    this.onStatus();
  }

  /** @param {string} track @param {Answer} answer */
  #block(track, { status, body }) {
    /** @type {Record<number, "conflict"|"locked">} */
    const kinds = { 409: "conflict", 423: "locked" };
    const block = { kind: kinds[status] ?? "refused", current: body?.current ?? null, reason: String(body?.detail ?? status) };
    this.blocked.set(track, block);
    const base = this.bases.get(track);
    if (base) this.onBlocked(track, block, base);
    this.onStatus();
  }

  /** Our identity of a track gives way to the server's. @param {string} from @param {string} to */
  rename(from, to) {
    for (const entry of this.entries) if (entry.track === from) entry.track = to;
    const base = this.bases.get(from);
    if (base) this.setBase(to, base);
    this.bases.delete(from);
    this.writes = this.writes.then(() => this.storage.update(this.entries));
    this.onRenamed(from, to);
  }

  /** @param {Entry[]} entries */
  async #remove(entries) {
    await this.writes;
    this.entries = this.entries.filter((entry) => !entries.includes(entry));
    await this.storage.remove(entries);
  }

  /**
   * Settle a blocked track: our commands give way, at once, to the state chosen, made from the server's current one.
   * @param {string} track @param {any} current state as the server told it @param {State} chosen @param {string} command
   */
  async resolve(track, current, chosen, command) {
    const settled = this.entries.filter((entry) => entry.track === track);
    this.entries = this.entries.filter((entry) => entry.track !== track);
    this.blocked.delete(track);
    const base = baseOf(current);
    this.bases.set(track, base);
    const patch = stateDiff(base.state, chosen);
    /** @type {Entry|null} */
    const entry = isEmpty(patch) ? null : { track, kind: "patch", patch, command, seconds: 0 };
    if (entry) this.entries.push(entry);
    this.writes = this.writes.then(async () => {
      const seq = await this.storage.settle(settled, track, base, entry);
      if (entry) entry.seq = seq;
    });
    if (entry) this.schedule(BATCH_DELAY_MS);
    this.onStatus();
    await this.writes;
  }
}
