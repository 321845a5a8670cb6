// @ts-check
/**
 * Frames of the clip by index: fetched once, decoded ahead, the newest wish first.
 *
 * @typedef {{width: number, height: number, close: () => void}} Bitmap an ImageBitmap, or a stand-in in tests
 * @typedef {{fetchBytes: (index: number, signal: AbortSignal) => Promise<Blob>,
 *            decode: (bytes: Blob) => Promise<Bitmap>}} Source
 */
import { Lru } from "./lru.js";

export const AHEAD = 24;
export const DECODED_LIMIT = 96;
export const COMPRESSED_LIMIT_BYTES = 192 * 1024 * 1024;
/** Of the six connections that a browser opens to one host, two stay free for what is asked for now. */
export const PREFETCH_CONNECTIONS = 4;
/** After a jump, who looks for a place may jump again: for so long prefetching takes one connection alone. */
export const SEARCH_MS = 200;

export class Frames {
  /**
   * @param {number} nFrames
   * @param {Source} source
   * @param {{ahead?: number, decodedLimit?: number, timer?: (run: () => void, ms: number) => any}} [options]
   */
  constructor(nFrames, source, { ahead = AHEAD, decodedLimit = DECODED_LIMIT, timer = setTimeout } = {}) {
    this.timer = (/** @type {() => void} */ run, /** @type {number} */ ms) => timer(run, ms);
    /** Jumps whose time of searching has not passed. */
    this.searches = 0;
    this.nFrames = nFrames;
    this.source = source;
    this.ahead = Math.min(ahead, nFrames - 1);
    /** @type {Lru<number, Bitmap>} */
    this.decoded = new Lru(decodedLimit, { release: (bitmap) => bitmap.close() });
    /** @type {Lru<number, Blob>} */
    this.compressed = new Lru(COMPRESSED_LIMIT_BYTES, { cost: (blob) => blob.size });
    /** @type {Map<number, {promise: Promise<Bitmap>, abort: AbortController}>} */
    this.pending = new Map();
    /** @type {number[]} */
    this.wanted = [];
    this.focus = -1;
    /** @type {(index: number) => void} */
    this.onDecoded = () => {};
  }

  /** The bitmap, if it is decoded. @param {number} index */
  ready(index) {
    return this.decoded.get(index);
  }

  /**
   * The bitmap of a frame. Asking makes it the newest wish: prefetches far from it are given up.
   * @param {number} index
   * @param {1|-1} direction of travel
   * @returns {Promise<Bitmap>}
   */
  get(index, direction = 1) {
    const bitmap = this.decoded.get(index);
    const isJump = !bitmap && this.focus >= 0 && index !== this.focus && !this.wanted.includes(index);
    this.focus = index;
    this.#plan(index, direction);
    if (bitmap) {
      this.#prefetch();
      return Promise.resolve(bitmap);
    }
    const wish = this.#load(index); // alone on the line: what is asked for now comes before what may be asked for
    wish.then(() => (isJump ? this.#search() : this.#prefetch()), () => {});
    return wish;
  }

  /** Prefetch gently at first. */
  #search() {
    this.searches += 1;
    this.#prefetch();
    this.timer(() => {
      this.searches -= 1;
      this.#prefetch();
    }, SEARCH_MS);
  }

  /** How many frames in a row, from one on, are decoded. @param {number} index @param {1|-1} direction */
  readyAhead(index, direction) {
    let count = 0;
    while (count < this.ahead && this.decoded.has(this.#wrap(index + direction * count))) count += 1;
    return count;
  }

  /** @param {number} index */
  #wrap(index) {
    return ((index % this.nFrames) + this.nFrames) % this.nFrames;
  }

  /** @param {number} index @param {1|-1} direction */
  #plan(index, direction) {
    const near = (/** @type {number} */ i) => this.#wrap(index + direction * i);
    this.wanted = Array.from({ length: this.ahead }, (_, i) => near(i + 1));
    const keep = new Set([index, ...this.wanted]);
    for (const [other, { abort }] of this.pending) {
      if (!keep.has(other)) {
        this.pending.delete(other);
        abort.abort();
      }
    }
  }

  #prefetch() {
    for (const index of this.wanted) {
      if (this.pending.size >= (this.searches ? 1 : PREFETCH_CONNECTIONS)) return;
      if (!this.decoded.has(index) && !this.pending.has(index)) {
        this.#load(index).then(() => this.#prefetch(), () => {});
      }
    }
  }

  /** @param {number} index @returns {Promise<Bitmap>} */
  #load(index) {
    const running = this.pending.get(index);
    if (running) return running.promise;
    const abort = new AbortController();
    const promise = this.#loadOnce(index, abort.signal).finally(() => {
      if (this.pending.get(index)?.abort === abort) this.pending.delete(index);
    });
    this.pending.set(index, { promise, abort });
    return promise;
  }

  /** @param {number} index @param {AbortSignal} signal */
  async #loadOnce(index, signal) {
    let bytes = this.compressed.get(index);
    if (!bytes) {
      bytes = await this.source.fetchBytes(index, signal);
      this.compressed.set(index, bytes);
    }
    const bitmap = await this.source.decode(bytes);
    if (signal.aborted) {
      bitmap.close();
      throw new DOMException("A newer frame was asked for.", "AbortError");
    }
    this.decoded.set(index, bitmap);
    this.onDecoded(index);
    return bitmap;
  }

  /** Close every bitmap. */
  clear() {
    for (const { abort } of this.pending.values()) abort.abort();
    this.pending.clear();
    this.decoded.clear();
  }
}

/**
 * The source of the real viewer.
 * @param {string} template address with {index}
 * @returns {Source}
 */
export function httpSource(template) {
  return {
    async fetchBytes(index, signal) {
      const early = /** @type {any} */ (globalThis).firstFrame;
      if (early?.index === index) {
        /** @type {any} */ (globalThis).firstFrame = null;
        const bytes = await early.bytes.catch(() => null);
        if (bytes) return bytes;
      }
      const response = await fetch(template.replace("{index}", String(index)), { signal, credentials: "same-origin" });
      if (!response.ok) throw new Error(`frame ${index}: HTTP ${response.status}`);
      return response.blob();
    },
    decode: (bytes) => createImageBitmap(bytes, { colorSpaceConversion: "none" }),
  };
}
