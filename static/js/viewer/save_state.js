// @ts-check
/** Whether the work is saved, in words, for eyes and screen readers. */
import { t } from "./text.js";

/** @type {Record<string, string>} where the sentence has another name than the state */
const KEYS = { forbidden: "loggedOut", locked: "signedElsewhere" };

/**
 * @param {import("./save_queue.js").SaveQueue} queue @param {HTMLElement} place
 */
export function showSaveState(queue, place) {
  const { kind, count, reason, at } = queue.status;
  const time = at ? at.toTimeString().slice(0, 8) : "";
  const words = t(KEYS[kind] ?? kind, { count, reason, time });
  if (place.textContent !== words) place.textContent = words;
  place.dataset.kind = kind;
  place.dataset.count = String(count);
  const resolve = document.getElementById("resolve");
  if (resolve) resolve.hidden = queue.blocked.size === 0;
}

/** Ask before unsaved work would be left behind. @param {import("./save_queue.js").SaveQueue} queue */
export function guardLeaving(queue) {
  window.addEventListener("beforeunload", (event) => {
    if (queue.entries.length) event.preventDefault();
  });
}
