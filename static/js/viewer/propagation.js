// @ts-check
/** How far a box is copied: the next frames, those before, or up to one frame; the last way is offered again. */
import { ask } from "./dialogs.js";

const WAYS = /** @type {const} */ (["next", "before", "frame"]);

/** @param {string} id @returns {HTMLInputElement} */
const field = (id) => /** @type {HTMLInputElement} */ (document.getElementById(id));

/**
 * The last frame to copy to, cut to the clip.
 * @param {"next"|"before"|"frame"} way @param {number} value frames, or the number of a frame (1-based)
 * @param {number} frame 0-based, where the box is @param {number} nFrames
 */
export function lastFrame(way, value, frame, nFrames) {
  const wanted = { next: frame + value, before: frame - value, frame: value - 1 }[way];
  return Math.min(Math.max(wanted, 0), nFrames - 1);
}

/** @param {number} frame 0-based @param {number} nFrames @returns {Promise<number|null>} 0-based; null: nothing to do */
export async function askHowFar(frame, nFrames) {
  field("propagate-frame").value = String(frame + 1 < nFrames ? nFrames : 1);
  for (const way of WAYS) {
    // Whoever changes a number means its line.
    field(`propagate-${way}`).onfocus = () => { field(`propagate-by-${way}`).checked = true; };
  }
  if ((await ask("propagate")) !== "go") return null;
  const way = WAYS.find((name) => field(`propagate-by-${name}`).checked) ?? "next";
  return lastFrame(way, Math.round(Number(field(`propagate-${way}`).value)), frame, nFrames);
}
