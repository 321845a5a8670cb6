import assert from "node:assert/strict";
import { test } from "node:test";
import { Lru } from "../../static/js/viewer/lru.js";

test("the least recently used goes, and everything dropped is released once", () => {
  const released = [];
  const lru = new Lru(3, { release: (value) => released.push(value) });
  for (const key of ["a", "b", "c"]) lru.set(key, key.toUpperCase());
  assert.equal(lru.get("a"), "A");
  lru.set("d", "D");
  assert.deepEqual(released, ["B"]);
  assert.deepEqual([lru.has("a"), lru.has("b"), lru.size], [true, false, 3]);
  lru.set("a", "A2");
  assert.deepEqual(released, ["B", "A"]);
  lru.clear();
  assert.deepEqual(released.sort(), ["A", "A2", "B", "C", "D"]);
  assert.equal(lru.total, 0);
});

test("the limit counts cost, and one entry over it stays alone", () => {
  const lru = new Lru(10, { cost: (value) => value });
  lru.set("a", 4);
  lru.set("b", 5);
  lru.set("c", 6);
  assert.deepEqual([lru.has("a"), lru.has("b"), lru.has("c"), lru.total], [false, false, true, 6]);
  lru.set("huge", 50);
  assert.deepEqual([lru.size, lru.has("huge")], [1, true]);
});

test("over any sequence of uses, what is not in the store has been released", () => {
  let live = 0;
  const lru = new Lru(7, { release: () => { live -= 1; } });
  let seed = 1;
  for (let i = 0; i < 5000; i += 1) {
    seed = (seed * 48271) % 2147483647;
    const key = seed % 40;
    if (seed % 3) lru.get(key);
    else {
      live += 1;
      lru.set(key, {});
    }
    assert.ok(lru.size <= 7);
    assert.equal(live, lru.size);
  }
});
