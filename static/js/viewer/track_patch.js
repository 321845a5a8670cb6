// @ts-check
/**
 * Patches of a track, twin of studies/rules/track_patch.py: what one command changes, its inverse, and two
 * people's changes brought together. A patch is plain JSON, keyed by frame.
 *
 * @typedef {import("./tracks.js").Keyframe} Keyframe
 * @typedef {{create: Keyframe[], update: Keyframe[], delete: number[]}} Patch
 * @typedef {{frame: number, base: Keyframe|null, mine: Keyframe|null, theirs: Keyframe|null}} Conflict
 * @typedef {ReadonlyArray<Readonly<Keyframe>>} Track
 */
import {
  KEYFRAME_FIELDS, REQUIRED_FIELDS, TrackError, asKeyframe, asKeyframes, clamped, frameNumber,
} from "./tracks.js";

const PATCH_KEYS = /** @type {const} */ (["create", "update", "delete"]);

/** @param {Iterable<any>} keyframes @returns {Map<number, Readonly<Keyframe>>} */
function byFrame(keyframes) {
  return new Map(asKeyframes(keyframes).map((keyframe) => [keyframe.frame, keyframe]));
}

/** @param {Iterable<number>} frames @returns {number[]} */
function ordered(frames) {
  return [...new Set(frames)].sort((a, b) => a - b);
}

/**
 * Whether two keyframes (or null) say the same.
 * @param {Keyframe|null|undefined} a
 * @param {Keyframe|null|undefined} b
 */
export function sameKeyframe(a, b) {
  if (!a || !b) return !a && !b;
  return KEYFRAME_FIELDS.every((name) => a[/** @type {keyof Keyframe} */ (name)] === b[/** @type {keyof Keyframe} */ (name)]);
}

/** @param {any} patch @returns {{create: any[], update: any[], delete: any[]}} */
function parts(patch) {
  if (patch === null || typeof patch !== "object" || Array.isArray(patch)) {
    throw new TrackError("A patch is an object with create, update, delete.", "patch");
  }
  for (const key of Object.keys(patch)) {
    if (!PATCH_KEYS.some((known) => known === key)) {
      throw new TrackError(`A patch has create, update and delete only; got ${key}.`, key);
    }
  }
  const found = { create: patch.create ?? [], update: patch.update ?? [], delete: patch.delete ?? [] };
  for (const key of PATCH_KEYS) {
    if (!Array.isArray(found[key])) throw new TrackError(`${key} must be a list.`, key);
  }
  return found;
}

/** @param {any} item @param {string} field */
function checkFields(item, field) {
  if (item === null || typeof item !== "object" || Array.isArray(item)) {
    throw new TrackError(`${field} must be an object.`, field);
  }
  for (const name of Object.keys(item)) {
    if (!KEYFRAME_FIELDS.includes(name)) {
      throw new TrackError(`${field}.${name} is no field of a keyframe.`, `${field}.${name}`);
    }
  }
}

/** @param {number} frame @param {string} field @param {Set<number>} named */
function nameOnce(frame, field, named) {
  if (named.has(frame)) throw new TrackError(`${field}: frame ${frame} is named twice in one patch.`, field);
  named.add(frame);
}

/** @param {number} frame @param {string} field @param {Map<number, Keyframe>} track */
function mustExist(frame, field, track) {
  if (!track.has(frame)) throw new TrackError(`${field}: there is no keyframe at frame ${frame}.`, field);
}

/**
 * @param {any} values
 * @param {string} field
 * @param {number} nFrames
 * @param {[number, number]} frameShape
 */
function checkedKeyframe(values, field, nFrames, frameShape) {
  const keyframe = asKeyframe(values, field);
  try {
    return clamped(keyframe, nFrames, frameShape);
  } catch (error) {
    if (!(error instanceof TrackError)) throw error;
    throw new TrackError(`${field}: ${error.message}`, `${field}.${error.field}`);
  }
}

/**
 * The track after a patch; the track given stays as it is. Boxes are clamped to the image.
 * @param {Iterable<any>} keyframes
 * @param {any} patch
 * @param {number} nFrames
 * @param {[number, number]} frameShape height, width
 * @returns {Track}
 */
export function applyPatch(keyframes, patch, nFrames, frameShape) {
  const track = byFrame(asKeyframes(keyframes, nFrames));
  const changes = parts(patch);
  /** @type {Set<number>} */
  const named = new Set();
  changes.delete.forEach((frame, i) => {
    const field = `delete[${i}]`;
    nameOnce(frameNumber(frame, field, nFrames), field, named);
    mustExist(frame, field, track);
  });
  changes.update.forEach((item, i) => {
    const field = `update[${i}]`;
    checkFields(item, field);
    const frame = frameNumber(item.frame, `${field}.frame`, nFrames);
    nameOnce(frame, `${field}.frame`, named);
    mustExist(frame, `${field}.frame`, track);
    track.set(frame, checkedKeyframe({ ...track.get(frame), ...item }, field, nFrames, frameShape));
  });
  changes.create.forEach((item, i) => {
    const field = `create[${i}]`;
    checkFields(item, field);
    for (const name of REQUIRED_FIELDS) {
      if (item[name] === undefined) throw new TrackError(`${field}.${name} is missing.`, `${field}.${name}`);
    }
    const frame = frameNumber(item.frame, `${field}.frame`, nFrames);
    nameOnce(frame, `${field}.frame`, named);
    if (track.has(frame)) {
      throw new TrackError(`${field}: there is a keyframe at frame ${frame} already.`, `${field}.frame`);
    }
    track.set(frame, checkedKeyframe(item, field, nFrames, frameShape));
  });
  for (const frame of changes.delete) track.delete(frame);
  if (track.size === 0) {
    const field = changes.delete.length ? "delete" : "create";
    throw new TrackError("A track keeps at least one keyframe; delete the whole track instead.", field);
  }
  return inOrder(track);
}

/** @param {Map<number, Readonly<Keyframe>>} track @returns {Track} */
function inOrder(track) {
  return [...track.values()].sort((a, b) => a.frame - b.frame);
}

/**
 * The patch that leads from one state of a track to another.
 * @param {Iterable<any>} before
 * @param {Iterable<any>} after
 * @returns {Patch}
 */
export function diff(before, after) {
  const [old, now] = [byFrame(before), byFrame(after)];
  const keyframes = inOrder(now);
  return {
    create: keyframes.filter((keyframe) => !old.has(keyframe.frame)),
    update: keyframes.filter((k) => old.has(k.frame) && !sameKeyframe(k, old.get(k.frame))),
    delete: ordered(old.keys()).filter((frame) => !now.has(frame)),
  };
}

/**
 * The patch that undoes a patch which is about to be applied to these keyframes.
 * @param {Iterable<any>} keyframes the state before
 * @param {any} patch
 * @returns {Patch}
 */
export function inverse(keyframes, patch) {
  const track = byFrame(keyframes);
  const changes = parts(patch);
  const frames = (/** @type {"update"|"create"} */ name) =>
    changes[name].map((item, i) => {
      checkFields(item, `${name}[${i}]`);
      return frameNumber(item.frame, `${name}[${i}].frame`);
    });
  const [updated, created] = [frames("update"), frames("create")];
  updated.forEach((frame, i) => mustExist(frame, `update[${i}]`, track));
  changes.delete.forEach((frame, i) => mustExist(frame, `delete[${i}]`, track));
  const stored = (/** @type {number} */ frame) => /** @type {Keyframe} */ (track.get(frame));
  return {
    create: ordered(changes.delete).map(stored),
    update: ordered(updated).map(stored),
    delete: ordered(created),
  };
}

/**
 * Bring two edits of one track together, keyframe by keyframe; at a conflict the merged track holds theirs.
 * @param {Iterable<any>} base the revision that both started from
 * @param {Iterable<any>} mine not yet saved
 * @param {Iterable<any>} theirs saved meanwhile
 * @returns {{merged: Track, conflicts: Conflict[]}}
 */
export function mergeThreeWay(base, mine, theirs) {
  const [b, m, t] = [byFrame(base), byFrame(mine), byFrame(theirs)];
  const frames = ordered([...b.keys(), ...m.keys(), ...t.keys()]);
  const conflictAt = (/** @type {number} */ frame) => ({
    frame, base: b.get(frame) ?? null, mine: m.get(frame) ?? null, theirs: t.get(frame) ?? null,
  });
  /** @type {Map<number, Readonly<Keyframe>>} */
  const merged = new Map();
  /** @type {Conflict[]} */
  const conflicts = [];
  for (const frame of frames) {
    const [old, my, their] = [b.get(frame), m.get(frame), t.get(frame)];
    const theirsUnchanged = sameKeyframe(their, old);
    if (!theirsUnchanged && !sameKeyframe(my, old) && !sameKeyframe(my, their)) conflicts.push(conflictAt(frame));
    const chosen = theirsUnchanged ? my : their;
    if (chosen) merged.set(frame, chosen);
  }
  const clashing = new Set(conflicts.map((conflict) => conflict.frame));
  if ([...merged.keys()].every((frame) => clashing.has(frame))) {
    const differing = frames.filter((frame) => !sameKeyframe(m.get(frame), t.get(frame)));
    return { merged: inOrder(t), conflicts: differing.map(conflictAt) };
  }
  return { merged: inOrder(merged), conflicts };
}

/**
 * The merged track with my keyframe at each frame of mineFrames, and theirs at the other conflicts.
 * @param {Iterable<any>} merged
 * @param {Iterable<Conflict>} conflicts
 * @param {Iterable<number>} mineFrames
 * @returns {Track}
 */
export function resolve(merged, conflicts, mineFrames) {
  const track = byFrame(merged);
  const wanted = new Set(mineFrames);
  for (const conflict of conflicts) {
    const chosen = wanted.has(conflict.frame) ? conflict.mine : conflict.theirs;
    track.delete(conflict.frame);
    if (chosen) track.set(conflict.frame, asKeyframe(chosen));
  }
  return inOrder(track);
}
