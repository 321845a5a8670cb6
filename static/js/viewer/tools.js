// @ts-check
/**
 * Pointer tools over the picture: draw a box (drag, or two clicks), calliper, pan, window and level, pinch.
 *
 * @typedef {import("./geometry.js").Point} Point
 */
import { boxOfCorners, boxToScreen, clampBox, isLargeEnough, roundBox, toImage } from "./geometry.js";
import { t } from "./text.js";

const CLICK_SLOP_PX = 5;
const WINDOW_PER_PX = 1;

export class Tools {
  /**
   * @param {import("./stage.js").Stage} stage @param {import("./store.js").Store} store
   * @param {{draft: HTMLElement, calliper: import("./calliper.js").Calliper}} parts
   */
  constructor(stage, store, { draft, calliper }) {
    this.stage = stage;
    this.store = store;
    this.draft = draft;
    this.calliper = calliper;
    /** @type {Point|null} first corner or end, in image pixels */
    this.start = null;
    /** @type {Point|null} */
    this.end = null;
    /** @type {Map<number, {x: number, y: number}>} */
    this.pointers = new Map();
    /** @type {(box: import("./geometry.js").Box) => void} */
    this.onDrawn = () => {};
    /** @type {(message: string) => void} */
    this.onRefused = () => {};
    const { container } = stage;
    container.addEventListener("pointerdown", (event) => this.#down(event));
    container.addEventListener("pointermove", (event) => this.#move(event));
    for (const name of ["pointerup", "pointercancel"]) {
      container.addEventListener(name, (event) => this.#up(/** @type {PointerEvent} */ (event)));
    }
    store.on("tool", () => this.reset());
    store.on("view", () => this.#mark());
    this.reset();
  }

  reset() {
    this.start = null;
    this.end = null;
    this.stage.container.dataset.tool = this.store.tool;
    this.#mark();
  }

  /** @param {PointerEvent} event @returns {Point} in screen pixels of the stage */
  #at(event) {
    const { left, top } = this.stage.container.getBoundingClientRect();
    return { x: event.clientX - left, y: event.clientY - top };
  }

  /** @param {PointerEvent} event */
  #down(event) {
    this.pointers.set(event.pointerId, this.#at(event));
    this.last = this.#at(event);
    this.downAt = this.last;
    const { tool } = this.store;
    if (tool !== "select" || event.button === 1) this.stage.container.setPointerCapture(event.pointerId);
    if (event.button === 1) event.preventDefault();
    if (this.pointers.size > 1 || event.button !== 0) return;
    if (tool === "draw" && this.start) this.#finish(event);
    else if (tool === "calliper") this.calliper.begin(this.last);
    else if (tool === "draw") {
      this.start = toImage(this.stage.view, this.last);
      this.end = this.start;
      this.#mark();
    }
  }

  /** @param {PointerEvent} event */
  #move(event) {
    const at = this.#at(event);
    const before = this.pointers.get(event.pointerId);
    if (before && this.pointers.size === 2) {
      this.#pinch(event.pointerId, before, at);
      return;
    }
    const isDown = before !== undefined;
    if (isDown) this.pointers.set(event.pointerId, at);
    const { tool } = this.store;
    if (isDown && (tool === "pan" || event.buttons === 4)) this.stage.pan(at.x - before.x, at.y - before.y);
    if (isDown && tool === "window") {
      const { width, level } = this.stage.window;
      this.stage.setWindow(width + (at.x - before.x) * WINDOW_PER_PX, level + (at.y - before.y) * WINDOW_PER_PX);
    }
    if (isDown && tool === "calliper") this.calliper.stretch(at);
    if (this.start && tool === "draw") {
      this.end = toImage(this.stage.view, at);
      this.#mark();
    }
  }

  /** Two fingers zoom and move the picture. @param {number} id @param {Point} before @param {Point} at */
  #pinch(id, before, at) {
    const other = [...this.pointers].find(([key]) => key !== id)?.[1];
    if (!other) return;
    const was = Math.hypot(before.x - other.x, before.y - other.y);
    const is = Math.hypot(at.x - other.x, at.y - other.y);
    if (was > 0) this.stage.zoom(is / was, { x: (at.x + other.x) / 2, y: (at.y + other.y) / 2 });
    this.stage.pan((at.x - before.x) / 2, (at.y - before.y) / 2);
    this.pointers.set(id, at);
    this.start = null;
    this.#mark();
  }

  /** @param {PointerEvent} event */
  #up(event) {
    const wasDown = this.pointers.delete(event.pointerId);
    if (!wasDown || !this.start || !this.downAt || this.store.tool !== "draw") return;
    const at = this.#at(event);
    if (Math.hypot(at.x - this.downAt.x, at.y - this.downAt.y) > CLICK_SLOP_PX) this.#finish(event);
  }

  /** @param {PointerEvent} event */
  #finish(event) {
    if (!this.start) return;
    const corner = toImage(this.stage.view, this.#at(event));
    const box = roundBox(clampBox(boxOfCorners(this.start, corner), this.stage.image));
    this.start = null;
    this.#mark();
    if (isLargeEnough(box)) this.onDrawn(box);
    else this.onRefused(t("tooSmall"));
  }

  /** Show what is being drawn. */
  #mark() {
    const { start, end } = this;
    const isDrawing = Boolean(this.store.tool === "draw" && start && end);
    this.draft.hidden = !isDrawing;
    if (!start || !end || !isDrawing) return;
    const place = boxToScreen(this.stage.view, clampBox(boxOfCorners(start, end), this.stage.image));
    Object.assign(this.draft.style, {
      left: `${place.x}px`, top: `${place.y}px`, width: `${place.width}px`, height: `${place.height}px`,
    });
  }
}
