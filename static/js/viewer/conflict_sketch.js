// @ts-check
/**
 * A small drawing of one frame with its box before both, mine and theirs: numbers alone are hard to choose by.
 *
 * @typedef {import("./tracks.js").Keyframe} Keyframe
 */

const NAMESPACE = "http://www.w3.org/2000/svg";

/** @param {string} name @param {Record<string, string|number>} attributes */
function drawn(name, attributes) {
  const node = document.createElementNS(NAMESPACE, name);
  for (const [key, value] of Object.entries(attributes)) node.setAttribute(key, String(value));
  return node;
}

/**
 * @param {{width: number, height: number}} image pixels
 * @param {{before: Keyframe|null, mine: Keyframe|null, theirs: Keyframe|null}} sides
 */
export function sketch({ width, height }, sides) {
  const svg = drawn("svg", { class: "sketch", viewBox: `0 0 ${width} ${height}`, "aria-hidden": "true" });
  for (const [side, keyframe] of Object.entries(sides)) {
    if (!keyframe || keyframe.outside) continue;
    const { x1, y1, x2, y2 } = keyframe;
    svg.append(drawn("rect", { class: `side-${side}`, x: x1, y: y1, width: x2 - x1, height: y2 - y1 }));
  }
  return svg;
}
