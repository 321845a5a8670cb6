import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { ACTIONS, KeyReader, REPEATABLE, comboOf, conflicts, defaultBindings } from "../../static/js/viewer/keys.js";

const viewer = { isTyping: false, hasObject: false };

test("the default table is the annotators' one", () => {
  const reader = new KeyReader(defaultBindings());
  const table = {
    D: "previousFrame", F: "nextFrame", C: "stepBack", V: "stepForward", ArrowLeft: "previousMatch", ArrowRight: "nextMatch",
    Space: "play", "`": "goTo", N: "draw", "Shift+N": "redraw", Delete: "delete", "Shift+Delete": "forceDelete",
    Tab: "nextObject", "Shift+Tab": "previousObject", L: "lock", H: "hide", P: "pin", I: "interpolateGap",
    "Ctrl+I": "interpolateTrack", 1: "layerDetections", 2: "layerModel", 3: "layerMine", 4: "layerOthers",
    "Alt+Delete": "excludeFrame", K: "keyframe", O: "outside", Q: "occluded", "/": "occluded", E: "previousKeyframe",
    R: "nextKeyframe", M: "merge", "Alt+M": "split", "Ctrl+B": "propagate", "Ctrl+C": "copy", "Ctrl+V": "paste",
    "Ctrl+Z": "undo", "Ctrl+Shift+Z": "redo", "Ctrl+Y": "redo", A: "acceptTrack", "Shift+A": "acceptFrame",
    G: "rejectFrame", Home: "trackFirst", End: "trackLast", F1: "help", F2: "settings", "Ctrl+S": "flush",
    U: "truncated", J: "uncertain", X: "previousChapter", B: "nextChapter", W: "nextNeed", "Ctrl+Enter": "sign",
    "+": "zoomIn", "-": "zoomOut", 0: "fit", "]": "brighter", "[": "darker", "\\": "resetWindow",
  };
  for (const [combo, action] of Object.entries(table)) assert.equal(reader.read(combo, viewer), action, combo);
});

test("while the calliper is out, the arrows are its own", () => {
  const reader = new KeyReader(defaultBindings());
  assert.equal(reader.read("S", viewer), "measure");
  const both = { ...viewer, hasCalliper: true, hasObject: true };
  assert.equal(reader.read("ArrowUp", both), "calliperUp");
  assert.equal(reader.read("Shift+ArrowUp", both), "calliperUpFar");
  assert.equal(reader.read("Enter", both), "calliperOther");
  assert.equal(reader.read("F", both), "nextFrame");
  assert.equal(reader.read("Enter", viewer), null);
});

test("the defaults have no conflict", () => {
  assert.deepEqual(conflicts(defaultBindings()), []);
});

test("two actions on one key clash within a scope, not across an object's scope", () => {
  const twice = { ...defaultBindings(), draw: ["K"] };
  assert.deepEqual(conflicts(twice), [{ combo: "K", actions: ["draw", "keyframe"] }]);
  const global = { ...defaultBindings(), help: ["D"] };
  assert.equal(conflicts(global).length, 1);
  const across = { ...defaultBindings(), nudgeUp: ["K"] };
  assert.deepEqual(conflicts(across), []);
  const prefix = { ...defaultBindings(), draw: ["T"] };
  assert.deepEqual(conflicts(prefix)[0].actions, ["draw", "lockAll", "hideAll"]);
});

test("chords of two keys, and a first key that leads nowhere", () => {
  const reader = new KeyReader(defaultBindings());
  assert.equal(reader.read("T", viewer), null);
  assert.equal(reader.read("L", viewer), "lockAll");
  assert.equal(reader.read("L", viewer), "lock");
  reader.read("T", viewer);
  assert.equal(reader.read("K", viewer), null);
  assert.equal(reader.read("K", viewer), "keyframe");
});

test("arrows move a chosen box and go through frames otherwise", () => {
  const reader = new KeyReader(defaultBindings());
  assert.equal(reader.read("ArrowLeft", { isTyping: false, hasObject: true }), "nudgeLeft");
  assert.equal(reader.read("ArrowLeft", viewer), "previousMatch");
});

test("keys are inert while somebody types, except help, settings and save", () => {
  const reader = new KeyReader(defaultBindings());
  const typing = { isTyping: true, hasObject: true };
  assert.equal(reader.read("D", typing), null);
  assert.equal(reader.read("ArrowLeft", typing), null);
  assert.deepEqual(["F1", "F2", "Ctrl+S"].map((combo) => reader.read(combo, typing)), ["help", "settings", "flush"]);
});

test("key events are named whatever the layout and the caps", () => {
  const name = (key, code = "", modifiers = {}) => comboOf({ key, code, ...modifiers });
  assert.equal(name("f", "KeyF"), "F");
  assert.equal(name("N", "KeyN", { shiftKey: true }), "Shift+N");
  assert.equal(name("z", "KeyZ", { ctrlKey: true }), "Ctrl+Z");
  assert.equal(name("Z", "KeyZ", { ctrlKey: true, shiftKey: true }), "Ctrl+Shift+Z");
  assert.equal(name(" ", "Space"), "Space");
  assert.equal(name("µ", "KeyM", { altKey: true }), "Alt+M");
  assert.equal(name("а", "KeyF"), "F");
  assert.equal(name("/", "Digit7", { shiftKey: true }), "/");
  assert.equal(name("Control", "ControlLeft", { ctrlKey: true }), "");
  assert.equal(name("s", "KeyS", { metaKey: true }), "Ctrl+S");
});

test("held keys repeat steps and nudges only", () => {
  for (const action of ["nextFrame", "nudgeLeft", "stepBack", "undo"]) assert.ok(REPEATABLE.has(action), action);
  for (const action of ["play", "keyframe", "draw", "nextNeed", "nextObject"]) assert.ok(!REPEATABLE.has(action), action);
});

test("every action and group has its words", () => {
  const words = readFileSync(new URL("../../studies/views/viewer_keys.py", import.meta.url), "utf8");
  for (const [action, { group }] of Object.entries(ACTIONS)) {
    assert.ok(words.includes(`"key_${action}"`), action);
    assert.ok(words.includes(`"group_${group}"`), group);
  }
});
