import assert from "node:assert/strict";
import { test } from "node:test";
import { itemsAt } from "../../static/js/viewer/box_items.js";
import { labelPlace } from "../../static/js/viewer/box_layer.js";
import { lastFrame } from "../../static/js/viewer/propagation.js";
import { Store } from "../../static/js/viewer/store.js";
import { stretches } from "../../static/js/viewer/timeline.js";
import { boxes } from "../../static/js/viewer/tracks.js";

const key = (frame, more = {}) => ({ frame, x1: 10, y1: 50, x2: 70, y2: 110, ...more });
const facts = { number: 1, status: "open", reader: null, deleted: false, excluded: {}, revision: 1 };

function store() {
  const made = new Store({ id: "c", nFrames: 10, width: 320, height: 240, spacingMm: null });
  made.put({ ...facts, id: "model", source: "model", mine: false, editable: false, keyframes: [key(0, { source: "model", confidence: 0.42 }), key(9, { source: "model" })] });
  made.put({ ...facts, id: "mine", source: "reader", mine: true, editable: true, keyframes: [key(0), key(4, { occluded: true }), key(8, { outside: true })] });
  made.put({ ...facts, id: "other", source: "reader", mine: false, editable: false, reader: "sono2", keyframes: [key(0)] });
  return made;
}

const byTrack = (made, frame) => Object.fromEntries(itemsAt(made, frame).map((item) => [item.track ?? item.key, item]));

test("model dashed with its confidence, human solid, interpolated faded, occluded dotted", () => {
  const made = store();
  const first = byTrack(made, 0);
  assert.deepEqual(first.model.dash, [9, 5]);
  assert.match(first.model.label, / 0\.42$/);
  assert.deepEqual([first.mine.dash, first.mine.opacity], [[], 1]);
  const between = byTrack(made, 2);
  assert.ok(between.model.opacity < 1 && between.mine.opacity < 1);
  assert.deepEqual(byTrack(made, 4).mine.dash, [2, 5]);
  assert.equal(byTrack(made, 8).mine, undefined, "out of view: no box");
});

test("every layer can be switched off, raw detections come on top of nothing", () => {
  const made = store();
  made.detections = [[[1, 2, 30, 40, 0.3], [5, 5, 20, 20, 0.1]]];
  assert.deepEqual(Object.keys(byTrack(made, 0)).sort(), ["mine", "model", "other"]);
  made.toggleLayer("detections");
  assert.deepEqual(itemsAt(made, 0).slice(0, 2).map(({ label, editable }) => [label, editable]), [["0.30", false], ["0.10", false]]);
  for (const layer of ["detections", "model", "mine", "others"]) made.toggleLayer(layer);
  assert.deepEqual(itemsAt(made, 0), []);
});

test("colours tell tracks apart and are those of Okabe and Ito", () => {
  const first = byTrack(store(), 0);
  const colours = ["model", "mine", "other"].map((id) => first[id].colour);
  assert.deepEqual(colours, ["#cc79a7", "#56b4e9", "#d55e00"]);
});

test("only what is mine, open and not locked can be changed; a pinned box cannot be dragged", () => {
  const made = store();
  assert.deepEqual([byTrack(made, 0).mine.editable, byTrack(made, 0).mine.draggable, byTrack(made, 0).other.editable], [true, true, false]);
  made.change("mine", { pinned: true });
  assert.deepEqual([byTrack(made, 0).mine.editable, byTrack(made, 0).mine.draggable], [true, false]);
  made.change("mine", { locked: true });
  assert.equal(byTrack(made, 0).mine.editable, false);
});

test("the box under the pointer is what keys mean, unless another one is pinned", () => {
  const made = store();
  made.hover("mine");
  assert.equal(made.activeTrack.id, "mine");
  assert.equal(byTrack(made, 0).mine.isHovered, true);
  made.select("model");
  assert.equal(made.activeTrack.id, "model");
});

test("labels stay on the stage", () => {
  const stage = { width: 400, height: 300 };
  assert.ok(labelPlace({ isLabelBelow: false }, { x: 50, y: 100, height: 80 }, stage).y < 100);
  assert.ok(labelPlace({ isLabelBelow: false }, { x: 50, y: 0, height: 80 }, stage).y > 0);
  assert.ok(labelPlace({ isLabelBelow: true }, { x: 50, y: 100, height: 80 }, stage).y > 180);
  assert.ok(labelPlace({ isLabelBelow: true }, { x: 50, y: 100, height: 200 }, stage).y < 290);
});

test("stretches of the strip: tracked, occluded, gap", () => {
  const dense = boxes([key(1), key(3, { occluded: true }), key(6, { outside: true }), key(8)], 10);
  assert.deepEqual(stretches(dense), [[1, 3, false], [3, 6, true], [8, 10, false]]);
});

test("copying goes forward, backward, or to a frame, and stays in the clip", () => {
  assert.equal(lastFrame("next", 10, 5, 100), 15);
  assert.equal(lastFrame("next", 10, 95, 100), 99);
  assert.equal(lastFrame("before", 10, 5, 100), 0);
  assert.equal(lastFrame("frame", 41, 5, 100), 40);
});
