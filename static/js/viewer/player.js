// @ts-check
/**
 * Shows the frame that the store names, and plays: frames by index, chosen by elapsed time, skipped rather than late.
 *
 * @typedef {import("./store.js").Store} Store
 * @typedef {import("./frames.js").Frames} Frames
 * @typedef {import("./frames.js").Bitmap} Bitmap
 */
import { Schedule } from "./schedule.js";

/** Frames in hand before playback begins or goes on after a stall. */
export const BUFFER_FRAMES = 8;
const STALL_MS = 120;

export class Player {
  /**
   * @param {Store} store @param {Frames} frames @param {Float64Array} starts
   * @param {(bitmap: Bitmap, frame: number) => void} paint
   */
  constructor(store, frames, starts, paint) {
    this.store = store;
    this.frames = frames;
    this.schedule = new Schedule(starts);
    this.paint = paint;
    this.painted = -1;
    /** @type {1|-1} */
    this.direction = 1;
    this.isBuffering = false;
    this.missingSince = 0;
    this.skipped = 0;
    this.shown = 0;
    /** @type {(frame: number, error: unknown) => void} */
    this.onError = () => {};
    store.on("frame", () => this.show());
  }

  /** Paint the store's frame: at once when it is decoded, else when it arrives and is still wanted. */
  show() {
    const { frame } = this.store;
    if (!this.store.isPlaying && this.painted >= 0) this.direction = frame < this.painted ? -1 : 1;
    const bitmap = this.frames.ready(frame);
    if (bitmap) this.#painted(bitmap, frame);
    this.frames.get(frame, this.direction).then(
      (late) => {
        if (this.store.frame === frame && this.painted !== frame) this.#painted(late, frame);
      },
      (error) => {
        if (this.store.frame === frame && error?.name !== "AbortError") this.onError(frame, error);
      },
    );
  }

  /** @param {Bitmap} bitmap @param {number} frame */
  #painted(bitmap, frame) {
    this.painted = frame;
    this.shown += 1;
    this.paint(bitmap, frame);
  }

  toggle() {
    if (this.store.isPlaying) this.stop();
    else this.play();
  }

  play() {
    const atEnd = this.schedule.repeat === "once" && this.store.frame === this.store.clip.nFrames - 1;
    if (atEnd) this.store.goTo(0);
    this.store.isPlaying = true;
    this.direction = 1;
    this.#buffer(this.store.frame);
    this.store.tell("playing");
    requestAnimationFrame(() => this.#tick());
  }

  stop() {
    this.store.isPlaying = false;
    this.isBuffering = false;
    this.store.tell("playing");
  }

  /** Wait for a few frames, then start the clock at this one. @param {number} frame */
  #buffer(frame) {
    this.isBuffering = true;
    this.resumeAt = frame;
    this.frames.get(frame, this.direction).catch(() => {});
  }

  #tick() {
    if (!this.store.isPlaying) return;
    requestAnimationFrame(() => this.#tick());
    const now = performance.now();
    if (this.isBuffering) {
      const needed = Math.min(BUFFER_FRAMES, this.store.clip.nFrames);
      if (this.frames.readyAhead(this.resumeAt ?? 0, this.direction) < Math.min(needed, this.frames.ahead)) return;
      this.isBuffering = false;
      this.schedule.start(this.resumeAt ?? 0, now, this.direction);
      this.store.tell("playing");
    }
    const { frame, ended, direction } = this.schedule.at(now);
    this.direction = direction;
    if (frame !== this.store.frame) this.#advance(frame, now);
    if (ended) {
      this.stop();
      this.store.goTo(frame); // however late its picture is
    }
  }

  /** @param {number} frame @param {number} now */
  #advance(frame, now) {
    if (this.frames.ready(frame)) {
      const step = Math.abs(frame - this.store.frame);
      const { nFrames } = this.store.clip;
      this.skipped += Math.max(0, Math.min(step, nFrames - step) - 1);
      this.missingSince = 0;
      this.store.goTo(frame);
      return;
    }
    this.missingSince ||= now;
    if (now - this.missingSince < STALL_MS) return;
    this.missingSince = 0;
    this.#buffer(frame);
    this.store.tell("playing");
  }

  /** @param {number} speed */
  setSpeed(speed) {
    this.schedule.setSpeed(speed, performance.now());
  }

  /** @param {import("./schedule.js").Repeat} repeat */
  setRepeat(repeat) {
    this.schedule.repeat = repeat;
    this.direction = 1;
    if (this.store.isPlaying && !this.isBuffering) this.schedule.start(this.store.frame, performance.now());
  }
}
