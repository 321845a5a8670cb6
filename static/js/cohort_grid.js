/** The cohort table by keyboard: arrows move between cells, Enter edits, Esc leaves, Space ticks, / searches. */

const STEPS = { ArrowLeft: [0, -1], ArrowRight: [0, 1], ArrowUp: [-1, 0], ArrowDown: [1, 0] };

/** The place one step away, kept inside the grid.
 * @param {{row: number, column: number}} place @param {string} key
 * @param {number} rows @param {number} columns @returns {{row: number, column: number}} */
export function moved(place, key, rows, columns) {
  const [down, right] = STEPS[key] ?? [0, 0];
  const clamp = (value, most) => Math.min(Math.max(value, 0), most - 1);
  return { row: clamp(place.row + down, rows), column: clamp(place.column + right, columns) };
}

const CELL = "[data-cell], [data-cell-open]";

/** @returns {HTMLElement[][]} the cells by row */
function grid() {
  const rows = document.querySelectorAll("[data-grid] tbody tr");
  return [...rows].map((row) => [...row.querySelectorAll(CELL)]).filter((cells) => cells.length > 0);
}

/** One cell takes part in the Tab order: the one that had the focus last, else the first. */
function focusable() {
  if (!document.querySelector('[data-cell][tabindex="0"]')) {
    const first = document.querySelector("[data-grid] [data-cell]");
    if (first) first.tabIndex = 0;
  }
}

/** @param {HTMLElement} cell */
function focus(cell) {
  for (const other of document.querySelectorAll('[data-cell][tabindex="0"]')) other.tabIndex = -1;
  cell.tabIndex = 0;
  cell.focus();
}

/** @param {HTMLElement} cell */
function edit(cell) {
  const address = `${cell.closest("tr").dataset.href}clinical/${cell.dataset.cell}/?edit=1`;
  globalThis.htmx.ajax("GET", address, { target: cell, swap: "outerHTML" });
}

/** @param {KeyboardEvent} event @param {HTMLElement} cell */
function onCellKey(event, cell) {
  const cells = grid();
  if (event.key in STEPS) {
    const row = cells.findIndex((line) => line.includes(cell));
    const to = moved({ row, column: cells[row].indexOf(cell) }, event.key, cells.length, cells[row].length);
    focus(cells[to.row][to.column]);
  } else if (event.key === "Enter" || event.key === "F2") {
    edit(cell);
  } else if (event.key === " ") {
    cell.closest("tr").querySelector('input[type="checkbox"]')?.click();
  } else {
    return;
  }
  event.preventDefault();
}

document.addEventListener("keydown", (event) => {
  const open = event.target.closest("[data-cell-open]");
  if (open && event.key === "Escape") {
    globalThis.htmx.ajax("GET", open.dataset.show, { target: open, swap: "outerHTML" });
  } else if (event.target.matches("[data-cell]")) {
    onCellKey(event, event.target);
  } else if (event.key === "/" && !event.target.closest("input, textarea, select")) {
    event.preventDefault();
    document.getElementById("c-q")?.focus();
  }
});

document.addEventListener("dblclick", (event) => {
  const cell = event.target.closest("[data-cell]");
  if (cell) edit(cell);
});

/** A click into a cell puts the keyboard there and does not open the patient. */
document.addEventListener(
  "click",
  (event) => {
    const cell = event.target.closest(CELL);
    if (!cell || event.target.closest("a")) return;
    event.stopPropagation();
    if (cell.matches("[data-cell]")) focus(cell);
  },
  true,
);

/** A choice is made as soon as it is chosen. */
document.addEventListener("change", (event) => {
  if (event.target.matches("[data-cell-open] select")) event.target.form.requestSubmit();
});

let last = "";
document.addEventListener("htmx:beforeSwap", (event) => {
  if (event.detail.target?.matches?.(CELL)) last = event.detail.target.id;
});
document.addEventListener("htmx:afterSettle", () => {
  focusable();
  const cell = last && document.getElementById(last);
  last = "";
  if (!cell) return;
  const field = cell.querySelector("input:not([type=hidden]), select");
  if (field) {
    field.focus();
    if (field.matches("input")) field.select();
  } else if (cell.matches("[data-cell]")) {
    focus(cell);
  }
});

/** A view is saved with the filters as they are now, not as the page was opened. */
document.addEventListener("submit", (event) => {
  if (!event.target.matches("[data-view-form]")) return;
  const now = new URLSearchParams(globalThis.location.search);
  for (const field of event.target.querySelectorAll('input[type="hidden"]')) {
    if (field.name !== "csrfmiddlewaretoken") field.value = now.get(field.name) ?? "";
  }
});

focusable();
