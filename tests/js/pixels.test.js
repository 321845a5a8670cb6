import assert from "node:assert/strict";
import test from "node:test";

import { readRegion, regionBetween } from "../../static/js/pixels.js";

test("a region drawn in any direction is the same, whole and inside the picture", () => {
  const ends = [{ x: 10.2, y: 5.7 }, { x: 40.1, y: 20 }];
  assert.deepEqual(regionBetween(ends[0], ends[1], 100, 50), [10, 5, 41, 20]);
  assert.deepEqual(regionBetween(ends[1], ends[0], 100, 50), [10, 5, 41, 20]);
  assert.deepEqual(regionBetween({ x: -9, y: -1 }, { x: 500, y: 60 }, 100, 50), [0, 0, 100, 50]);
});

test("text is a region only with four whole numbers in order", () => {
  assert.deepEqual(readRegion("1, 2,30,40"), [1, 2, 30, 40]);
  for (const text of ["", "1,2,3", "1,2,3,x", "30,2,1,40", "1,2,3,", "1.5,2,3,4"]) assert.equal(readRegion(text), null);
});
