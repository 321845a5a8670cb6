// @ts-check
/**
 * The calliper: a line between two ends, in mm where the clip is calibrated; with the pointer, or with the keys, which
 * move the end that is lit. What it measures is drawn at once and spoken when it rests.
 *
 * @typedef {import("./geometry.js").Point} Point
 * @typedef {0|1} End
 */
import { lengthOf, toImage, toScreen } from "./geometry.js";
import { t } from "./text.js";

const GRAB_PX = 14;
/** Of the visible picture's width, from the middle to either end of a calliper that a key places. */
const PLACED_AT = 0.1;
const REST_MS = 250;

/** "12.3 mm", or "34 px" where the clip is not calibrated. @param {Point} a @param {Point} b @param {[number, number]|null} spacingMm */
export function measured(a, b, spacingMm) {
  const { value, unit } = lengthOf(a, b, spacingMm);
  return `${value.toFixed(unit === "mm" ? 1 : 0)} ${unit}`;
}

export class Calliper {
  /**
   * @param {import("./stage.js").Stage} stage @param {import("./store.js").Store} store @param {SVGElement} mark
   * @param {(words: string) => void} announce "" for nothing
   */
  constructor(stage, store, mark, announce) {
    this.stage = stage;
    this.store = store;
    this.mark = mark;
    this.announce = announce;
    /** @type {[Point, Point]|null} in image pixels */
    this.ends = null;
    /** @type {End} the end that moves */
    this.active = 1;
    this.wasOn = false;
    store.on("tool", () => this.#toolChanged());
    store.on("view", () => this.draw());
  }

  get isOn() {
    return this.store.tool === "calliper";
  }

  #toolChanged() {
    if (this.isOn || this.wasOn) this.#tell(t("calliperHow"));
    this.wasOn = this.isOn;
    this.ends = null;
    this.draw();
  }

  /** The pointer goes down: it takes the end that it is at, else a new line begins. @param {Point} at in screen pixels */
  begin(at) {
    const near = (/** @type {Point} */ end) => {
      const place = toScreen(this.stage.view, end);
      return Math.hypot(place.x - at.x, place.y - at.y) <= GRAB_PX;
    };
    const grabbed = this.ends ? this.ends.findIndex(near) : -1;
    if (grabbed >= 0) {
      this.active = /** @type {End} */ (grabbed);
      return;
    }
    const point = this.#inside(toImage(this.stage.view, at));
    this.ends = [point, point];
    this.active = 1;
    this.draw();
  }

  /** @param {Point} at in screen pixels */
  stretch(at) {
    this.#put(toImage(this.stage.view, at));
  }

  /** @param {Point} point in image pixels */
  #put(point) {
    if (!this.ends) return;
    this.ends[this.active] = this.#inside(point);
    this.draw();
    this.#tell();
  }

  /** Arrow keys. @param {number} dx @param {number} dy image pixels */
  move(dx, dy) {
    this.#placed();
    const [x, y] = this.ends ? [this.ends[this.active].x, this.ends[this.active].y] : [0, 0];
    this.#put({ x: x + dx, y: y + dy });
  }

  /** Enter: the other end moves from now on. */
  other() {
    if (this.#placed()) this.active = this.active ? 0 : 1;
    this.draw();
    this.#tell();
  }

  /** A key places both ends in the middle of what is seen. @returns {boolean} whether they were there already */
  #placed() {
    if (this.ends) return true;
    const { width, height } = this.stage.size;
    const end = (/** @type {number} */ part) => this.#inside(toImage(this.stage.view, { x: width * part, y: height / 2 }));
    const whole = (/** @type {Point} */ { x, y }) => ({ x: Math.round(x), y: Math.round(y) });
    this.ends = [whole(end(0.5 - PLACED_AT)), whole(end(0.5 + PLACED_AT))];
    this.active = 1;
    return false;
  }

  /** @param {Point} point @returns {Point} */
  #inside({ x, y }) {
    const { width, height } = this.stage.image;
    return { x: Math.min(Math.max(x, 0), width), y: Math.min(Math.max(y, 0), height) };
  }

  /** Say it, once it rests. @param {string} [words] without them, what is measured */
  #tell(words) {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => {
      if (!this.isOn) this.announce("");
      else this.announce(words && !this.ends ? words : this.#words());
    }, words ? 0 : REST_MS);
  }

  #words() {
    if (!this.ends) return "";
    const { spacingMm } = this.store.clip;
    const { x, y } = this.ends[this.active];
    const values = { length: measured(...this.ends, spacingMm), end: this.active + 1, x: Math.round(x), y: Math.round(y) };
    return t(spacingMm ? "calliperMm" : "calliperPx", values);
  }

  draw() {
    this.mark.toggleAttribute("hidden", !this.isOn || !this.ends);
    if (!this.isOn || !this.ends) return;
    const [a, b] = this.ends.map((end) => toScreen(this.stage.view, end));
    const set = (/** @type {Element|null} */ node, /** @type {Record<string, number>} */ values) =>
      Object.entries(values).forEach(([name, value]) => node?.setAttribute(name, String(value)));
    set(this.mark.querySelector("line"), { x1: a.x, y1: a.y, x2: b.x, y2: b.y });
    this.mark.querySelectorAll("circle").forEach((circle, i) => {
      set(circle, { cx: [a, b][i].x, cy: [a, b][i].y });
      circle.toggleAttribute("data-active", i === this.active);
    });
    const label = this.mark.querySelector("text");
    set(label, { x: b.x + 8, y: b.y - 8 });
    if (label) label.textContent = measured(...this.ends, this.store.clip.spacingMm);
  }
}
