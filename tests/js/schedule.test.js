import assert from "node:assert/strict";
import { test } from "node:test";
import { ASSUMED_FPS, Schedule, frameAt, frameStarts } from "../../static/js/viewer/schedule.js";

test("frames are due at multiples of the frame time", () => {
  const starts = frameStarts(5, 20, null);
  assert.deepEqual([...starts], [0, 50, 100, 150, 200, 250]);
  assert.equal(frameAt(starts, 0), 0);
  assert.equal(frameAt(starts, 49.999), 0);
  assert.equal(frameAt(starts, 50), 1);
  assert.equal(frameAt(starts, 1e9), 4);
});

test("a vector of frame times is followed, whatever it starts with", () => {
  const starts = frameStarts(4, 20, [100, 110, 150, 200]);
  assert.deepEqual([...starts].slice(0, 4), [0, 10, 50, 100]);
  assert.ok(starts[4] > starts[3]);
  assert.equal(frameAt(starts, 30), 1);
});

test("missing timing is assumed, a vector of the wrong length is not used", () => {
  assert.equal(frameStarts(3, null, null)[1], 1000 / ASSUMED_FPS);
  assert.deepEqual([...frameStarts(3, 10, [0, 5])], [0, 100, 200, 300]);
});

test("playback follows the wall clock and skips rather than drifts", () => {
  const schedule = new Schedule(frameStarts(100, 20, null), { repeat: "once" });
  schedule.start(10, 1000);
  assert.equal(schedule.at(1000).frame, 10);
  assert.equal(schedule.at(1049).frame, 10);
  assert.equal(schedule.at(1500).frame, 20);
  assert.deepEqual(schedule.at(1000 + 90 * 50), { frame: 99, ended: true, direction: 1 });
});

test("a change of speed does not jump", () => {
  const schedule = new Schedule(frameStarts(100, 20, null), { repeat: "once" });
  schedule.start(0, 0);
  schedule.setSpeed(0.25, 1000);
  assert.equal(schedule.at(1000).frame, 20);
  assert.equal(schedule.at(3000).frame, 30);
  schedule.setSpeed(4, 3000);
  assert.equal(schedule.at(3250).frame, 50);
});

test("a loop begins again, a bounce turns round, and neither ends", () => {
  const starts = frameStarts(4, 10, null);
  const seen = (repeat) => {
    const schedule = new Schedule(starts, { repeat });
    schedule.start(0, 0);
    return Array.from({ length: 10 }, (_, i) => schedule.at(i * 100 + 1).frame);
  };
  assert.deepEqual(seen("loop"), [0, 1, 2, 3, 0, 1, 2, 3, 0, 1]);
  const bounce = seen("bounce");
  assert.deepEqual([...new Set(bounce)].sort(), [0, 1, 2, 3]);
  for (let i = 1; i < bounce.length; i += 1) assert.ok(Math.abs(bounce[i] - bounce[i - 1]) <= 1);
  assert.equal(bounce.includes(2) && bounce.lastIndexOf(0) > 3, true);
});

test("a single frame is always that frame", () => {
  for (const repeat of ["once", "loop", "bounce"]) {
    const schedule = new Schedule(frameStarts(1, 20, null), { repeat });
    schedule.start(0, 0);
    assert.equal(schedule.at(12345).frame, 0);
  }
});

test("a bounce goes on backward after a stall", () => {
  const schedule = new Schedule(frameStarts(10, 10, null), { repeat: "bounce" });
  schedule.start(6, 0, -1);
  assert.deepEqual(schedule.at(0), { frame: 6, ended: false, direction: -1 });
  assert.equal(schedule.at(101).frame, 5);
  assert.equal(schedule.at(650).frame, 0);
});
