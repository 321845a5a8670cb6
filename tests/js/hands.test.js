import assert from "node:assert/strict";
import { test } from "node:test";
import { Hands } from "../../static/js/viewer/hands.js";
import { FakeTimers } from "./fake_server.js";

function pointer(name, pointerId = 1) {
  return Object.assign(new Event(name), { pointerId });
}

function ready() {
  const page = new EventTarget();
  const timers = new FakeTimers();
  const held = { is: false };
  return { page, timers, held, hands: new Hands(page, () => held.is, timers.timer) };
}

/** Whether a promise is settled now. */
async function isSettled(promise) {
  return Promise.race([promise.then(() => true), Promise.resolve(false)]);
}

test("free hands wait for nothing", async () => {
  const { hands } = ready();
  assert.equal(hands.isBusy, false);
  await hands.free();
});

test("a pointer that is down holds the question back, and what follows its release is done first", async () => {
  const { page, timers, hands } = ready();
  page.dispatchEvent(pointer("pointerdown"));
  const free = hands.free();
  await timers.run();
  assert.equal(await isSettled(free), false);
  page.dispatchEvent(pointer("pointerup"));
  assert.equal(await isSettled(free), false);
  await timers.run();
  await free;
});

test("both of two fingers must be up", async () => {
  const { page, timers, hands } = ready();
  page.dispatchEvent(pointer("pointerdown", 1));
  page.dispatchEvent(pointer("pointerdown", 2));
  const free = hands.free();
  page.dispatchEvent(pointer("pointercancel", 1));
  await timers.run();
  assert.equal(await isSettled(free), false);
  page.dispatchEvent(pointer("pointerup", 2));
  await timers.run();
  await free;
});

test("an open question, or a drag that has not ended, is waited for", async () => {
  const { timers, held, hands } = ready();
  held.is = true;
  const free = hands.free();
  await timers.run();
  await timers.run();
  assert.equal(await isSettled(free), false);
  held.is = false;
  await timers.run();
  await free;
});
