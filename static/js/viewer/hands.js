// @ts-check
/** Whether the reader's hands are busy: no question may open under a drag, nor over another question. */

const AGAIN_MS = 50;

export class Hands {
  /**
   * @param {EventTarget} page where pointers go down and up, and dialogs close
   * @param {() => boolean} isHeld whether something else holds them: an open dialog, a drag that has not ended
   * @param {(run: () => void, ms: number) => any} [timer]
   */
  constructor(page, isHeld, timer = setTimeout) {
    this.isHeld = isHeld;
    this.timer = (/** @type {() => void} */ run, /** @type {number} */ ms) => timer(run, ms);
    /** @type {Set<number>} */
    this.down = new Set();
    /** @type {(() => void)[]} */
    this.waiting = [];
    this.isLooking = false;
    const follow = (/** @type {string} */ name, /** @type {(event: any) => void} */ act) => page.addEventListener(name, act, true);
    follow("pointerdown", (event) => this.down.add(event.pointerId));
    for (const name of ["pointerup", "pointercancel"]) follow(name, (event) => this.#up(event.pointerId));
    follow("close", () => this.#look(0));
  }

  get isBusy() {
    return this.down.size > 0 || this.isHeld();
  }

  /** When they are free, and what they did is done. @returns {Promise<void>} */
  free() {
    if (!this.isBusy) return Promise.resolve();
    return new Promise((resolve) => {
      this.waiting.push(resolve);
      if (!this.down.size) this.#look(AGAIN_MS);
    });
  }

  /** @param {number} pointer */
  #up(pointer) {
    this.down.delete(pointer);
    this.#look(0); // the drag ends with the events that follow this one
  }

  /** @param {number} ms */
  #look(ms) {
    if (this.isLooking || !this.waiting.length) return;
    this.isLooking = true;
    this.timer(() => {
      this.isLooking = false;
      if (!this.isBusy) for (const resolve of this.waiting.splice(0)) resolve();
      else if (!this.down.size) this.#look(AGAIN_MS);
    }, ms);
  }
}
