// @ts-check
/** Rules of the track model, said in the language of the page: the shared functions raise them in English. */

/** @type {readonly (readonly [RegExp, string])[]} */
const SENTENCES = [
  [/must measure at least 3 x 3/, "tooSmall"],
  [/^The only keyframe/, "onlyKeyframe"],
  [/begins after frame|begin before this frame/, "beforeTrack"],
  [/has no box (at|from)/, "noBoxHere"],
  [/^Interpolation needs/, "needsBothSides"],
  [/^to_frame must/, "otherFrame"],
  [/read only/, "readOnlyTrack"],
];

/** The key of the sentence for an error; the error's own words where there is none. @param {string} message */
export function refusalOf(message) {
  return SENTENCES.find(([pattern]) => pattern.test(message))?.[1] ?? message;
}
