// @ts-check
/**
 * The frames that need this person, kept up to date: counted on the button, marked on the strip, visited with a key.
 * A stretch of frames with one and the same reason is one stop.
 *
 * @typedef {import("./store.js").Store} Store
 * @typedef {import("./store.js").Track} Track
 * @typedef {import("./track_review.js").Need} Need
 */
import { disagreements, needsMe, stops } from "./track_review.js";

export class Needs {
  /**
   * @param {Store} store
   * @param {{target: Track|undefined}} actions which track is corrected
   * @param {() => {low_confidence: number, jump_px: number}} limits
   */
  constructor(store, actions, limits) {
    this.store = store;
    this.actions = actions;
    this.limits = limits;
    /** @type {Need[]|null} */
    this.found = null;
    for (const topic of /** @type {const} */ (["tracks", "selection"])) store.on(topic, () => this.changed());
  }

  /** The boxes or the limits are others now. */
  changed() {
    this.found = null;
    this.store.tell("needs");
  }

  /** The track that is looked through. @returns {Track|undefined} */
  get track() {
    return this.actions.target ?? this.store.mine[0] ?? this.store.model;
  }

  /** @returns {Need[]} in order of frames */
  get stops() {
    this.found ??= this.track ? stops(this.#needs(this.track)) : [];
    return this.found;
  }

  /** The next stop after a frame; past the last, the first again. @param {number} frame @returns {Need|undefined} */
  after(frame) {
    return this.stops.find((need) => need.frame > frame) ?? this.stops[0];
  }

  /** @param {Track} track @returns {Need[]} */
  #needs(track) {
    const { nFrames } = this.store.clip;
    const others = [...this.store.tracks.values()].filter((other) => other.source === "reader" && !other.mine && !other.deleted);
    const own = needsMe(track.keyframes, nFrames, {
      confidences: this.store.confidences, other: others[0]?.keyframes ?? null, limits: this.limits(),
    });
    // A third person decides where the two readings differ: nobody's keyframes settle that.
    const [first, second] = others.filter(({ number }) => number === track.number);
    const all = track.source === "adjudicated" && second ? [...own, ...disagreements(first.keyframes, second.keyframes, nFrames)] : own;
    return all.filter(({ frame }) => !(String(frame) in track.excluded)).sort((a, b) => a.frame - b.frame);
  }
}
