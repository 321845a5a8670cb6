// @ts-check
/**
 * Where a track needs a person; twin of needs_me in studies/rules/track_review.py.
 *
 * @typedef {import("./tracks.js").Keyframe} Keyframe
 * @typedef {import("./tracks.js").Box} Box
 * @typedef {import("./tracks.js").FrameBox} FrameBox
 * @typedef {ReadonlyArray<Readonly<Keyframe>>} Track
 * @typedef {{frame: number, score: number, reasons: string[]}} Need
 */
import { asKeyframes, boxes } from "./tracks.js";

/** @type {Readonly<Record<string, number>>} */
export const WEIGHTS = Object.freeze({ gap: 3, disagreement: 3, jump: 2, area_change: 2, low_confidence: 1 });
export const LIMITS = Object.freeze({ low_confidence: 0.5, jump_px: 20, area_change: 0.3, disagreement_iou: 0.5 });

/** Area in square pixels. @param {Box} box */
export function area([x1, y1, x2, y2]) {
  return (x2 - x1) * (y2 - y1);
}

/** Intersection over union, in [0, 1]. @param {Box} a @param {Box} b */
export function iou(a, b) {
  const width = Math.min(a[2], b[2]) - Math.max(a[0], b[0]);
  const height = Math.min(a[3], b[3]) - Math.max(a[1], b[1]);
  const inter = width > 0 && height > 0 ? width * height : 0;
  const union = area(a) + area(b) - inter;
  return union > 0 ? inter / union : 0;
}

/**
 * Every gap between two boxes; explained where the outside keyframe that opens it is a person's.
 * @param {Iterable<any>} keyframes
 * @param {number} nFrames
 * @returns {{first: number, last: number, explained: boolean}[]}
 */
export function gapsOf(keyframes, nFrames) {
  const track = asKeyframes(keyframes, nFrames);
  const present = boxes(track, nFrames).map((box) => box !== null);
  const found = [];
  let opened = -1;
  for (let frame = 1; frame < nFrames; frame += 1) {
    if (!present[frame] && present[frame - 1]) opened = frame;
    else if (present[frame] && !present[frame - 1] && opened >= 0) {
      const opener = track.find((keyframe) => keyframe.frame === opened);
      found.push({ first: opened, last: frame - 1, explained: opener?.source === "human" });
    }
  }
  return found;
}

/** @param {Track} track @param {number} frame */
function settled(track, frame) {
  const before = track.findLast((keyframe) => keyframe.frame <= frame);
  const after = track.find((keyframe) => keyframe.frame > frame);
  if (before?.source !== "human") return false;
  return before.frame === frame || !after || after.source === "human";
}

/** @param {FrameBox} here @param {FrameBox|null} previous @param {typeof LIMITS} limits @returns {string[]} */
function motionReasons(here, previous, limits) {
  if (!previous) return [];
  const [ax1, ay1, ax2, ay2] = previous.box;
  const [bx1, by1, bx2, by2] = here.box;
  const dx = (bx1 + bx2) / 2 - (ax1 + ax2) / 2;
  const dy = (by1 + by2) / 2 - (ay1 + ay2) / 2;
  const reasons = Math.sqrt(dx * dx + dy * dy) > limits.jump_px ? ["jump"] : [];
  const before = area(previous.box);
  if (Math.abs(area(here.box) - before) > limits.area_change * before) reasons.push("area_change");
  return reasons;
}

/**
 * The frames that need a person, in order; frames that a person has settled are left out.
 * @param {Iterable<any>} keyframes
 * @param {number} nFrames
 * @param {{confidences?: (number|null)[]|null, other?: Iterable<any>|null, limits?: Partial<typeof LIMITS>}} [options]
 * @returns {Need[]}
 */
export function needsMe(keyframes, nFrames, { confidences = null, other = null, limits: own = LIMITS } = {}) {
  const limits = { ...LIMITS, ...own };
  const track = asKeyframes(keyframes, nFrames);
  const found = boxes(track, nFrames);
  const others = other && boxes(other, nFrames);
  const gaps = new Set(gapsOf(track, nFrames).filter((gap) => !gap.explained).map((gap) => gap.first));
  /** @type {Need[]} */
  const needs = [];
  for (let frame = 0; frame < nFrames; frame += 1) {
    const reasons = new Set(gaps.has(frame) ? ["gap"] : []);
    const here = found[frame];
    if (here && !settled(track, frame)) {
      motionReasons(here, frame ? found[frame - 1] : null, limits).forEach((reason) => reasons.add(reason));
      const own = here.kind === "keyframe" ? here.carried.confidence : null;
      const confidence = confidences ? confidences[frame] : own;
      if (confidence !== null && confidence < limits.low_confidence) reasons.add("low_confidence");
      const there = others?.[frame];
      if (others && !(there && iou(here.box, there.box) >= limits.disagreement_iou)) reasons.add("disagreement");
    }
    const inOrder = Object.keys(WEIGHTS).filter((reason) => reasons.has(reason));
    const score = inOrder.reduce((sum, reason) => sum + WEIGHTS[reason], 0);
    if (inOrder.length) needs.push({ frame, score, reasons: inOrder });
  }
  return needs;
}

/** Reasons that hold over a stretch of frames; the others are events of one frame. */
const LASTING = Object.freeze(["low_confidence", "disagreement"]);

/**
 * Where to stop: frames whose reasons are only those of the frame before are left out.
 * @param {Need[]} needs in order of frames
 * @returns {Need[]}
 */
export function stops(needs) {
  const at = new Map(needs.map((need) => [need.frame, need.reasons]));
  return needs.filter(({ frame, reasons }) => {
    const before = at.get(frame - 1) ?? [];
    return reasons.some((reason) => !LASTING.includes(reason) || !before.includes(reason));
  });
}

/**
 * Frames on which two readings of one lesion differ: they overlap too little, or only one has a box.
 * @param {Iterable<any>} a @param {Iterable<any>} b @param {number} nFrames
 * @returns {Need[]}
 */
export function disagreements(a, b, nFrames) {
  const [first, second] = [boxes(a, nFrames), boxes(b, nFrames)];
  const differs = (/** @type {number} */ i) => {
    const [p, q] = [first[i], second[i]];
    return p && q ? iou(p.box, q.box) < LIMITS.disagreement_iou : Boolean(p) !== Boolean(q);
  };
  return first.map((_, frame) => frame).filter(differs)
    .map((frame) => ({ frame, score: WEIGHTS.disagreement, reasons: ["disagreement"] }));
}

/**
 * The next frame after afterFrame that needs a person; past the last, the first again; null: none.
 * @param {Need[]} needs
 * @param {number} afterFrame
 * @returns {Need|null}
 */
export function nextNeed(needs, afterFrame) {
  return needs.find((need) => need.frame > afterFrame) ?? needs[0] ?? null;
}
