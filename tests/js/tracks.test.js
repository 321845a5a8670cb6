// The track model in JavaScript against the vectors that Python wrote; every number must be the same double.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { describe, test } from "node:test";

import * as edits from "../../static/js/viewer/track_edits.js";
import * as interpolation from "../../static/js/viewer/track_interpolation.js";
import { standingStatement } from "../../static/js/viewer/no_lesion.js";
import { applyPatch, diff, inverse, mergeThreeWay, resolve } from "../../static/js/viewer/track_patch.js";
import { needsMe, nextNeed } from "../../static/js/viewer/track_review.js";
import { TrackError, asKeyframes, boxAt, boxes } from "../../static/js/viewer/tracks.js";

const vectors = JSON.parse(readFileSync(new URL("../baselines/track_vectors.json", import.meta.url), "utf8"));
const SHAPE = vectors.frame_shape;

/** Every edit by the name it has in the vectors. */
const EDITS = {
  set_box: (track, n, a) => edits.setBox(track, a.frame, a.box, n, SHAPE),
  toggle_keyframe: (track, n, a) => edits.toggleKeyframe(track, a.frame, n),
  toggle_outside: (track, n, a) => edits.toggleOutside(track, a.frame, n),
  toggle_flag: (track, n, a) => edits.toggleFlag(track, a.frame, a.flag, n),
  accept_frame: (track, n, a) => edits.acceptFrame(track, a.frame, n),
  accept_track: (track) => edits.acceptTrack(track),
  reject_frame: (track, n, a) => edits.rejectFrame(track, a.frame, n),
  propagate: (track, n, a) => edits.propagate(track, a.frame, a.to_frame, n),
  delete_from: (track, n, a) => edits.deleteFrom(track, a.frame, n),
  toggle_interpolation: (track, n, a) => interpolation.toggleInterpolation(track, a.frame, n),
  toggle_all_interpolation: (track, n) => interpolation.toggleAllInterpolation(track, n),
  merge: (track, n, a) => edits.merge(track, a.other, n),
  remove_boxes: (track, n) => edits.removeBoxes(track, n),
  split: (track, n, a) => edits.split(track, a.frame, n),
};

/** Plain values, so that frozen objects compare with parsed JSON. */
const plain = (value) => JSON.parse(JSON.stringify(value));
const full = (keyframes) => plain(asKeyframes(keyframes));

/** Run a case that Python either answered or refused. */
function checked(expected, act) {
  if (expected.refused === undefined) return act();
  assert.throws(act, (error) => error instanceof TrackError && error.field === expected.refused, `${expected.refused}`);
  return null;
}

describe("boxes", () => {
  vectors.boxes.forEach((c, i) =>
    test(`case ${i}`, () => {
      const found = boxes(c.keyframes, c.n_frames);
      const said = found.map((b) => b && [...b.box, b.kind, b.carried.frame]);
      assert.deepEqual(plain(said), c.boxes);
      found.forEach((b, frame) => assert.deepEqual(boxAt(c.keyframes, frame, c.n_frames), b && b.box));
    }),
  );
});

describe("refused tracks", () => {
  vectors.refused.forEach((c, i) =>
    test(`case ${i}`, () => checked(c, () => boxAt(c.keyframes, c.frame, c.n_frames))),
  );
});

describe("patches", () => {
  vectors.patches.forEach((c, i) =>
    test(`case ${i}`, () => {
      const after = checked(c, () => applyPatch(c.keyframes, c.patch, c.n_frames, SHAPE));
      if (after) assert.deepEqual(plain(after), full(c.after));
    }),
  );
});

describe("edits", () => {
  vectors.edits.forEach((c, i) =>
    test(`${c.edit} ${i}`, () => {
      const result = checked(c, () => EDITS[c.edit](c.keyframes, c.n_frames, c.arguments));
      if (!result) return;
      const patch = c.edit === "split" ? result.left : result;
      assert.deepEqual(plain(patch), c.patch);
      const after = applyPatch(c.keyframes, patch, c.n_frames, SHAPE);
      assert.deepEqual(plain(after), full(c.after));
      const undo = inverse(c.keyframes, patch);
      assert.deepEqual(plain(undo), c.inverse);
      assert.deepEqual(plain(applyPatch(after, undo, c.n_frames, SHAPE)), full(c.keyframes));
      if (c.edit === "split") assert.deepEqual(plain(result.right), full(c.right));
    }),
  );
});

describe("three-way merge", () => {
  vectors.merges.forEach((c, i) =>
    test(`case ${i}`, () => {
      const { merged, conflicts } = mergeThreeWay(c.base, c.mine, c.theirs);
      assert.deepEqual(plain(merged), full(c.merged));
      assert.deepEqual(conflicts.map((conflict) => conflict.frame), c.conflicts);
    }),
  );

  test("resolving takes my keyframe where I say so", () => {
    const box = (x) => ({ frame: 1, x1: x, y1: 0, x2: x + 10, y2: 10 });
    const { merged, conflicts } = mergeThreeWay([box(0)], [box(1)], [box(2)]);
    assert.equal(merged[0].x1, 2);
    assert.equal(resolve(merged, conflicts, [1])[0].x1, 1);
    assert.equal(resolve(merged, conflicts, [])[0].x1, 2);
  });
});

describe("frames that need a person", () => {
  vectors.needs.forEach((c, i) =>
    test(`case ${i}`, () => {
      const needs = needsMe(c.keyframes, c.n_frames, { confidences: c.confidences, other: c.other });
      assert.deepEqual(needs.map((need) => [need.frame, need.score, need.reasons]), c.needs);
    }),
  );

  test("the next one comes round to the first", () => {
    const needs = [{ frame: 3, score: 1, reasons: ["gap"] }, { frame: 7, score: 1, reasons: ["gap"] }];
    assert.deepEqual([0, 3, 7].map((frame) => nextNeed(needs, frame).frame), [3, 7, 3]);
    assert.equal(nextNeed([], 0), null);
  });
});

describe("statements of no lesion", () => {
  vectors.statements.forEach((c, i) =>
    test(`case ${i}`, () => {
      const stated = checked(c, () => standingStatement(asKeyframes(c.keyframes), c.before, c.wanted));
      if (stated !== null) assert.equal(stated, c.stated);
    }),
  );
});

test("inputs stay as they are", () => {
  const track = [{ frame: 0, x1: 0, y1: 0, x2: 10, y2: 10 }];
  const before = plain(track);
  const patch = edits.setBox(track, 4, [5, 5, 20, 20], 9, SHAPE);
  applyPatch(track, patch, 9, SHAPE);
  assert.deepEqual(track, before);
  assert.deepEqual(diff(track, track), { create: [], update: [], delete: [] });
});
