// @ts-check
/**
 * What a reader does to a track, twin of studies/rules/track_edits.py: pure functions that return the patch of
 * the act. Apply it with applyPatch; keep inverse(keyframes, patch) for undo.
 *
 * @typedef {import("./tracks.js").Keyframe} Keyframe
 * @typedef {import("./tracks.js").Box} Box
 * @typedef {import("./track_patch.js").Patch} Patch
 * @typedef {ReadonlyArray<Readonly<Keyframe>>} Track
 */
import { TrackError, asKeyframe, asKeyframes, boxOf, boxes, changed, clamped, frameBoxAt, frameNumber } from "./tracks.js";
import { diff } from "./track_patch.js";

export const CARRIED_FLAGS = Object.freeze(["occluded", "truncated", "uncertain"]);

/** @param {Box} a @param {Box} b */
const sameBox = (a, b) => a.every((value, i) => value === b[i]);

/** The keyframe at or before a frame. @param {Track} track @param {number} frame */
const governing = (track, frame) => track.findLast((keyframe) => keyframe.frame <= frame);

/**
 * The track at a frame as a keyframe, source as it was; outside where it has no box there.
 * @param {Track} track @param {number} frame @param {number} nFrames
 */
function standing(track, frame, nFrames) {
  frameNumber(frame, "frame", nFrames);
  const before = governing(track, frame);
  if (!before) throw new TrackError(`The track begins after frame ${frame + 1}; draw a box first.`, "frame");
  if (before.frame === frame) return before;
  const [x1, y1, x2, y2] = frameBoxAt(track, frame, nFrames)?.box ?? boxOf(before);
  return changed(before, { frame, x1, y1, x2, y2, confidence: null });
}

/** The track at a frame as a person's keyframe. @param {Track} track @param {number} frame @param {number} nFrames */
export const confirmed = (track, frame, nFrames) => changed(standing(track, frame, nFrames), { source: "human" });

/** @param {Track} track @param {number} frame @param {number} nFrames */
function withBox(track, frame, nFrames) {
  const here = confirmed(track, frame, nFrames);
  if (here.outside) throw new TrackError(`The track has no box at frame ${frame + 1}.`, "frame");
  return here;
}

/** The track with a keyframe in its place. @param {Track} track @param {Readonly<Keyframe>} keyframe @returns {Track} */
export function put(track, keyframe) {
  return [...track.filter((other) => other.frame !== keyframe.frame), keyframe].sort((a, b) => a.frame - b.frame);
}

/** @param {Track} track @param {number} frame @param {Readonly<Keyframe>} last @param {number} nFrames */
function guardAfter(track, frame, last, nFrames) {
  if (frameBoxAt(track, frame, nFrames)) return standing(track, frame, nFrames);
  return last.outside ? null : changed(last, { frame, outside: true, confidence: null });
}

/**
 * The track with `inside` on the frames start to stop and every other frame as it was.
 * @param {Track} track @param {number} start @param {number} stop @param {Track} inside @param {number} nFrames
 * @returns {Track}
 */
function rewritten(track, start, stop, inside, nFrames) {
  const left = track.filter((keyframe) => keyframe.frame < start);
  const right = track.filter((keyframe) => keyframe.frame > stop);
  const last = left.at(-1);
  if (last && !last.outside && last.frame < start - 1) {
    const here = frameBoxAt(track, start, nFrames);
    if (!here || !sameBox(here.box, boxOf(inside[0]))) left.push(standing(track, start - 1, nFrames));
  }
  if (stop + 1 < nFrames && right[0]?.frame !== stop + 1) {
    const guard = guardAfter(track, stop + 1, inside[inside.length - 1], nFrames);
    if (guard) right.unshift(guard);
  }
  return [...left, ...inside, ...right];
}

/** Draw, move or resize: a person's keyframe with this box, clamped, flags as they stood.
 * @param {Iterable<any>} keyframes @param {number} frame @param {Box} box @param {number} nFrames
 * @param {[number, number]} frameShape height, width
 * @returns {Patch} */
export function setBox(keyframes, frame, [x1, y1, x2, y2], nFrames, frameShape) {
  const track = asKeyframes(keyframes, nFrames);
  frameNumber(frame, "frame", nFrames);
  const before = governing(track, frame);
  const flags = before && { occluded: before.occluded, truncated: before.truncated, uncertain: before.uncertain };
  return diff(track, put(track, clamped(asKeyframe({ frame, x1, y1, x2, y2, ...flags }), nFrames, frameShape)));
}

/** K: remove a keyframe, or make this frame one.
 * @param {Iterable<any>} keyframes @param {number} frame @param {number} nFrames @returns {Patch} */
export function toggleKeyframe(keyframes, frame, nFrames) {
  const track = asKeyframes(keyframes, nFrames);
  const without = track.filter((keyframe) => keyframe.frame !== frame);
  if (without.length === track.length) return diff(track, put(track, confirmed(track, frame, nFrames)));
  if (without.length === 0) {
    throw new TrackError("The only keyframe of a track cannot be removed; delete the whole track instead.", "frame");
  }
  return diff(track, without);
}

/** O: out of view from this frame on, or in view again.
 * @param {Iterable<any>} keyframes @param {number} frame @param {number} nFrames @returns {Patch} */
export function toggleOutside(keyframes, frame, nFrames) {
  const track = asKeyframes(keyframes, nFrames);
  const here = confirmed(track, frame, nFrames);
  return diff(track, put(track, changed(here, { outside: !here.outside })));
}

/** Q, U, J: switch "occluded", "truncated" or "uncertain" from this frame on.
 * @param {Iterable<any>} keyframes @param {number} frame @param {string} flag @param {number} nFrames
 * @returns {Patch} */
export function toggleFlag(keyframes, frame, flag, nFrames) {
  if (!CARRIED_FLAGS.includes(flag)) throw new TrackError(`flag must be one of ${CARRIED_FLAGS}, got ${flag}.`, "flag");
  const track = asKeyframes(keyframes, nFrames);
  const here = withBox(track, frame, nFrames);
  return diff(track, put(track, changed(here, { [flag]: !here[/** @type {"occluded"} */ (flag)] })));
}

/** Shift+A: a person confirms the box of this frame.
 * @param {Iterable<any>} keyframes @param {number} frame @param {number} nFrames @returns {Patch} */
export function acceptFrame(keyframes, frame, nFrames) {
  const track = asKeyframes(keyframes, nFrames);
  return diff(track, put(track, withBox(track, frame, nFrames)));
}

/** A: a person confirms every keyframe. @param {Iterable<any>} keyframes @returns {Patch} */
export function acceptTrack(keyframes) {
  const track = asKeyframes(keyframes);
  return diff(track, track.map((keyframe) => changed(keyframe, { source: "human" })));
}

/** G: this frame has no box; all others keep theirs.
 * @param {Iterable<any>} keyframes @param {number} frame @param {number} nFrames @returns {Patch} */
export function rejectFrame(keyframes, frame, nFrames) {
  const track = asKeyframes(keyframes, nFrames);
  const out = changed(withBox(track, frame, nFrames), { outside: true });
  return diff(track, rewritten(track, frame, frame, [out], nFrames));
}

/** Ctrl+B: the box of a frame on every frame up to and including toFrame, forward or backward.
 * @param {Iterable<any>} keyframes @param {number} frame @param {number} toFrame @param {number} nFrames
 * @returns {Patch} */
export function propagate(keyframes, frame, toFrame, nFrames) {
  const track = asKeyframes(keyframes, nFrames);
  frameNumber(toFrame, "to_frame", nFrames);
  const here = withBox(track, frame, nFrames);
  if (toFrame === frame) throw new TrackError("to_frame must differ from frame.", "to_frame");
  const copied = changed(here, { frame: toFrame, confidence: null });
  const inside = toFrame > frame ? [here, copied] : [copied, here];
  return diff(track, rewritten(track, inside[0].frame, inside[1].frame, inside, nFrames));
}

/** Del: nothing from this frame to the end of the clip.
 * @param {Iterable<any>} keyframes @param {number} frame @param {number} nFrames @returns {Patch} */
export function deleteFrom(keyframes, frame, nFrames) {
  const track = asKeyframes(keyframes, nFrames);
  frameNumber(frame, "frame", nFrames);
  const before = track.filter((keyframe) => keyframe.frame < frame);
  const last = before.at(-1);
  if (!last) {
    throw new TrackError("The track does not begin before this frame; delete the whole track instead.", "frame");
  }
  if (last.outside) return diff(track, before);
  return diff(track, [...before, changed(confirmed(track, frame, nFrames), { outside: true })]);
}

/** Shift+G: no box on any frame; one keyframe of a person, out of view, is left at frame 0.
 * @param {Iterable<any>} keyframes @param {number} nFrames @returns {Patch} */
export function removeBoxes(keyframes, nFrames) {
  const track = asKeyframes(keyframes, nFrames);
  const [x1, y1, x2, y2] = track.length ? boxOf(track[0]) : [];
  return diff(track, track.length ? [asKeyframe({ frame: 0, x1, y1, x2, y2, outside: true })] : []);
}

/** M: what the other track has where this one has nothing. The caller deletes the other track.
 * @param {Iterable<any>} keyframes @param {Iterable<any>} other @param {number} nFrames @returns {Patch} */
export function merge(keyframes, other, nFrames) {
  const [track, second] = [asKeyframes(keyframes, nFrames), asKeyframes(other, nFrames)];
  const [mine, theirs] = [boxes(track, nFrames), boxes(second, nFrames)];
  let merged = track;
  for (let start = 0; start < nFrames; start += 1) {
    if (mine[start] || !theirs[start]) continue;
    let stop = start;
    while (stop + 1 < nFrames && !mine[stop + 1] && theirs[stop + 1]) stop += 1;
    merged = rewritten(merged, start, stop, cut(second, start, stop, nFrames), nFrames);
    start = stop;
  }
  return diff(track, merged);
}

/** Keyframes that say of start to stop what a track with a box on all of them says.
 * @param {Track} track @param {number} start @param {number} stop @param {number} nFrames @returns {Track} */
function cut(track, start, stop, nFrames) {
  const within = track.filter((keyframe) => start < keyframe.frame && keyframe.frame < stop);
  const ends = start === stop ? [start] : [start, stop];
  return [...within, ...ends.map((frame) => standing(track, frame, nFrames))].sort((a, b) => a.frame - b.frame);
}

/** Alt+M: the track ends before a frame; what follows becomes the keyframes of a new track.
 * @param {Iterable<any>} keyframes @param {number} frame @param {number} nFrames
 * @returns {{left: Patch, right: Track}} */
export function split(keyframes, frame, nFrames) {
  const track = asKeyframes(keyframes, nFrames);
  const left = deleteFrom(track, frame, nFrames);
  const later = track.filter((keyframe) => keyframe.frame >= frame);
  const here = frameBoxAt(track, frame, nFrames);
  if (here && here.kind !== "keyframe") later.unshift(standing(track, frame, nFrames));
  while (later.length && later[0].outside) later.shift();
  if (!later.length) {
    throw new TrackError("The track has no box from this frame on; there is nothing to split.", "frame");
  }
  return { left, right: later };
}
