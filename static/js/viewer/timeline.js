// @ts-check
/**
 * The strip under the picture: one lane a track; ticks are keyframes, solid is tracked (faded where interpolated),
 * hatched is occluded, empty is a gap; shape and colour of a tick say who made it (white diamond: person, pink circle:
 * model; hollow: out of view). Amber marks on top are frames that need this person. Click or drag to go there.
 *
 * @typedef {import("./store.js").Store} Store
 * @typedef {import("./store.js").Track} Track
 */
import { PALETTE, colourOf } from "./box_items.js";
import { element } from "./table.js";

/** viewer.css reserves the height that these make, so that nothing moves when the script comes. */
const LANE_PX = 16;
const HEAD_PX = 8;
const TICK_PX = 4;
const NEED_COLOUR = "#ffb000";

/**
 * Stretches of frames that look alike: first frame, frame after the last, occluded or not.
 * @param {(import("./tracks.js").FrameBox|null)[]} dense
 * @returns {[number, number, boolean][]}
 */
export function stretches(dense) {
  /** @type {[number, number, boolean][]} */
  const found = [];
  dense.forEach((here, frame) => {
    if (!here) return;
    const last = found.at(-1);
    if (last && last[1] === frame && last[2] === here.carried.occluded) last[1] = frame + 1;
    else found.push([frame, frame + 1, here.carried.occluded]);
  });
  return found;
}

export class Timeline {
  /** @param {HTMLCanvasElement} canvas @param {HTMLElement} slider @param {Store} store @param {import("./needs.js").Needs} needs */
  constructor(canvas, slider, store, needs) {
    this.needs = needs;
    this.canvas = canvas;
    this.slider = slider;
    this.store = store;
    this.context = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d"));
    this.hatch = this.#hatch();
    this.cursor = element("div", { className: "strip-cursor", "aria-hidden": "true" });
    slider.append(this.cursor);
    this.isStale = true;
    /** @type {(frame: number) => void} */
    this.onSeek = (frame) => store.goTo(frame);
    for (const topic of /** @type {const} */ (["tracks", "selection", "layers", "needs"])) store.on(topic, () => this.#stale());
    store.on("frame", () => this.draw());
    new ResizeObserver(() => this.#stale()).observe(slider);
    slider.addEventListener("pointerdown", (event) => {
      slider.setPointerCapture(event.pointerId);
      this.#seek(event);
    });
    slider.addEventListener("keydown", (event) => this.#key(event));
    slider.addEventListener("pointermove", (event) => {
      if (event.buttons & 1) this.#seek(event);
    });
    this.#stale();
  }

  /** The strip is a slider for the keyboard too. @param {KeyboardEvent} event */
  #key(event) {
    const { frame, clip } = this.store;
    /** @type {Record<string, number>} */
    const places = {
      ArrowLeft: frame - 1, ArrowDown: frame - 1, ArrowRight: frame + 1, ArrowUp: frame + 1,
      PageDown: frame - 10, PageUp: frame + 10, Home: 0, End: clip.nFrames - 1,
    };
    if (!(event.key in places)) return;
    event.preventDefault();
    this.onSeek(places[event.key]);
  }

  /** @param {PointerEvent} event */
  #seek(event) {
    const { left, width } = this.canvas.getBoundingClientRect();
    this.onSeek(Math.floor(((event.clientX - left) / width) * this.store.clip.nFrames));
  }

  #stale() {
    this.isStale = true;
    if (this.requested) return;
    this.requested = requestAnimationFrame(() => {
      this.requested = 0;
      this.draw();
    });
  }

  /** The cursor is an element of its own: a new frame repaints nothing. */
  draw() {
    if (this.isStale) this.#paintLanes();
    const { frame, clip } = this.store;
    this.cursor.style.transform = `translateX(${((frame + 0.5) / clip.nFrames) * this.slider.clientWidth}px)`;
    this.slider.setAttribute("aria-valuenow", String(frame + 1));
  }

  #paintLanes() {
    const tracks = this.store.visible;
    const ratio = devicePixelRatio || 1;
    const width = Math.max(1, Math.round(this.slider.clientWidth * ratio));
    const height = Math.round((HEAD_PX + LANE_PX * Math.max(1, tracks.length)) * ratio);
    if (this.canvas.width !== width || this.canvas.height !== height) Object.assign(this.canvas, { width, height });
    this.canvas.style.height = `${height / ratio}px`;
    this.context.clearRect(0, 0, width, height);
    this.#needMarks(this.context, ratio);
    tracks.forEach((track, lane) => this.#lane(this.context, track, (HEAD_PX + lane * LANE_PX) * ratio, ratio));
    this.isStale = false;
  }

  /** @param {CanvasRenderingContext2D} context @param {Track} track @param {number} top @param {number} ratio */
  #lane(context, track, top, ratio) {
    const step = context.canvas.width / this.store.clip.nFrames;
    const height = (LANE_PX - 4) * ratio;
    const isSelected = track.id === this.store.selected;
    context.fillStyle = isSelected ? "rgba(255,255,255,0.10)" : "rgba(255,255,255,0.04)";
    context.fillRect(0, top, context.canvas.width, height);
    for (const [first, end, isOccluded] of stretches(track.dense ?? [])) {
      context.globalAlpha = isOccluded ? 0.9 : 0.65;
      context.fillStyle = isOccluded ? this.hatch : colourOf(track);
      context.fillRect(first * step, top + height * 0.3, (end - first) * step, height * 0.4);
    }
    context.globalAlpha = 1;
    for (const [frame] of Object.entries(track.excluded)) {
      context.fillStyle = "rgba(255,80,80,0.55)";
      context.fillRect(Number(frame) * step, top, Math.max(step, 2), height);
    }
    for (const keyframe of track.keyframes) {
      this.#tick(context, (keyframe.frame + 0.5) * step, top + height / 2, keyframe.source, keyframe.outside, ratio);
    }
  }

  /** @param {CanvasRenderingContext2D} context @param {number} ratio */
  #needMarks(context, ratio) {
    const step = context.canvas.width / this.store.clip.nFrames;
    context.fillStyle = NEED_COLOUR;
    for (const { frame } of this.needs.stops) {
      const x = (frame + 0.5) * step;
      context.beginPath();
      context.moveTo(x - 3.5 * ratio, 0);
      context.lineTo(x + 3.5 * ratio, 0);
      context.lineTo(x, 6 * ratio);
      context.fill();
    }
  }

  /** @param {CanvasRenderingContext2D} context @param {number} x @param {number} y @param {string} source
   *  @param {boolean} isOutside @param {number} ratio */
  #tick(context, x, y, source, isOutside, ratio) {
    const size = TICK_PX * ratio;
    context.beginPath();
    if (source === "human") {
      context.moveTo(x, y - size);
      context.lineTo(x + size, y);
      context.lineTo(x, y + size);
      context.lineTo(x - size, y);
      context.closePath();
    } else {
      context.arc(x, y, size * 0.8, 0, 2 * Math.PI);
    }
    context.lineWidth = 1.2 * ratio;
    context.strokeStyle = source === "human" ? "#ffffff" : PALETTE.model;
    context.fillStyle = isOutside ? "#0f1316" : context.strokeStyle;
    context.fill();
    context.stroke();
  }

  #hatch() {
    const tile = document.createElement("canvas");
    Object.assign(tile, { width: 6, height: 6 });
    const context = /** @type {CanvasRenderingContext2D} */ (tile.getContext("2d"));
    context.strokeStyle = "#ffffff";
    context.lineWidth = 1.5;
    context.beginPath();
    context.moveTo(0, 6);
    context.lineTo(6, 0);
    context.stroke();
    return /** @type {CanvasPattern} */ (this.context.createPattern(tile, "repeat"));
  }
}
