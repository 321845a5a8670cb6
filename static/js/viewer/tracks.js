// @ts-check
/**
 * The one track model, twin of studies/rules/tracks.py: a lesion's box over time, kept as a few keyframes.
 *
 * Geometry only, no DOM. Coordinates are pixel edges, half-open, origin top left; frames are 0-based. Every
 * expression on coordinates is written in the same order as in Python, so that both give the same doubles;
 * tests/baselines/track_vectors.json proves it (tests/js/tracks.test.js and tests/studies/rules/).
 *
 * @typedef {Object} Keyframe
 * @property {number} frame 0-based
 * @property {number} x1
 * @property {number} y1
 * @property {number} x2
 * @property {number} y2
 * @property {boolean} outside the lesion is out of view from this frame on
 * @property {boolean} occluded
 * @property {"model"|"human"} source
 * @property {number|null} confidence the detector's, in [0, 1]
 * @property {boolean} truncated cut by the image border
 * @property {boolean} uncertain
 *
 * @typedef {[number, number, number, number]} Box x1, y1, x2, y2 in pixels
 * @typedef {{box: Box, kind: "keyframe"|"interpolated"|"held", carried: Keyframe}} FrameBox
 */

export const MIN_SIDE_PX = 3;
export const ROUNDING_PX = 1e-6;
export const MAX_COORDINATE_PX = 1e6;
export const COORDINATES = Object.freeze(["x1", "y1", "x2", "y2"]);
export const KEYFRAME_FIELDS = Object.freeze([
  "frame", "x1", "y1", "x2", "y2", "outside", "occluded", "source", "confidence", "truncated", "uncertain",
]);
export const REQUIRED_FIELDS = Object.freeze(["frame", ...COORDINATES]);
const DEFAULTS = Object.freeze({
  outside: false, occluded: false, source: "human", confidence: null, truncated: false, uncertain: false,
});

/** A track, keyframe or patch breaks a rule; `field` names the culprit, such as "keyframes[3].x1". */
export class TrackError extends Error {
  /**
   * @param {string} message
   * @param {string} field
   */
  constructor(message, field) {
    super(message);
    this.name = "TrackError";
    this.field = field;
  }
}

/**
 * A 0-based frame index, checked.
 * @param {unknown} value
 * @param {string} [field]
 * @param {number} [nFrames]
 * @returns {number}
 */
export function frameNumber(value, field = "frame", nFrames = undefined) {
  if (typeof value !== "number" || !Number.isInteger(value)) {
    throw new TrackError(`${field} must be a whole number, got ${JSON.stringify(value)}.`, field);
  }
  if (value < 0 || (nFrames !== undefined && value >= nFrames)) {
    const upper = nFrames === undefined ? "" : ` and below the ${nFrames} frames of the clip`;
    throw new TrackError(`${field} must be at least 0${upper}, got ${value}.`, field);
  }
  return value;
}

/** @param {unknown} value @param {string} field */
function checkCoordinate(value, field) {
  if (typeof value !== "number" || !(Math.abs(value) <= MAX_COORDINATE_PX)) {
    throw new TrackError(`${field} must be a finite number of pixels, got ${JSON.stringify(value)}.`, field);
  }
}

/**
 * A complete, checked, frozen keyframe from any object with its fields; fields that are missing get defaults.
 * @param {any} item
 * @param {string} [field] prefix of the field in an error, "" for none
 * @returns {Readonly<Keyframe>}
 */
export function asKeyframe(item, field = "") {
  const at = (/** @type {string} */ name) => (field ? `${field}.${name}` : name);
  if (item === null || typeof item !== "object") {
    throw new TrackError(`${field || "keyframe"} must be an object.`, field || "keyframe");
  }
  for (const name of REQUIRED_FIELDS) {
    if (item[name] === undefined) throw new TrackError(`${at(name)} is missing.`, at(name));
  }
  const found = /** @type {any} */ ({});
  for (const name of KEYFRAME_FIELDS) {
    found[name] = item[name] === undefined ? DEFAULTS[/** @type {keyof DEFAULTS} */ (name)] : item[name];
  }
  frameNumber(found.frame, at("frame"));
  for (const name of COORDINATES) checkCoordinate(found[name], at(name));
  for (const name of ["outside", "occluded", "truncated", "uncertain"]) {
    if (typeof found[name] !== "boolean") throw new TrackError(`${at(name)} must be true or false.`, at(name));
  }
  if (found.source !== "model" && found.source !== "human") {
    throw new TrackError(`${at("source")} must be 'model' or 'human'.`, at("source"));
  }
  const { confidence } = found;
  if (confidence !== null && !(typeof confidence === "number" && confidence >= 0 && confidence <= 1)) {
    throw new TrackError(`${at("confidence")} must lie in [0, 1].`, at("confidence"));
  }
  return Object.freeze(found);
}

/**
 * A keyframe with some fields changed.
 * @param {Keyframe} keyframe
 * @param {Partial<Keyframe>} changes
 * @returns {Readonly<Keyframe>}
 */
export function changed(keyframe, changes) {
  return asKeyframe({ ...keyframe, ...changes });
}

/**
 * All keyframes of one track, checked: frames strictly increasing and, where known, inside the clip.
 * @param {Iterable<any>} items
 * @param {number} [nFrames]
 * @returns {ReadonlyArray<Readonly<Keyframe>>}
 */
export function asKeyframes(items, nFrames = undefined) {
  const keyframes = [...items].map((item, i) => asKeyframe(item, `keyframes[${i}]`));
  keyframes.forEach((keyframe, i) => {
    const field = `keyframes[${i}].frame`;
    frameNumber(keyframe.frame, field, nFrames);
    if (i > 0 && keyframe.frame <= keyframes[i - 1].frame) {
      throw new TrackError(`${field} must be greater than the frame before it, got ${keyframe.frame}.`, field);
    }
  });
  return keyframes;
}

/** @param {unknown} nFrames */
function checkClipLength(nFrames) {
  if (typeof nFrames !== "number" || !Number.isInteger(nFrames) || nFrames < 1) {
    throw new TrackError(`n_frames must be a whole number of at least 1, got ${nFrames}.`, "n_frames");
  }
}

/**
 * The four coordinates of a keyframe.
 * @param {Keyframe} keyframe
 * @returns {Box}
 */
export function boxOf(keyframe) {
  return [keyframe.x1, keyframe.y1, keyframe.x2, keyframe.y2];
}

/**
 * The box on the straight line from a to b; per coordinate a + ((b - a) * (f - f0)) / (f1 - f0), in this order.
 * @param {Keyframe} a
 * @param {Keyframe} b
 * @param {number} frame
 * @returns {Box}
 */
export function interpolate(a, b, frame) {
  const step = frame - a.frame;
  const span = b.frame - a.frame;
  const end = boxOf(b);
  return /** @type {Box} */ (boxOf(a).map((p, i) => p + ((end[i] - p) * step) / span));
}

/**
 * @param {ReadonlyArray<Readonly<Keyframe>>} keyframes
 * @param {number} index of the governing keyframe, -1: before the first
 * @param {number} frame
 * @returns {FrameBox|null}
 */
function frameBox(keyframes, index, frame) {
  if (index < 0 || keyframes[index].outside) return null;
  const carried = keyframes[index];
  if (carried.frame === frame) return { box: boxOf(carried), kind: "keyframe", carried };
  if (index + 1 === keyframes.length) return { box: boxOf(carried), kind: "held", carried };
  return { box: interpolate(carried, keyframes[index + 1], frame), kind: "interpolated", carried };
}

/**
 * As boxAt, with the kind of the box and the keyframe that governs it.
 * @param {Iterable<any>} keyframes
 * @param {number} frameIndex
 * @param {number} nFrames
 * @returns {FrameBox|null}
 */
export function frameBoxAt(keyframes, frameIndex, nFrames) {
  checkClipLength(nFrames);
  const track = asKeyframes(keyframes, nFrames);
  frameNumber(frameIndex, "frame_index", nFrames);
  return frameBox(track, track.findLastIndex((keyframe) => keyframe.frame <= frameIndex), frameIndex);
}

/**
 * The box of a track at one frame, or null where it has none (rules: studies/rules/tracks.py, box_at).
 * @param {Iterable<any>} keyframes
 * @param {number} frameIndex 0-based
 * @param {number} nFrames
 * @returns {Box|null}
 */
export function boxAt(keyframes, frameIndex, nFrames) {
  return frameBoxAt(keyframes, frameIndex, nFrames)?.box ?? null;
}

/**
 * boxAt for every frame of the clip, in one pass.
 * @param {Iterable<any>} keyframes
 * @param {number} nFrames
 * @returns {Array<FrameBox|null>}
 */
export function boxes(keyframes, nFrames) {
  checkClipLength(nFrames);
  const track = asKeyframes(keyframes, nFrames);
  let index = -1;
  return Array.from({ length: nFrames }, (_, frame) => {
    if (index + 1 < track.length && track[index + 1].frame === frame) index += 1;
    return frameBox(track, index, frame);
  });
}

/**
 * The keyframe with its box cut to the image; less than 3 x 3 px left is an error.
 * @param {any} keyframe
 * @param {number} nFrames
 * @param {[number, number]} frameShape height, width
 * @returns {Readonly<Keyframe>}
 */
export function clamped(keyframe, nFrames, [height, width]) {
  const checked = asKeyframe(keyframe);
  frameNumber(checked.frame, "frame", nFrames);
  const [x1, x2] = [checked.x1, checked.x2].map((x) => Math.min(Math.max(x, 0), width));
  const [y1, y2] = [checked.y1, checked.y2].map((y) => Math.min(Math.max(y, 0), height));
  for (const [side, low, high] of /** @type {[string, number, number][]} */ ([["x2", x1, x2], ["y2", y1, y2]])) {
    if (high - low < MIN_SIDE_PX - ROUNDING_PX) {
      throw new TrackError(
        `The box at frame ${checked.frame + 1} measures ${x2 - x1} x ${y2 - y1} px inside the ${width} x ${height} ` +
          "image; it must measure at least 3 x 3 px. Draw a larger box.",
        side,
      );
    }
  }
  return changed(checked, { x1, y1, x2, y2 });
}
