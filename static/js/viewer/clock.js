// @ts-check
/** Active time on task: stops after a minute without input and while the page is hidden. */

export const IDLE_MS = 60000;

export class ActiveClock {
  /** @param {() => number} now ms */
  constructor(now) {
    this.now = now;
    this.lastInput = now();
    this.isHidden = false;
    this.counted = 0;
  }

  /** Somebody moved, clicked or typed. */
  input() {
    const now = this.now();
    if (!this.isHidden) this.counted += Math.min(now - this.lastInput, IDLE_MS);
    this.lastInput = now;
  }

  /** @param {boolean} isHidden */
  setHidden(isHidden) {
    if (isHidden) this.input();
    this.lastInput = this.now();
    this.isHidden = isHidden;
  }

  /** Seconds since the last call. */
  takeSeconds() {
    this.input();
    const seconds = this.counted / 1000;
    this.counted = 0;
    return seconds;
  }

  /** Follow a page. @param {Document} page */
  watch(page) {
    for (const name of ["pointerdown", "pointermove", "keydown", "wheel"]) {
      page.addEventListener(name, () => this.input(), { passive: true, capture: true });
    }
    page.addEventListener("visibilitychange", () => this.setHidden(page.hidden));
  }
}
