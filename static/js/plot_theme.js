/** The look of every Plotly figure, taken from the page's own colours, so that both themes work. */

/** @param {string} name CSS custom property @returns {string} */
function token(name) {
  return getComputedStyle(document.documentElement).getPropertyValue(name).trim();
}

/** @returns {object} layout entries that follow the theme */
export function themed() {
  return theme({ line: token("--line"), ink: getComputedStyle(document.body).color, ground: "rgba(0,0,0,0)" });
}

/** @param {{line: string, ink: string, ground: string}} colours @returns {object} */
function theme({ line, ink, ground }) {
  const axis = { gridcolor: line, linecolor: line, tickcolor: line };
  return { paper_bgcolor: ground, plot_bgcolor: ground, font: { color: ink, family: "inherit", size: 13 }, axis };
}

/** @param {object} layout @param {object} look @returns {object} layout with the look below it, on every axis */
function dressed(layout, { axis, ...look }) {
  const axes = {};
  for (const name of new Set(["xaxis", "yaxis", ...Object.keys(layout).filter((key) => /^[xy]axis\d*$/.test(key))])) {
    axes[name] = { ...axis, ...layout[name] };
  }
  return { ...look, ...layout, font: look.font, ...axes };
}

/** @param {object} layout figure's own layout @returns {object} layout with the theme below it */
export function withTheme(layout) {
  return dressed(layout, themed());
}

/**
 * A figure as it leaves the page: dark on white whatever the theme, with its title and what every export says.
 * @param {{layout: object, export: {title: string, banner: string}}} figure @returns {object} layout
 */
export function printed({ layout, export: said }) {
  const look = theme({ line: "#d5dbe0", ink: "#1d2429", ground: "#ffffff" });
  const top = (layout.margin?.t ?? 16) + 66;
  const full = dressed(layout, { ...look, font: { ...look.font, family: "Arial, sans-serif" } });
  return {
    ...full,
    height: (layout.height ?? 420) + 66,
    margin: { ...layout.margin, t: top },
    title: { text: said.title, subtitle: { text: said.banner }, x: 0.02, xanchor: "left", yref: "container", y: 0.97 },
  };
}

export const CONFIG = { displaylogo: false, responsive: true, displayModeBar: false };
