/** Ticking rows of a table: all of a page at once, a range with Shift, and how many are ticked. */

const BOXES = 'tbody input[type="checkbox"]';

/** The places between two ticked rows, both included, in the order of the table.
 * @param {number} from @param {number} to @returns {number[]} */
export function between(from, to) {
  const [low, high] = from <= to ? [from, to] : [to, from];
  return Array.from({ length: high - low + 1 }, (_, place) => low + place);
}

/** @param {HTMLElement} form @returns {HTMLInputElement[]} */
const boxesOf = (form) => [...form.querySelectorAll(BOXES)];

/** Show how many are ticked, and a mixed state at the top while only some are.
 * @param {HTMLElement} form */
function count(form) {
  const boxes = boxesOf(form);
  const ticked = boxes.filter((box) => box.checked).length;
  const all = form.querySelector("[data-bulk-all]");
  if (all) {
    all.checked = boxes.length > 0 && ticked === boxes.length;
    all.indeterminate = ticked > 0 && ticked < boxes.length;
  }
  for (const place of form.querySelectorAll("[data-bulk-count]")) place.textContent = String(ticked);
  for (const part of form.querySelectorAll("[data-bulk-any]")) part.hidden = ticked === 0;
}

let last = null;

document.addEventListener("click", (event) => {
  const box = event.target.closest(`[data-bulk] ${BOXES}`);
  if (!box) return;
  const form = box.closest("[data-bulk]");
  const boxes = boxesOf(form);
  if (event.shiftKey && last && boxes.includes(last)) {
    for (const place of between(boxes.indexOf(last), boxes.indexOf(box))) boxes[place].checked = box.checked;
  }
  last = box;
  count(form);
});

document.addEventListener("change", (event) => {
  const form = event.target.closest("[data-bulk]");
  if (!form) return;
  if (event.target.matches("[data-bulk-all]")) {
    for (const box of boxesOf(form)) box.checked = event.target.checked;
  }
  count(form);
});

document.addEventListener("htmx:afterSettle", () => {
  for (const form of document.querySelectorAll("[data-bulk]")) count(form);
});
