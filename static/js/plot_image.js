/** A figure as a picture: the same from the button of a page and from a study of files. Needs Plotly. */

import { printed } from "./plot_theme.js";

const EXPORT_WIDTH = 1000;
const PNG_SCALE = 2;

/**
 * @param {{data: object[], layout: object, export: {title: string, banner: string}}} figure
 * @param {"svg"|"png"} format
 * @returns {Promise<string>} the picture as a data: address
 */
export function pictureOf(figure, format) {
  const layout = printed(figure);
  const size = { width: EXPORT_WIDTH, height: layout.height, scale: format === "png" ? PNG_SCALE : 1 };
  return globalThis.Plotly.toImage({ data: figure.data, layout }, { format, ...size });
}
