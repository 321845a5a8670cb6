import assert from "node:assert/strict";
import { test } from "node:test";
import { HISTORY_LIMIT, UndoStack } from "../../static/js/viewer/undo.js";

const command = (name, track = "t") => ({ name, frame: 0, changes: [{ track, undo: {}, redo: {} }] });

test("undo and redo walk the same path; a new command clears redo", () => {
  const stack = new UndoStack();
  for (const name of ["a", "b", "c"]) stack.push(command(name));
  assert.equal(stack.undo().name, "c");
  assert.equal(stack.undo().name, "b");
  assert.equal(stack.redo().name, "b");
  stack.push(command("d"));
  assert.equal(stack.redo(), undefined);
  assert.deepEqual(stack.done.map(({ name }) => name), ["a", "b", "d"]);
});

test("it holds at least 128 commands and then forgets the oldest", () => {
  const stack = new UndoStack();
  for (let i = 0; i < HISTORY_LIMIT + 5; i += 1) stack.push(command(String(i)));
  assert.ok(HISTORY_LIMIT >= 128);
  assert.equal(stack.done.length, HISTORY_LIMIT);
  assert.equal(stack.done[0].name, "5");
});

test("it survives being written down", () => {
  const stack = new UndoStack();
  stack.push(command("a"));
  stack.push(command("b"));
  stack.undo();
  const again = new UndoStack(JSON.parse(JSON.stringify(stack)));
  assert.equal(again.nextUndo.name, "a");
  assert.equal(again.redo().name, "b");
});

test("commands of a track that changed elsewhere are forgotten, a new identity is followed", () => {
  const stack = new UndoStack();
  stack.push(command("a", "one"));
  stack.push(command("b", "two"));
  stack.rename("one", "three");
  stack.forget("two");
  assert.deepEqual(stack.done.map(({ changes }) => changes[0].track), ["three"]);
});
