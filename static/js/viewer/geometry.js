// @ts-check
/**
 * Boxes, handles and the way between image pixels and the screen. No DOM.
 *
 * @typedef {[number, number, number, number]} Box x1, y1, x2, y2 in image pixels
 * @typedef {{x: number, y: number}} Point
 * @typedef {{scaleX: number, scaleY: number, x: number, y: number}} View screen = image * scale + offset
 * @typedef {{width: number, height: number}} Size
 */

export const MIN_SIDE_PX = 3;
export const MAX_ZOOM = 40;
const DECIMALS = 100;

/** How much taller a pixel is than wide. @param {[number, number]|null} spacingMm (row, column) */
export function pixelAspect(spacingMm) {
  return spacingMm ? spacingMm[0] / spacingMm[1] : 1;
}

/**
 * The whole image in the middle of the stage, at its true aspect.
 * @param {Size} image pixels
 * @param {Size} stage screen pixels
 * @param {number} aspect of pixelAspect
 * @returns {View}
 */
export function fitView(image, stage, aspect) {
  const scaleX = Math.min(stage.width / image.width, stage.height / (image.height * aspect));
  const scaleY = scaleX * aspect;
  return { scaleX, scaleY, x: (stage.width - image.width * scaleX) / 2, y: (stage.height - image.height * scaleY) / 2 };
}

/** Zoom so that the image point under a screen point stays there.
 * @param {View} view @param {Point} at @param {number} factor @param {number} minScaleX @returns {View} */
export function zoomAt(view, at, factor, minScaleX) {
  const scaleX = Math.min(Math.max(view.scaleX * factor, minScaleX), minScaleX * MAX_ZOOM);
  const applied = scaleX / view.scaleX;
  return {
    scaleX,
    scaleY: view.scaleY * applied,
    x: at.x - (at.x - view.x) * applied,
    y: at.y - (at.y - view.y) * applied,
  };
}

/** @param {View} view @param {Point} point @returns {Point} */
export function toScreen(view, { x, y }) {
  return { x: x * view.scaleX + view.x, y: y * view.scaleY + view.y };
}

/** @param {View} view @param {Point} point @returns {Point} */
export function toImage(view, { x, y }) {
  return { x: (x - view.x) / view.scaleX, y: (y - view.y) / view.scaleY };
}

/** @param {View} view @param {Box} box @returns {{x: number, y: number, width: number, height: number}} */
export function boxToScreen(view, [x1, y1, x2, y2]) {
  const { x, y } = toScreen(view, { x: x1, y: y1 });
  return { x, y, width: (x2 - x1) * view.scaleX, height: (y2 - y1) * view.scaleY };
}

/** @param {View} view @param {{x: number, y: number, width: number, height: number}} rect @returns {Box} */
export function boxFromScreen(view, { x, y, width, height }) {
  const a = toImage(view, { x, y });
  const b = toImage(view, { x: x + width, y: y + height });
  return [a.x, a.y, b.x, b.y];
}

/** @param {number} value @param {number} low @param {number} high */
const within = (value, low, high) => Math.min(Math.max(value, low), high);

/** The box cut to the image. @param {Box} box @param {Size} image @returns {Box} */
export function clampBox([x1, y1, x2, y2], image) {
  return [within(x1, 0, image.width), within(y1, 0, image.height), within(x2, 0, image.width), within(y2, 0, image.height)];
}

/** The box moved, whole, no further than the image border.
 * @param {Box} box @param {number} dx @param {number} dy @param {Size} image @returns {Box} */
export function moveBox([x1, y1, x2, y2], dx, dy, image) {
  const mx = within(dx, -x1, image.width - x2);
  const my = within(dy, -y1, image.height - y2);
  return [x1 + mx, y1 + my, x2 + mx, y2 + my];
}

/** Coordinates to a hundredth of a pixel, as they are stored. @param {Box} box @returns {Box} */
export function roundBox(box) {
  return /** @type {Box} */ (box.map((value) => Math.round(value * DECIMALS) / DECIMALS));
}

/** The box between two corners, in any order. @param {Point} a @param {Point} b @returns {Box} */
export function boxOfCorners(a, b) {
  return [Math.min(a.x, b.x), Math.min(a.y, b.y), Math.max(a.x, b.x), Math.max(a.y, b.y)];
}

/** @param {Box} box */
export function isLargeEnough([x1, y1, x2, y2]) {
  return x2 - x1 >= MIN_SIDE_PX && y2 - y1 >= MIN_SIDE_PX;
}

/** The view moved so that the box is in the middle of the stage. @param {View} view @param {Box} box @param {Size} stage @returns {View} */
export function centredOn(view, [x1, y1, x2, y2], stage) {
  return {
    ...view,
    x: stage.width / 2 - ((x1 + x2) / 2) * view.scaleX,
    y: stage.height / 2 - ((y1 + y2) / 2) * view.scaleY,
  };
}

/**
 * Length of a line: mm where the clip is calibrated, else pixels.
 * @param {Point} a @param {Point} b @param {[number, number]|null} spacingMm (row, column)
 * @returns {{value: number, unit: "mm"|"px"}}
 */
export function lengthOf(a, b, spacingMm) {
  const [row, column] = spacingMm ?? [1, 1];
  return { value: Math.hypot((b.x - a.x) * column, (b.y - a.y) * row), unit: spacingMm ? "mm" : "px" };
}

/**
 * Area of a box: mm² where the clip is calibrated, else px².
 * @param {Box} box @param {[number, number]|null} spacingMm
 */
export function areaOf([x1, y1, x2, y2], spacingMm) {
  const [row, column] = spacingMm ?? [1, 1];
  return (x2 - x1) * column * ((y2 - y1) * row);
}
