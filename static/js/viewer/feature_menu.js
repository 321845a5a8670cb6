// @ts-check
/**
 * The features that a curve can show. Their names come from the analysis side; they are asked for until they are
 * there, whether or not anything has been computed yet and whatever else of the page is late.
 *
 * @typedef {{label: string, features: [string, string][]}} Group
 */
import { element } from "./table.js";

export const RETRY_MS = Object.freeze([1000, 2000, 4000, 8000, 15000]);

export class FeatureMenu {
  /**
   * @param {HTMLSelectElement} select whose last option says that the rest is on its way
   * @param {() => Promise<{status: number, body: any}>} read
   */
  constructor(select, read) {
    this.select = select;
    this.read = read;
    this.failures = 0;
    /** @type {Promise<void>|null} */
    this.reading = null;
    /** @type {any} */
    this.timer = null;
    /** @type {() => void} */
    this.onReady = () => {};
    this.isReady = false;
    for (const name of ["focus", "pointerenter"]) select.addEventListener(name, () => void this.load());
    addEventListener("online", () => void this.load());
  }

  /** Read the names, unless they are there or being read. @returns {Promise<void>} */
  load() {
    if (this.isReady) return Promise.resolve();
    clearTimeout(this.timer);
    this.reading ??= this.#readOnce().finally(() => { this.reading = null; });
    return this.reading;
  }

  async #readOnce() {
    const { status, body } = await this.read().catch(() => ({ status: 0, body: null }));
    if (status === 200 && body?.groups) {
      this.#fill(body.groups);
      return;
    }
    this.timer = setTimeout(() => void this.load(), RETRY_MS[Math.min(this.failures, RETRY_MS.length - 1)]);
    this.failures += 1;
  }

  /** @param {Group[]} groups */
  #fill(groups) {
    this.select.querySelector("option[disabled]")?.remove();
    this.select.append(...groups.map(({ label, features }) =>
      element("optgroup", { label }, features.map(([value, textContent]) => element("option", { value, textContent })))));
    this.isReady = true;
    this.onReady();
  }
}
