// @ts-check
/**
 * The switch of interpolation, twin of toggle_interpolation in studies/rules/track_edits.py.
 *
 * @typedef {import("./tracks.js").Keyframe} Keyframe
 * @typedef {import("./track_patch.js").Patch} Patch
 * @typedef {ReadonlyArray<Readonly<Keyframe>>} Track
 */
import { TrackError, asKeyframes, changed, frameNumber } from "./tracks.js";
import { confirmed, put } from "./track_edits.js";
import { diff } from "./track_patch.js";

/** The outside keyframe, right after a keyframe, that empties the stretch up to the next one.
 * @param {Readonly<Keyframe>} keyframe @param {Track} track @param {number} nFrames */
function emptied(keyframe, track, nFrames) {
  return changed(confirmed(track, keyframe.frame + 1, nFrames), { outside: true });
}

/**
 * I: fill the gap that holds this frame, or empty the stretch up to the next keyframe.
 * @param {Iterable<any>} keyframes
 * @param {number} frame
 * @param {number} nFrames
 * @returns {Patch}
 */
export function toggleInterpolation(keyframes, frame, nFrames) {
  const track = asKeyframes(keyframes, nFrames);
  frameNumber(frame, "frame", nFrames);
  const before = track.filter((keyframe) => keyframe.frame <= frame);
  const after = track.filter((keyframe) => keyframe.frame > frame);
  const last = before.at(-1);
  if (last?.outside) {
    const left = before.slice(0, before.findLastIndex((keyframe) => !keyframe.outside) + 1);
    const firstIn = after.findIndex((keyframe) => !keyframe.outside);
    if (left.length && firstIn >= 0) return diff(track, [...left, ...after.slice(firstIn)]);
  } else if (last && after.length && after[0].frame - last.frame > 1) {
    return diff(track, put(track, emptied(last, track, nFrames)));
  }
  throw new TrackError("Interpolation needs a keyframe with a box on both sides of the frame.", "frame");
}

/**
 * Ctrl+I: fill every gap of the track; where there is none, empty every stretch between keyframes.
 * @param {Iterable<any>} keyframes
 * @param {number} nFrames
 * @returns {Patch}
 */
export function toggleAllInterpolation(keyframes, nFrames) {
  const track = asKeyframes(keyframes, nFrames);
  const inside = track.filter((keyframe) => !keyframe.outside).map((keyframe) => keyframe.frame);
  const [first, last] = [inside[0], inside[inside.length - 1]];
  if (first === undefined) return diff(track, track);
  const filled = track.filter((k) => !k.outside || !(first < k.frame && k.frame < last));
  if (filled.length < track.length) return diff(track, filled);
  let emptiedTrack = track;
  track.slice(1).forEach((b, i) => {
    const a = track[i];
    if (b.frame - a.frame > 1 && !a.outside && !b.outside) {
      emptiedTrack = put(emptiedTrack, emptied(a, track, nFrames));
    }
  });
  return diff(track, emptiedTrack);
}
