// @ts-check
/**
 * The boxes over the picture, drawn with Konva in screen pixels: select, drag, eight handles, mouse and touch.
 *
 * @typedef {import("./geometry.js").Box} Box
 * @typedef {{key: string, track: string|null, box: Box, colour: string, dash: number[], opacity: number, label: string,
 *            isLabelBelow: boolean, isHovered: boolean, editable: boolean, draggable: boolean}} Item
 */
import { boxFromScreen, boxToScreen, clampBox, isLargeEnough, roundBox } from "./geometry.js";

const Konva = /** @type {any} */ (globalThis).Konva;
const HANDLE_PX = 9;
const TOUCH_HIT_PX = 26;
const LABEL_SIZE_PX = 12;

/**
 * Mine above its box, all others below theirs, so that two boxes at one place can be read; inside the box where
 * there is no room beside it, clear of the handles.
 * @param {Item} item @param {{x: number, y: number, height: number}} place @param {{width: number, height: number}} stage
 */
export function labelPlace({ isLabelBelow }, { x, y, height }, stage) {
  const line = LABEL_SIZE_PX + 3;
  const above = y - line - HANDLE_PX / 2;
  const below = y + height + HANDLE_PX / 2 + 2;
  const left = Math.max(2, x);
  if (isLabelBelow) return { x: left, y: below + line <= stage.height ? below : y + height - line - HANDLE_PX };
  return { x: left + (above >= 0 ? 0 : HANDLE_PX), y: above >= 0 ? above : y + HANDLE_PX };
}

/** Whether a box is being moved or resized now. */
export const isDragging = () => Boolean(Konva.isDragging() || Konva.isTransforming());

export class BoxLayer {
  /** @param {HTMLElement} overlay @param {import("./stage.js").Stage} stage */
  constructor(overlay, stage) {
    this.stage = stage;
    this.konva = new Konva.Stage({ container: overlay, ...stage.size });
    this.layer = new Konva.Layer();
    this.konva.add(this.layer);
    /** @type {Map<string, {rect: any, label: any, item: Item}>} */
    this.nodes = new Map();
    this.transformer = this.#transformer();
    this.layer.add(this.transformer);
    this.isDragging = false;
    /** @type {(track: string|null) => void} */
    this.onSelect = () => {};
    /** @type {(track: string, box: Box, isDone: boolean) => void} */
    this.onChange = () => {};
    /** @type {(key: string|null) => void} */
    this.onHover = () => {};
    this.konva.on("click tap", (/** @type {any} */ event) => {
      if (event.target === this.konva) this.onSelect(null);
    });
  }

  #transformer() {
    const isCoarse = matchMedia("(pointer: coarse)").matches;
    return new Konva.Transformer({
      rotateEnabled: false, flipEnabled: false, keepRatio: false, ignoreStroke: true, shouldOverdrawWholeArea: false,
      anchorSize: isCoarse ? HANDLE_PX + 5 : HANDLE_PX, borderEnabled: false, anchorStroke: "#ffffff", anchorFill: "#0b5e6b",
      anchorStyleFunc: (/** @type {any} */ anchor) => anchor.hitStrokeWidth(TOUCH_HIT_PX),
      boundBoxFunc: (/** @type {any} */ before, /** @type {any} */ after) => (this.#isAllowed(after) ? after : before),
    });
  }

  /** @param {{x: number, y: number, width: number, height: number}} rect */
  #isAllowed(rect) {
    return isLargeEnough(clampBox(boxFromScreen(this.stage.view, rect), this.stage.image));
  }

  /** @param {Item[]} items @param {string|null} selected track */
  render(items, selected) {
    if (this.isDragging) return;
    const { width, height } = this.stage.size;
    if (this.konva.width() !== width || this.konva.height() !== height) this.konva.size({ width, height });
    const seen = new Set(items.map(({ key }) => key));
    for (const [key, { rect, label }] of this.nodes) {
      if (seen.has(key)) continue;
      rect.destroy();
      label.destroy();
      this.nodes.delete(key);
    }
    for (const item of items) this.#place(item, item.track !== null && item.track === selected);
    const chosen = items.find(({ track, editable }) => track !== null && track === selected && editable);
    const node = chosen && this.nodes.get(chosen.key)?.rect;
    this.transformer.nodes(node ? [node] : []);
    this.transformer.moveToTop();
    this.layer.batchDraw();
  }

  /** @param {Item} item @param {boolean} isSelected */
  #place(item, isSelected) {
    const node = this.nodes.get(item.key) ?? this.#create(item.key);
    node.item = item;
    const { rect, label } = node;
    const place = boxToScreen(this.stage.view, item.box);
    rect.setAttrs({
      ...place, scaleX: 1, scaleY: 1, stroke: item.colour, dash: item.dash, opacity: item.opacity,
      strokeWidth: isSelected || item.isHovered ? 3 : 2, draggable: item.draggable, listening: item.track !== null,
    });
    label.setAttrs({ ...labelPlace(item, place, this.stage.size), text: item.label, fill: item.colour });
    rect.moveToTop();
  }

  /** @param {string} key */
  #create(key) {
    const rect = new Konva.Rect({ strokeScaleEnabled: false, hitStrokeWidth: 14, fill: "rgba(0,0,0,0.001)" });
    const label = new Konva.Text({ fontSize: LABEL_SIZE_PX, listening: false, shadowColor: "#000", shadowBlur: 3, shadowOpacity: 1 });
    const node = { rect, label, item: /** @type {Item} */ (/** @type {unknown} */ (null)) };
    this.nodes.set(key, node);
    this.layer.add(rect, label);
    rect.on("click tap", () => this.onSelect(node.item.track));
    rect.on("mouseenter", () => this.onHover(node.item.track));
    rect.on("mouseleave", () => this.onHover(null));
    rect.on("dragstart transformstart", () => {
      this.onSelect(node.item.track);
      this.isDragging = true;
    });
    rect.on("dragmove", () => this.#dragged(node));
    rect.on("transform", () => this.#changed(node, false));
    rect.on("dragend transformend", () => {
      this.isDragging = false;
      this.#changed(node, true);
    });
    return node;
  }

  /** Keep a dragged box inside the image. @param {{rect: any, item: Item}} node */
  #dragged(node) {
    const { rect } = node;
    const { view, image } = this.stage;
    const low = { x: view.x, y: view.y };
    const high = { x: view.x + image.width * view.scaleX - rect.width(), y: view.y + image.height * view.scaleY - rect.height() };
    rect.position({ x: Math.min(Math.max(rect.x(), low.x), high.x), y: Math.min(Math.max(rect.y(), low.y), high.y) });
    this.#changed(node, false);
  }

  /** @param {{rect: any, label: any, item: Item}} node @param {boolean} isDone */
  #changed({ rect, label, item }, isDone) {
    const width = rect.width() * rect.scaleX();
    const height = rect.height() * rect.scaleY();
    const place = { x: rect.x(), y: rect.y(), width, height };
    label.position(labelPlace(item, place, this.stage.size));
    const box = boxFromScreen(this.stage.view, place);
    if (item.track) this.onChange(item.track, roundBox(clampBox(box, this.stage.image)), isDone);
  }
}
