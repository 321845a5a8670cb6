// @ts-check
/** Questions: a <dialog> each, answered by the value of the button that closes it. */

/** @param {string} id @returns {HTMLDialogElement} */
export function dialog(id) {
  return /** @type {HTMLDialogElement} */ (document.getElementById(`dialog-${id}`));
}

/** Ask and wait for the answer; "" when cancelled. @param {string} id @returns {Promise<string>} */
export function ask(id) {
  const box = dialog(id);
  box.returnValue = "";
  if (!box.open) box.showModal();
  return new Promise((resolve) => {
    box.addEventListener("close", () => resolve(box.returnValue), { once: true });
  });
}

/** Buttons with a number answer to its key. @param {string} id */
export function answerByNumber(id) {
  dialog(id).addEventListener("keydown", (event) => {
    const button = /** @type {HTMLElement|null} */ (dialog(id).querySelector(`[data-number="${event.key}"]`));
    if (!/^\d$/.test(event.key) || !button) return;
    event.preventDefault();
    event.stopPropagation(); // the dialog is closed when the page hears of the key: it must not act there too
    button.click();
  });
}

/** Whether a dialog is open: keys mean the dialog then. */
export function isAsking() {
  return document.querySelector("dialog[open]") !== null;
}
