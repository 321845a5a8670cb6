/** The look of every Plotly figure, taken from the page's own colours, so that both themes work. */

/** @param {string} name CSS custom property @returns {string} */
function token(name) {
  return getComputedStyle(document.documentElement).getPropertyValue(name).trim();
}

/** @returns {object} layout entries that follow the theme */
export function themed() {
  const axis = { gridcolor: token("--line"), linecolor: token("--line"), tickcolor: token("--line") };
  return {
    paper_bgcolor: "rgba(0,0,0,0)",
    plot_bgcolor: "rgba(0,0,0,0)",
    font: { color: getComputedStyle(document.body).color, family: "inherit", size: 13 },
    xaxis: axis,
    yaxis: axis,
  };
}

/** @param {object} layout figure's own layout @returns {object} layout with the theme below it */
export function withTheme(layout) {
  const theme = themed();
  return {
    ...theme,
    ...layout,
    font: theme.font,
    xaxis: { ...theme.xaxis, ...layout.xaxis },
    yaxis: { ...theme.yaxis, ...layout.yaxis },
  };
}

export const CONFIG = { displaylogo: false, responsive: true, displayModeBar: false };
