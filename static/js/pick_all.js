/** Lists with a tick a row: one tick for all of the page, and a count of what is chosen. */

const all = document.querySelector("[data-pick-all]");
const boxes = () => [...document.querySelectorAll('input[type="checkbox"][name="patient"]')];
const count = document.querySelector("[data-picked-count]");

function show() {
  const chosen = boxes().filter((box) => box.checked).length;
  if (count) count.textContent = chosen ? `${count.dataset.text} ${chosen}` : "";
  if (!all) return;
  all.checked = chosen > 0 && chosen === boxes().length;
  all.indeterminate = chosen > 0 && !all.checked;
}

all?.addEventListener("change", () => {
  for (const box of boxes()) box.checked = all.checked;
  show();
});
document.addEventListener("change", (event) => {
  if (event.target.name === "patient") show();
});
show();
