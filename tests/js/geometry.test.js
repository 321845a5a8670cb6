import assert from "node:assert/strict";
import { test } from "node:test";
import {
  areaOf, boxFromScreen, boxToScreen, clampBox, fitView, isLargeEnough, lengthOf, moveBox, pixelAspect, roundBox, toImage, toScreen,
  zoomAt,
} from "../../static/js/viewer/geometry.js";

const image = { width: 800, height: 600 };
const near = (a, b) => a.forEach((value, i) => assert.ok(Math.abs(value - b[i]) < 1e-9, `${a} ${b}`));

test("the picture fits at its true aspect", () => {
  const aspect = pixelAspect([0.2, 0.1]);
  assert.equal(aspect, 2);
  const view = fitView(image, { width: 800, height: 600 }, aspect);
  assert.equal(view.scaleY, 2 * view.scaleX);
  near([view.scaleX * 800, view.scaleY * 600], [400, 600]);
  assert.equal(pixelAspect(null), 1);
});

test("screen and image are each other's inverse at any zoom", () => {
  let view = fitView(image, { width: 501, height: 377 }, 1.3);
  for (const factor of [1.5, 3, 0.7, 8]) view = zoomAt(view, { x: 123, y: 45 }, factor, 0.1);
  const point = { x: 17.25, y: 333.5 };
  const back = toImage(view, toScreen(view, point));
  near([back.x, back.y], [point.x, point.y]);
  near(boxFromScreen(view, boxToScreen(view, [10, 20, 200.5, 77])), [10, 20, 200.5, 77]);
});

test("zooming keeps the point under the pointer", () => {
  const view = fitView(image, { width: 800, height: 600 }, 1);
  const at = { x: 300, y: 200 };
  const before = toImage(view, at);
  const after = toImage(zoomAt(view, at, 4, view.scaleX), at);
  near([before.x, before.y], [after.x, after.y]);
});

test("a moved box keeps its size and stays in the image", () => {
  assert.deepEqual(moveBox([10, 10, 60, 40], -50, 5, image), [0, 15, 50, 45]);
  assert.deepEqual(moveBox([700, 500, 790, 590], 100, 100, image), [710, 510, 800, 600]);
});

test("boxes are clamped, rounded and measured", () => {
  assert.deepEqual(clampBox([-5, 10, 900, 700], image), [0, 10, 800, 600]);
  assert.deepEqual(roundBox([1.006, 2.004, 3, 4.999]), [1.01, 2, 3, 5]);
  assert.equal(isLargeEnough([0, 0, 3, 3]), true);
  assert.equal(isLargeEnough([0, 0, 2.9, 30]), false);
});

test("lengths and areas are in mm where the clip is calibrated", () => {
  assert.deepEqual(lengthOf({ x: 0, y: 0 }, { x: 30, y: 40 }, [0.1, 0.1]), { value: 5, unit: "mm" });
  assert.deepEqual(lengthOf({ x: 0, y: 0 }, { x: 30, y: 40 }, null), { value: 50, unit: "px" });
  assert.equal(lengthOf({ x: 0, y: 0 }, { x: 0, y: 10 }, [0.3, 0.1]).value, 3);
  assert.ok(Math.abs(areaOf([0, 0, 10, 20], [0.2, 0.1]) - 4) < 1e-12);
});
