import assert from "node:assert/strict";
import { test } from "node:test";
import { ActiveClock } from "../../static/js/viewer/clock.js";

test("active time stops after a minute without input and while hidden", () => {
  let now = 0;
  const clock = new ActiveClock(() => now);
  now = 10_000;
  assert.equal(clock.takeSeconds(), 10);
  now = 500_000;
  assert.equal(clock.takeSeconds(), 60);
  now = 505_000;
  clock.setHidden(true);
  now = 900_000;
  clock.setHidden(false);
  now = 902_000;
  assert.equal(clock.takeSeconds(), 7);
  assert.equal(clock.takeSeconds(), 0);
});
