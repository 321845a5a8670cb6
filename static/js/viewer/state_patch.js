// @ts-check
/**
 * A track's whole state under a patch: keyframes, frames that do not count, deletion. Twin of the server's
 * `track_patch` service.
 *
 * @typedef {import("./tracks.js").Keyframe} Keyframe
 * @typedef {{keyframes: ReadonlyArray<Readonly<Keyframe>>, excluded: Record<string, string>, deleted: boolean,
 *            no_lesion?: string}} State
 * @typedef {{create?: Keyframe[], update?: any[], delete?: number[], exclude?: Record<string, string>,
 *            include?: number[], deleted?: boolean, no_lesion?: string}} StatePatch
 */
import { hasBox, standingStatement } from "./no_lesion.js";
import { applyPatch, diff, mergeThreeWay, resolve, sameKeyframe } from "./track_patch.js";

/** @param {StatePatch} patch */
function boxParts({ create = [], update = [], delete: removed = [] }) {
  return { create, update, delete: removed };
}

/**
 * The state after a patch; the state given stays as it is.
 * @param {State} state @param {StatePatch} patch @param {number} nFrames @param {[number, number]} frameShape
 * @returns {State}
 */
export function applyState(state, patch, nFrames, frameShape) {
  const boxes = boxParts(patch);
  const touches = boxes.create.length + boxes.update.length + boxes.delete.length > 0;
  const excluded = { ...state.excluded, ...patch.exclude };
  for (const frame of patch.include ?? []) delete excluded[String(frame)];
  const keyframes = touches ? applyPatch(state.keyframes, boxes, nFrames, frameShape) : state.keyframes;
  return {
    keyframes,
    excluded,
    deleted: patch.deleted ?? state.deleted,
    no_lesion: standingStatement(keyframes, state.no_lesion ?? "", patch.no_lesion),
  };
}

/** The patch that leads from one state to another; empty parts are left out. @param {State} from @param {State} to @returns {StatePatch} */
export function stateDiff(from, to) {
  const boxes = diff(from.keyframes, to.keyframes);
  const exclude = Object.entries(to.excluded).filter(([frame, reason]) => from.excluded[frame] !== reason);
  const include = Object.keys(from.excluded).filter((frame) => !(frame in to.excluded)).map(Number);
  return {
    ...(boxes.create.length && { create: boxes.create }),
    ...(boxes.update.length && { update: boxes.update }),
    ...(boxes.delete.length && { delete: boxes.delete }),
    ...(exclude.length && { exclude: Object.fromEntries(exclude) }),
    ...(include.length && { include }),
    ...(from.deleted !== to.deleted && { deleted: to.deleted }),
    ...((from.no_lesion ?? "") !== (to.no_lesion ?? "") && { no_lesion: to.no_lesion ?? "" }),
  };
}

/** @param {StatePatch} patch */
export function isEmpty(patch) {
  return Object.keys(patch).length === 0;
}

/** Whether two states say the same. @param {State} a @param {State} b */
export function sameState(a, b) {
  return (
    a.deleted === b.deleted &&
    a.keyframes.length === b.keyframes.length &&
    a.keyframes.every((keyframe, i) => sameKeyframe(keyframe, b.keyframes[i])) &&
    isEmpty(stateDiff({ ...a, keyframes: [] }, { ...b, keyframes: [] }))
  );
}

/**
 * Exclusions and deletion of both sides: what I changed wins where I changed it.
 * @param {State} base @param {State} mine
 * @param {State} theirs
 */
export function mergeRest(base, mine, theirs) {
  const excluded = { ...theirs.excluded };
  for (const frame of new Set([...Object.keys(base.excluded), ...Object.keys(mine.excluded)])) {
    if (base.excluded[frame] === mine.excluded[frame]) continue;
    if (frame in mine.excluded) excluded[frame] = mine.excluded[frame];
    else delete excluded[frame];
  }
  return { excluded, deleted: mine.deleted === base.deleted ? theirs.deleted : mine.deleted };
}

/**
 * What was chosen, with what changed after it was shown on top.
 * @param {State} shown when the choice was offered @param {State} now @param {State} chosen
 * @returns {State}
 */
export function rebased(shown, now, chosen) {
  if (sameState(shown, now)) return chosen;
  const { merged, conflicts } = mergeThreeWay(shown.keyframes, now.keyframes, chosen.keyframes);
  const keyframes = resolve(merged, conflicts, conflicts.map(({ frame }) => frame));
  const stated = now.no_lesion === shown.no_lesion ? chosen.no_lesion : now.no_lesion;
  return { keyframes, ...mergeRest(shown, now, chosen), no_lesion: hasBox(keyframes) ? "" : stated };
}
