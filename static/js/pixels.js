/** Marking regions to be wiped: drawn on any of the pictures, kept as four numbers, shown on all of them. */

/**
 * The region between two points, whole pixels, within the picture.
 * @param {{x: number, y: number}} a @param {{x: number, y: number}} b
 * @param {number} width @param {number} height @returns {[number, number, number, number]}
 */
export function regionBetween(a, b, width, height) {
  const clamp = (value, most) => Math.min(Math.max(value, 0), most);
  return [
    clamp(Math.floor(Math.min(a.x, b.x)), width),
    clamp(Math.floor(Math.min(a.y, b.y)), height),
    clamp(Math.ceil(Math.max(a.x, b.x)), width),
    clamp(Math.ceil(Math.max(a.y, b.y)), height),
  ];
}

/** @param {string} text @returns {number[]|null} four numbers, or null while it is not a region yet */
export function readRegion(text) {
  const parts = text.split(",").map((part) => (part.trim() === "" ? NaN : Number(part)));
  const whole = parts.length === 4 && parts.every(Number.isInteger);
  return whole && parts[0] < parts[2] && parts[1] < parts[3] ? parts : null;
}

const MIN_SIDE_PX = 3;
const SVG = "http://www.w3.org/2000/svg";

class Regions {
  /** @param {HTMLElement} frames */
  constructor(frames) {
    this.frames = frames;
    this.width = Number(frames.dataset.width);
    this.height = Number(frames.dataset.height);
    this.list = document.getElementById("regions");
    this.row = document.getElementById("region-row");
    this.start = null;
    for (const picture of frames.querySelectorAll(".pixel-picture")) this.listen(picture);
    document.getElementById("region-add").addEventListener("click", () => this.add("").focus());
    this.list.addEventListener("input", () => this.show());
    this.list.addEventListener("click", (event) => this.remove(event));
    this.show();
  }

  /** @param {HTMLElement} picture */
  listen(picture) {
    picture.addEventListener("pointerdown", (event) => {
      event.preventDefault();
      picture.setPointerCapture(event.pointerId);
      this.start = this.point(picture, event);
    });
    picture.addEventListener("pointermove", (event) => {
      if (this.start) this.show(regionBetween(this.start, this.point(picture, event), this.width, this.height));
    });
    picture.addEventListener("pointerup", (event) => {
      if (!this.start) return;
      const region = regionBetween(this.start, this.point(picture, event), this.width, this.height);
      this.start = null;
      const large = region[2] - region[0] >= MIN_SIDE_PX && region[3] - region[1] >= MIN_SIDE_PX;
      if (large) this.add(region.join(","));
      this.show();
    });
    picture.addEventListener("pointercancel", () => {
      this.start = null;
      this.show();
    });
  }

  /** @param {HTMLElement} picture @param {PointerEvent} event */
  point(picture, event) {
    const rect = picture.getBoundingClientRect();
    return {
      x: ((event.clientX - rect.left) / rect.width) * this.width,
      y: ((event.clientY - rect.top) / rect.height) * this.height,
    };
  }

  /** @param {string} text @returns {HTMLInputElement} */
  add(text) {
    this.list.append(this.row.content.cloneNode(true));
    const input = this.list.lastElementChild.querySelector("input");
    input.value = text;
    input.dispatchEvent(new Event("input", { bubbles: true }));
    return input;
  }

  /** @param {MouseEvent} event */
  remove(event) {
    if (!event.target.closest("[data-remove]")) return;
    event.target.closest("li").remove();
    this.show();
  }

  /** @param {number[]} [drawn] the region under the pointer */
  show(drawn) {
    const typed = [...this.list.querySelectorAll("input")].map((input) => readRegion(input.value));
    const regions = [...typed, drawn].filter(Boolean);
    for (const group of this.frames.querySelectorAll(".marks")) group.replaceChildren(...regions.map(rectangle));
  }
}

/** @param {number[]} region */
function rectangle([x1, y1, x2, y2]) {
  const rect = document.createElementNS(SVG, "rect");
  const places = { x: x1, y: y1, width: x2 - x1, height: y2 - y1 };
  for (const [name, value] of Object.entries(places)) rect.setAttribute(name, String(value));
  return rect;
}

const frames = globalThis.document?.getElementById("pixel-frames");
if (frames) new Regions(frames);
