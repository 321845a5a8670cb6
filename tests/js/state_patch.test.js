import assert from "node:assert/strict";
import { test } from "node:test";
import { applyState, isEmpty, mergeRest, rebased, sameState, stateDiff } from "../../static/js/viewer/state_patch.js";
import { asKeyframe } from "../../static/js/viewer/tracks.js";

const box = (frame, x1 = 10) => asKeyframe({ frame, x1, y1: 20, x2: x1 + 30, y2: 60 });
const start = { keyframes: [box(0)], excluded: { 4: "blurred" }, deleted: false };
const apply = (state, patch) => applyState(state, patch, 50, [240, 320]);

test("a patch changes keyframes, exclusions and deletion, and its difference is the patch back", () => {
  const after = apply(start, { create: [box(9)], exclude: { 5: "shadow" }, include: [4], deleted: true });
  assert.deepEqual(after.excluded, { 5: "shadow" });
  assert.equal(after.deleted, true);
  assert.deepEqual(start.excluded, { 4: "blurred" });
  const back = stateDiff(after, apply(start, {}));
  assert.ok(sameState(apply(after, back), start));
  assert.deepEqual(Object.keys(back).sort(), ["delete", "deleted", "exclude", "include"]);
});

test("equal states differ by nothing", () => {
  assert.ok(isEmpty(stateDiff(start, apply(start, {}))));
  assert.ok(!sameState(start, { ...start, excluded: {} }));
  assert.ok(!sameState(start, { ...start, deleted: true }));
});

test("exclusions and deletion of both sides go together, mine where I changed them", () => {
  const base = { keyframes: [], excluded: { 1: "blurred", 2: "blurred" }, deleted: false };
  const mine = { ...base, excluded: { 2: "shadow" } };
  const theirs = { ...base, excluded: { 1: "blurred", 2: "frozen", 3: "other" }, deleted: true };
  assert.deepEqual(mergeRest(base, mine, theirs), { excluded: { 2: "shadow", 3: "other" }, deleted: true });
});

test("a statement of no lesion goes with the state, is undone with it, and gives way to a box", () => {
  const seen = { keyframes: [box(0)], excluded: {}, deleted: false };
  const out = { ...box(0), outside: true };
  const stated = apply(seen, { update: [out], no_lesion: "gone" });
  assert.equal(stated.no_lesion, "gone");
  assert.deepEqual(stateDiff(seen, stated), { update: [out], no_lesion: "gone" });
  assert.ok(sameState(apply(stated, stateDiff(stated, seen)), seen));
  assert.equal(apply(stated, { create: [box(4)] }).no_lesion, "");
  assert.throws(() => apply(seen, { no_lesion: "gone" }), /no lesion is seen/);
});

test("what changed after a choice was offered comes on top of the choice", () => {
  const shown = { ...start, no_lesion: "" };
  const chosen = { ...shown, keyframes: [box(0, 50), box(7)], excluded: {} };
  assert.equal(rebased(shown, shown, chosen), chosen);
  const moved = { ...shown, keyframes: [box(0, 11), box(9)] };
  const late = rebased(shown, moved, chosen);
  assert.deepEqual(late.keyframes.map(({ frame, x1 }) => [frame, x1]), [[0, 11], [7, 10], [9, 10]]);
  assert.deepEqual(late.excluded, {});
});
