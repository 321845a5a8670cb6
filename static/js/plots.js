/** Figures: draws every [data-plot-url] when it comes into view, and saves it as SVG or PNG. */

import { pictureOf } from "./plot_image.js";
import { CONFIG, withTheme } from "./plot_theme.js";

/** @param {string} address @param {string} format @returns {string} */
export function exportAddress(address, format) {
  return `${address}${address.includes("?") ? "&" : "?"}export=${format}`;
}

/** @param {string} address @returns {Promise<{figure?: object, status: number}>} status 0: no answer came */
async function figureAt(address) {
  try {
    const answer = await fetch(address, { headers: { Accept: "application/json" } });
    return answer.ok ? { figure: await answer.json(), status: answer.status } : { status: answer.status };
  } catch {
    return { status: 0 };
  }
}

/** @param {HTMLElement} holder @param {"svg"|"png"} format */
async function save(holder, format) {
  const { figure } = await figureAt(exportAddress(holder.dataset.plotUrl, format));
  if (!figure) {
    document.dispatchEvent(new Event("htmx:sendError"));
    return;
  }
  const link = document.createElement("a");
  link.href = await pictureOf(figure, format);
  link.download = `${holder.dataset.name}.${format}`;
  link.click();
}

/** @param {HTMLElement} holder */
function addTools(holder) {
  const tools = holder.closest("section").querySelector("[data-tools]");
  for (const format of ["PNG", "SVG"]) {
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = format;
    button.addEventListener("click", () => save(holder, format.toLowerCase()));
    tools.prepend(button);
  }
}

/** @param {HTMLElement} holder */
async function draw(holder) {
  const { figure, status } = await figureAt(holder.dataset.plotUrl);
  if (!holder.isConnected) return;
  if (!figure) {
    holder.dataset.failed = status;
    holder.textContent = status === 404 ? holder.dataset.textNone : document.body.dataset.textServerError;
    return;
  }
  holder.replaceChildren();
  await globalThis.Plotly.newPlot(holder, figure.data, withTheme(figure.layout), CONFIG);
  holder.dataset.drawn = "1";
  holder.figureLayout = figure.layout;
  addTools(holder);
}

const whenSeen = new IntersectionObserver(
  (entries) => {
    for (const { isIntersecting, target } of entries) {
      if (!isIntersecting) continue;
      whenSeen.unobserve(target);
      draw(target);
    }
  },
  { rootMargin: "300px" },
);

/** @param {ParentNode} root */
function watch(root) {
  for (const holder of root.querySelectorAll("[data-plot-url]:not([data-watched])")) {
    holder.dataset.watched = "1";
    whenSeen.observe(holder);
  }
}

document.addEventListener("themechange", () => {
  for (const holder of document.querySelectorAll("[data-drawn]")) {
    globalThis.Plotly.relayout(holder, withTheme(holder.figureLayout));
  }
});
document.addEventListener("htmx:afterSettle", () => watch(document));
watch(document);
