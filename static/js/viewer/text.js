// @ts-check
/** Sentences in the language of the page. */

/** @type {Record<string, string>} */
let sentences = {};

/** @param {Record<string, string>} given */
export function setText(given) {
  sentences = given;
}

/** A sentence with its {holes} filled. @param {string} key @param {Record<string, string|number>} [values] */
export function t(key, values = {}) {
  const sentence = sentences[key] ?? key;
  return sentence.replace(/\{(\w+)\}/g, (whole, name) => (name in values ? String(values[name]) : whole));
}
