import assert from "node:assert/strict";
import { test } from "node:test";

globalThis.document = { addEventListener() {}, querySelector: () => null, querySelectorAll: () => [] };
const { moved } = await import("../../static/js/cohort_grid.js");

test("arrows move one cell and stop at the edge of the table", () => {
  assert.deepEqual(moved({ row: 1, column: 1 }, "ArrowRight", 3, 3), { row: 1, column: 2 });
  assert.deepEqual(moved({ row: 1, column: 2 }, "ArrowRight", 3, 3), { row: 1, column: 2 });
  assert.deepEqual(moved({ row: 0, column: 0 }, "ArrowUp", 3, 3), { row: 0, column: 0 });
  assert.deepEqual(moved({ row: 2, column: 0 }, "ArrowDown", 3, 3), { row: 2, column: 0 });
  assert.deepEqual(moved({ row: 1, column: 1 }, "ArrowLeft", 3, 3), { row: 1, column: 0 });
  assert.deepEqual(moved({ row: 1, column: 1 }, "x", 3, 3), { row: 1, column: 1 });
});
