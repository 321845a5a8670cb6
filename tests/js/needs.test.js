import assert from "node:assert/strict";
import { test } from "node:test";
import { Needs } from "../../static/js/viewer/needs.js";
import { Store } from "../../static/js/viewer/store.js";
import { LIMITS, disagreements, stops } from "../../static/js/viewer/track_review.js";

const N = 12;
const clip = { id: "c", nFrames: N, width: 320, height: 240, spacingMm: null };
const key = (frame, x1, more = {}) => ({ frame, x1, y1: 50, x2: x1 + 60, y2: 110, source: "model", ...more });
const facts = { number: 1, status: "open", reader: null, deleted: false, editable: false, mine: false, excluded: {}, revision: 1 };

function needs(tracks, { confidences = null, limits = LIMITS } = {}) {
  const store = new Store(clip, { confidences });
  for (const track of tracks) store.put({ ...facts, ...track });
  return { store, made: new Needs(store, { target: store.mine[0] }, () => limits) };
}

test("a stretch with one and the same reason is one stop, an event is always one", () => {
  const at = (frame, ...reasons) => ({ frame, score: 1, reasons });
  const found = stops([
    at(2, "low_confidence"), at(3, "low_confidence"), at(4, "low_confidence", "jump"), at(5, "jump"), at(6, "low_confidence"),
    at(7, "disagreement", "low_confidence"), at(8, "disagreement"), at(10, "disagreement"),
  ]);
  assert.deepEqual(found.map(({ frame }) => frame), [2, 4, 5, 6, 7, 10]);
});

test("two readings differ where they overlap too little or only one has a box", () => {
  const a = [key(0, 10), key(6, 10, { outside: true })];
  const b = [key(0, 10), key(3, 200), key(4, 10)];
  assert.deepEqual(disagreements(a, b, N).map(({ frame }) => frame), [1, 2, 3, 6, 7, 8, 9, 10, 11]);
});

test("low confidence counts on every frame of a model track, not on its keyframes alone", () => {
  const confidences = Array.from({ length: N }, (_, i) => (i >= 4 && i < 7 ? 0.2 : 0.9));
  const model = { id: "m", source: "model", keyframes: [key(0, 10, { confidence: 0.9 })] };
  const { made } = needs([model], { confidences });
  assert.deepEqual(made.stops, [{ frame: 4, score: 1, reasons: ["low_confidence"] }]);
  assert.equal(made.after(4).frame, 4, "past the last, the first again");
  const strict = needs([model], { confidences, limits: { ...LIMITS, low_confidence: 0.1 } });
  assert.deepEqual(strict.made.stops, []);
});

test("a frame that does not count needs nobody; a change is noticed", () => {
  const jumping = [key(0, 10), key(5, 10), key(6, 150)];
  const { store, made } = needs([{ id: "t", source: "reader", mine: true, editable: true, keyframes: jumping, excluded: { 6: "blurred" } }]);
  assert.deepEqual(made.stops, []);
  let told = 0;
  store.on("needs", () => { told += 1; });
  store.change("t", { excluded: {} });
  assert.deepEqual(made.stops.map(({ frame, reasons }) => [frame, ...reasons]), [[6, "jump"]]);
  assert.equal(told, 1);
});

test("an adjudicator is led to where the two readings differ, though people made both", () => {
  const human = (id, keyframes, more = {}) => ({ id, source: "reader", keyframes: keyframes.map((k) => ({ ...k, source: "human" })), ...more });
  const { made } = needs([
    human("a", [key(0, 10)]), human("b", [key(0, 10), key(7, 10, { outside: true })]),
    human("third", [key(0, 10)], { source: "adjudicated", mine: true, editable: true }),
  ]);
  assert.deepEqual(made.stops, [{ frame: 7, score: 3, reasons: ["disagreement"] }]);
});
