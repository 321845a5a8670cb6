// @ts-check
/** A reader's statement that a clip shows no lesion in any frame, twin of studies/rules/no_lesion.py. */
import { TrackError } from "./tracks.js";

export const REASONS = Object.freeze(["not_in_view", "gone", "not_told_apart", "poor_picture", "other"]);

/** Whether a track has a box on any frame. @param {ReadonlyArray<{outside?: boolean}>} keyframes */
export const hasBox = (keyframes) => keyframes.some(({ outside }) => !outside);

/**
 * The statement after a change of the track: the code of its reason, or "". A box takes it back.
 * @param {ReadonlyArray<{outside?: boolean}>} keyframes of the track after the change
 * @param {string} before what was stated before
 * @param {string|null} [wanted] what the change itself states; null: nothing
 */
export function standingStatement(keyframes, before, wanted = null) {
  const stated = wanted ?? before;
  if (stated && !REASONS.includes(stated)) {
    throw new TrackError(`no_lesion must be empty or one of ${REASONS.join(", ")}; got ${stated}.`, "no_lesion");
  }
  if (!stated || !hasBox(keyframes)) return stated;
  if (wanted === null) return "";
  throw new TrackError("The track still has a box, so it cannot state that no lesion is seen.", "no_lesion");
}
