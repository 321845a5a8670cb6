// @ts-check
/**
 * One feature over the frames of one track, as the analysis side computed it: stale the moment its boxes change, and
 * read again until it belongs to the boxes on screen. No DOM: transport and timers are given.
 *
 * @typedef {{frames: number[], values: (number|null)[], unit: string, stale: boolean, revision: number|null}} Curve
 * @typedef {"missing"|"stale"|"fresh"|"unreachable"} Kind
 */

export const POLL_MS = Object.freeze([1500, 2000, 3000, 5000, 8000]);

export class CurveReader {
  /**
   * @param {{read: (feature: string) => Promise<{status: number, body: any}>, isSaved: () => boolean,
   *          timer?: (run: () => void, ms: number) => any, cancel?: (timer: any) => void}} parts
   *   isSaved: whether the server knows the boxes on screen
   */
  constructor({ read, isSaved, timer = setTimeout, cancel = clearTimeout }) {
    this.read = read;
    this.isSaved = isSaved;
    this.setTimer = (/** @type {() => void} */ run, /** @type {number} */ ms) => timer(run, ms);
    this.cancelTimer = (/** @type {any} */ id) => cancel(id);
    this.feature = "";
    /** @type {Curve|null} */
    this.curve = null;
    this.polls = 0;
    this.wishes = 0;
    this.isReached = true;
    /** @type {any} */
    this.pollTimer = null;
    /** @type {() => void} */
    this.onChange = () => {};
  }

  /** @returns {Kind} */
  get kind() {
    if (!this.curve) return this.isReached ? "missing" : "unreachable";
    return this.curve.stale ? "stale" : "fresh";
  }

  /** Another feature, or another track: nothing of the curve before is kept. @param {string} feature "" for none */
  async choose(feature) {
    this.feature = feature;
    this.curve = null;
    this.polls = 0;
    this.wishes += 1; // what is on its way was asked for before
    this.cancelTimer(this.pollTimer);
    if (feature) await this.#fetch();
    else this.onChange();
  }

  /** The boxes on screen are no longer those of the curve. */
  boxesChanged() {
    if (!this.feature) return;
    if (this.curve) this.curve.stale = true;
    this.polls = 0;
    this.#poll();
    this.onChange();
  }

  async #fetch() {
    this.wishes += 1;
    const wish = this.wishes;
    const { status, body } = await this.read(this.feature).catch(() => ({ status: 0, body: null }));
    if (wish !== this.wishes) return;
    this.isReached = status === 200;
    // An answer of before the last edit was saved belongs to other boxes.
    if (status === 200 && body?.values?.length) this.curve = { ...body, stale: body.stale || !this.isSaved() };
    else if (this.curve) this.curve.stale = true; // a new track has no curve of its own yet
    if (this.kind !== "fresh") this.#poll();
    this.onChange();
  }

  #poll() {
    this.cancelTimer(this.pollTimer);
    this.wishes += 1;
    const wait = POLL_MS[Math.min(this.polls, POLL_MS.length - 1)];
    this.polls += 1;
    this.pollTimer = this.setTimer(() => {
      if (this.feature) void this.#fetch();
    }, wait);
  }
}
