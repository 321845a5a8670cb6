import assert from "node:assert/strict";
import { test } from "node:test";
import { Frames, PREFETCH_CONNECTIONS } from "../../static/js/viewer/frames.js";

import { FakeTimers } from "./fake_server.js";

/** A source under control: requests wait until they are answered. */
function slowSource() {
  const log = { asked: [], aborted: [], open: new Map(), live: 0, closed: 0 };
  const source = {
    fetchBytes(index, signal) {
      log.asked.push(index);
      return new Promise((resolve, reject) => {
        log.open.set(index, () => resolve({ size: 10, index }));
        signal.addEventListener("abort", () => {
          log.aborted.push(index);
          log.open.delete(index);
          reject(new DOMException("aborted", "AbortError"));
        });
      });
    },
    decode: async ({ index }) => {
      log.live += 1;
      return { index, close: () => { log.live -= 1; log.closed += 1; } };
    },
  };
  return { source, log };
}

const settle = () => new Promise((resolve) => setTimeout(resolve, 0));

test("a frame is fetched once and the next ones come ahead, a few at a time", async () => {
  const { source, log } = slowSource();
  const frames = new Frames(100, source);
  const wish = frames.get(10);
  assert.equal(log.asked[0], 10);
  assert.ok(frames.pending.size <= PREFETCH_CONNECTIONS);
  log.open.get(10)();
  assert.equal((await wish).index, 10);
  for (let round = 0; round < 60; round += 1) {
    for (const answer of [...log.open.values()]) answer();
    await settle();
  }
  assert.deepEqual([...log.asked].sort((a, b) => a - b), Array.from({ length: 25 }, (_, i) => 10 + i));
  assert.equal(frames.readyAhead(10, 1), 24);
});

test("the newest wish wins: what is far from it is given up", async () => {
  const { source, log } = slowSource();
  const frames = new Frames(300, source);
  const first = frames.get(0);
  const second = frames.get(200);
  await assert.rejects(first, { name: "AbortError" });
  assert.ok(log.aborted.includes(0));
  log.open.get(200)();
  assert.equal((await second).index, 200);
  assert.equal(log.asked.filter((index) => index > 3 && index < 200).length, 0);
});

test("going backward, frames behind are fetched; the end wraps round", async () => {
  const { source, log } = slowSource();
  const frames = new Frames(50, source);
  const wish = frames.get(1, -1);
  assert.deepEqual(log.asked, [1], "what is asked for now has the line to itself");
  log.open.get(1)();
  await wish;
  await settle();
  assert.deepEqual(log.asked, [1, 0, 49, 48, 47]);
});

test("after a jump prefetching is gentle until the search is over; within reach it is not", async () => {
  const { source, log } = slowSource();
  const timers = new FakeTimers();
  const frames = new Frames(300, source, { timer: timers.timer });
  const answered = async (index) => {
    const wish = frames.get(index);
    log.open.get(index)();
    await wish;
    await settle();
  };
  await answered(0);
  assert.equal(frames.pending.size, PREFETCH_CONNECTIONS);
  await answered(100);
  assert.deepEqual([...frames.pending.keys()], [101]);
  await answered(200);
  assert.deepEqual([...frames.pending.keys()], [201]);
  await timers.run();
  assert.equal(frames.pending.size, PREFETCH_CONNECTIONS);
  await answered(210);
  assert.equal(frames.pending.size, PREFETCH_CONNECTIONS, "a frame that was on its way is no jump");
});

test("bitmaps beyond the limit are closed and come back from their bytes without a request", async () => {
  const { source, log } = slowSource();
  const frames = new Frames(200, source, { ahead: 0, decodedLimit: 96 });
  for (let index = 0; index < 150; index += 1) {
    const wish = frames.get(index);
    log.open.get(index)();
    await wish;
  }
  assert.equal(log.live, 96);
  assert.equal(log.closed, 54);
  const requests = log.asked.length;
  assert.equal((await frames.get(0)).index, 0);
  assert.equal(log.asked.length, requests);
  frames.clear();
  assert.equal(log.live, 0);
});

test("a failed frame is tried again when it is asked for again", async () => {
  let failures = 1;
  const source = {
    fetchBytes: async (index) => {
      if (failures-- > 0) throw new Error("HTTP 500");
      return { size: 1, index };
    },
    decode: async ({ index }) => ({ index, close() {} }),
  };
  const frames = new Frames(1, source);
  await assert.rejects(frames.get(0), /500/);
  assert.equal((await frames.get(0)).index, 0);
});
