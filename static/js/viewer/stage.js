// @ts-check
/**
 * The picture: one canvas of the frame's own size, scaled by CSS to its true aspect; zoom, pan, window and level.
 *
 * @typedef {import("./geometry.js").View} View
 * @typedef {import("./geometry.js").Point} Point
 */
import { centredOn, fitView, pixelAspect, zoomAt } from "./geometry.js";

const WHEEL_STEP = 1.15;
export const FULL_WINDOW = Object.freeze({ width: 255, level: 127.5 });

export class Stage {
  /**
   * @param {HTMLElement} container @param {HTMLCanvasElement} canvas @param {import("./store.js").Store} store
   * @param {SVGElement[]} transfer feFuncR, G and B of the window filter
   */
  constructor(container, canvas, store, transfer) {
    this.container = container;
    this.canvas = canvas;
    this.store = store;
    this.transfer = transfer;
    this.image = { width: store.clip.width, height: store.clip.height };
    this.aspect = pixelAspect(store.clip.spacingMm);
    // Setting a size empties the canvas, and the first frame may be on it already.
    if (canvas.width !== this.image.width) canvas.width = this.image.width;
    if (canvas.height !== this.image.height) canvas.height = this.image.height;
    this.context = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d", { alpha: false }));
    this.isFitted = true;
    this.window = { ...FULL_WINDOW };
    this.view = this.#fitted();
    new ResizeObserver(() => this.#resized()).observe(container);
    container.addEventListener("wheel", (event) => this.#wheel(event), { passive: false });
    this.#placed();
  }

  /** Screen size of the stage. */
  get size() {
    return { width: this.container.clientWidth || 1, height: this.container.clientHeight || 1 };
  }

  /** @param {CanvasImageSource} bitmap @param {number} frame */
  paint(bitmap, frame) {
    this.context.drawImage(bitmap, 0, 0);
    this.container.dataset.painted = String(frame);
    this.container.dispatchEvent(new CustomEvent("framepaint", { detail: frame }));
  }

  #fitted() {
    return fitView(this.image, this.size, this.aspect);
  }

  #resized() {
    if (this.isFitted) this.view = this.#fitted();
    this.#placed();
  }

  #placed() {
    const { scaleX, scaleY, x, y } = this.view;
    this.canvas.style.transform = `translate(${x}px, ${y}px) scale(${scaleX}, ${scaleY})`;
    this.store.tell("view");
  }

  fit() {
    this.isFitted = true;
    this.view = this.#fitted();
    this.#placed();
  }

  /** @param {number} factor @param {Point} [at] screen point, the middle without one */
  zoom(factor, at = { x: this.size.width / 2, y: this.size.height / 2 }) {
    const fitted = this.#fitted();
    this.view = zoomAt(this.view, at, factor, fitted.scaleX);
    this.isFitted = this.view.scaleX <= fitted.scaleX * 1.001;
    if (this.isFitted) this.view = fitted;
    this.#placed();
  }

  /** @param {number} dx @param {number} dy screen pixels */
  pan(dx, dy) {
    if (this.isFitted) return;
    this.view = { ...this.view, x: this.view.x + dx, y: this.view.y + dy };
    this.#placed();
  }

  /** @param {import("./geometry.js").Box} box */
  centre(box) {
    if (this.isFitted) return;
    this.view = centredOn(this.view, box, this.size);
    this.#placed();
  }

  /** @param {WheelEvent} event */
  #wheel(event) {
    event.preventDefault();
    const { left, top } = this.container.getBoundingClientRect();
    this.zoom(event.deltaY < 0 ? WHEEL_STEP : 1 / WHEEL_STEP, { x: event.clientX - left, y: event.clientY - top });
  }

  /** @param {number} dWidth @param {number} dLevel grey values */
  changeWindow(dWidth, dLevel) {
    this.setWindow(this.window.width + dWidth, this.window.level + dLevel);
  }

  /** Grey values from level - width/2 (black) to level + width/2 (white). @param {number} width @param {number} level */
  setWindow(width, level) {
    this.window = { width: Math.max(1, width), level };
    const slope = 255 / this.window.width;
    const intercept = 0.5 - (level / 255) * slope;
    for (const function_ of this.transfer) {
      function_.setAttribute("slope", String(slope));
      function_.setAttribute("intercept", String(intercept));
    }
    const isFull = this.window.width === FULL_WINDOW.width && level === FULL_WINDOW.level;
    this.canvas.style.filter = isFull ? "" : "url(#window-level)";
    this.store.tell("view");
  }
}
