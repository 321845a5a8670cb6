/** Tables that sort by a click or Enter on a heading, and that selects above them filter. */

/** @param {HTMLTableCellElement} cell @returns {number|string} */
function keyOf(cell) {
  const text = cell.dataset.value ?? cell.textContent.trim();
  const number = Number.parseFloat(text);
  return Number.isNaN(number) ? text.toLowerCase() : number;
}

/** @param {HTMLTableElement} table @param {number} column */
function sort(table, column) {
  const heading = table.tHead.rows[0].cells[column];
  const ascending = heading.getAttribute("aria-sort") !== "ascending";
  for (const cell of table.tHead.rows[0].cells) cell.removeAttribute("aria-sort");
  heading.setAttribute("aria-sort", ascending ? "ascending" : "descending");
  const rows = [...table.tBodies[0].rows].sort((a, b) => {
    const [x, y] = [keyOf(a.cells[column]), keyOf(b.cells[column])];
    const order = typeof x === typeof y ? (x < y ? -1 : x > y ? 1 : 0) : typeof x === "number" ? -1 : 1;
    return ascending ? order : -order;
  });
  table.tBodies[0].append(...rows);
}

/** @param {HTMLTableElement} table */
function makeSortable(table) {
  table.dataset.ready = "1";
  [...table.tHead.rows[0].cells].forEach((cell, column) => {
    cell.dataset.sort = "";
    cell.tabIndex = 0;
    cell.addEventListener("click", () => sort(table, column));
    cell.addEventListener("keydown", (event) => {
      if (event.key === "Enter" || event.key === " ") {
        event.preventDefault();
        sort(table, column);
      }
    });
  });
}

/** @param {string} name of the table: shows the rows that all its selects let through, and counts them */
function filter(name) {
  const table = document.querySelector(`#table-${name} table`);
  const selects = [...document.querySelectorAll(`select[data-filter="${name}"]`)];
  let shown = 0;
  for (const row of table.tBodies[0].rows) {
    const fits = selects.every(({ value, dataset }) => {
      return !value || row.cells[Number(dataset.column)].firstChild.textContent.trim() === value;
    });
    row.hidden = !fits;
    if (fits) shown += 1;
  }
  const count = document.querySelector(`[data-count="${name}"]`);
  if (count) count.textContent = `${shown} / ${table.tBodies[0].rows.length} ${count.dataset.words}`;
}

function setUp() {
  for (const table of document.querySelectorAll("table[data-sortable]:not([data-ready])")) makeSortable(table);
  for (const name of new Set([...document.querySelectorAll("[data-count]")].map((count) => count.dataset.count))) {
    filter(name);
  }
}

document.addEventListener("change", (event) => {
  if (event.target.dataset?.filter) filter(event.target.dataset.filter);
});
document.addEventListener("htmx:afterSettle", setUp);
setUp();
