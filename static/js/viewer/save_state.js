// @ts-check
/** Whether the work is saved, in words, for eyes and screen readers. */
import { t } from "./text.js";

/**
 * @param {import("./save_queue.js").SaveQueue} queue @param {HTMLElement} place
 */
export function showSaveState(queue, place) {
  const { kind, count, reason, at } = queue.status;
  const time = at ? at.toTimeString().slice(0, 8) : "";
  const key = kind === "forbidden" ? "loggedOut" : kind;
  const words = t(key, { count, reason, time });
  if (place.textContent !== words) place.textContent = words;
  place.dataset.kind = kind;
  place.dataset.count = String(count);
}

/** Ask before unsaved work would be left behind. @param {import("./save_queue.js").SaveQueue} queue */
export function guardLeaving(queue) {
  window.addEventListener("beforeunload", (event) => {
    if (queue.entries.length) event.preventDefault();
  });
}
