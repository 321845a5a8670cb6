/** Results page: draws every [data-plot-url] figure, and saves it as SVG, PNG or CSV. */

import { CONFIG, withTheme } from "./plot_theme.js";

/** @param {{data: object[]}} figure @returns {string} the figure's numbers, a line a point */
function csvOf(figure) {
  const lines = ["series,x,y"];
  for (const trace of figure.data) {
    const name = JSON.stringify(trace.name ?? "");
    (trace.x ?? []).forEach((x, index) => lines.push(`${name},${JSON.stringify(x)},${JSON.stringify(trace.y[index])}`));
  }
  return lines.join("\n");
}

/** @param {string} name @param {string} text */
function save(name, text) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([text], { type: "text/csv" }));
  link.download = name;
  link.click();
  URL.revokeObjectURL(link.href);
}

/** @param {HTMLElement} holder @param {object} figure */
function addTools(holder, figure) {
  const tools = holder.closest("section").querySelector("[data-tools]");
  for (const format of ["SVG", "PNG", "CSV"]) {
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = format;
    button.addEventListener("click", () => {
      if (format === "CSV") save(`${holder.dataset.name}.csv`, csvOf(figure));
      else globalThis.Plotly.downloadImage(holder, { format: format.toLowerCase(), filename: holder.dataset.name, scale: 2 });
    });
    tools.append(button);
  }
}

/** @param {HTMLElement} holder */
async function draw(holder) {
  const answer = await fetch(holder.dataset.plotUrl, { headers: { Accept: "application/json" } });
  if (!answer.ok) {
    holder.textContent = document.body.dataset.textServerError;
    return;
  }
  const figure = await answer.json();
  await globalThis.Plotly.newPlot(holder, figure.data, withTheme(figure.layout), CONFIG);
  holder.dataset.drawn = "1";
  addTools(holder, figure);
  document.addEventListener("themechange", () => globalThis.Plotly.relayout(holder, withTheme(figure.layout)));
}

for (const holder of document.querySelectorAll("[data-plot-url]")) draw(holder);
