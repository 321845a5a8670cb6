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

/** Whether a dialog is open: keys mean the dialog then. */
export function isAsking() {
  return document.querySelector("dialog[open]") !== null;
}
