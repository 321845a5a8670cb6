// @ts-check
/**
 * What to draw for a frame: model dashed, human solid, interpolated faded; colours that colour-blind eyes tell apart.
 *
 * @typedef {import("./store.js").Store} Store
 * @typedef {import("./store.js").Track} Track
 * @typedef {import("./box_layer.js").Item} Item
 */
import { t } from "./text.js";

/** Okabe and Ito's palette, without black. */
export const PALETTE = Object.freeze({
  mine: ["#56b4e9", "#e69f00", "#f0e442", "#0072b2"], model: "#cc79a7", others: ["#d55e00", "#009e73", "#f0e442"], detection: "#b8b8b8",
});
const DASHED = [9, 5];
const DOTTED = [2, 5];
const FADED = 0.6;

/** @param {Track} track */
export function colourOf(track) {
  if (track.source === "model") return PALETTE.model;
  if (!track.mine) return PALETTE.others[(track.reading ?? 0) % PALETTE.others.length];
  return PALETTE.mine[(track.number - 1) % PALETTE.mine.length];
}

/** @param {Track} track */
export function nameOf(track) {
  if (track.source === "model") return t("modelTrack");
  const name = t("track", { number: track.number });
  return track.mine || !track.reader ? name : `${name} · ${track.reader}`;
}

/** @param {Store} store @param {number} frame @returns {Item[]} */
export function itemsAt(store, frame) {
  return [...detectionItems(store, frame), ...trackItems(store, frame)];
}

/** @param {Store} store @param {number} frame @returns {Item[]} */
function detectionItems(store, frame) {
  if (!store.layers.detections) return [];
  return (store.detections[frame] ?? []).map(([x1, y1, x2, y2, confidence], i) => ({
    key: `detection-${i}`, track: null, box: [x1, y1, x2, y2], colour: PALETTE.detection, dash: DOTTED, opacity: 0.8,
    label: confidence.toFixed(2), isLabelBelow: true, isHovered: false, editable: false, draggable: false,
  }));
}

/** @param {Store} store @param {number} frame @returns {Item[]} */
function trackItems(store, frame) {
  const order = (/** @type {Track} */ track) => Number(track.mine) + Number(track.id === store.selected);
  const items = [];
  for (const track of [...store.visible].sort((a, b) => order(a) - order(b))) {
    const found = track.dense?.[frame];
    if (!found) continue;
    const { kind, carried, box } = found;
    const isModel = carried.source === "model";
    const confidence = kind === "keyframe" && isModel && carried.confidence !== null ? ` ${carried.confidence.toFixed(2)}` : "";
    items.push({
      key: track.id, track: track.id, box, colour: colourOf(track), label: `${nameOf(track)}${confidence}`,
      isLabelBelow: !track.mine, isHovered: track.id === store.hovered,
      dash: carried.occluded ? DOTTED : isModel ? DASHED : [], opacity: kind === "keyframe" ? 1 : FADED,
      editable: track.editable && !track.locked && store.tool === "select",
      draggable: track.editable && !track.locked && !track.pinned && store.tool === "select",
    });
  }
  return items;
}
