import assert from "node:assert/strict";
import { test } from "node:test";
import { MemoryStorage, claimTab, newId } from "../../static/js/viewer/storage.js";
import { SaveQueue } from "../../static/js/viewer/save_queue.js";

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;

test("identities are UUIDs of version 4, over plain HTTP too, where the browser has no function for them", () => {
  assert.match(newId(), UUID);
  const own = Object.getOwnPropertyDescriptor(crypto, "randomUUID");
  Object.defineProperty(crypto, "randomUUID", { value: undefined, configurable: true });
  try {
    assert.match(newId(), UUID);
    assert.notEqual(newId(), newId());
  } finally {
    if (own) Object.defineProperty(crypto, "randomUUID", own);
    else delete crypto.randomUUID;
  }
});

test("a tab without locks has an identity all the same", async () => {
  const kept = new Map();
  globalThis.sessionStorage = { getItem: (name) => kept.get(name) ?? null, setItem: (name, value) => kept.set(name, value) };
  const locks = Object.getOwnPropertyDescriptor(globalThis, "navigator");
  Object.defineProperty(globalThis, "navigator", { value: {}, configurable: true });
  try {
    const tab = await claimTab();
    assert.match(tab, UUID);
    assert.equal(await claimTab(), tab);
  } finally {
    if (locks) Object.defineProperty(globalThis, "navigator", locks);
    delete globalThis.sessionStorage;
  }
});

test("where nothing may be stored, commands are sent all the same", async () => {
  const sent = [];
  const keyframe = { frame: 0, x1: 1, y1: 1, x2: 9, y2: 9, outside: false, occluded: false, source: "human", confidence: null, truncated: false, uncertain: false };
  const queue = new SaveQueue({
    storage: new MemoryStorage(), newKey: newId, shape: { nFrames: 5, frameShape: [100, 100] }, timer: () => 0, cancel: () => {},
    send: async (entry) => {
      sent.push(entry.body.patch);
      return { status: 200, body: { id: "t", revision: 2, keyframes: [keyframe], excluded: {}, deleted: false } };
    },
  });
  queue.setBase("t", { revision: 1, state: { keyframes: [], excluded: {}, deleted: false } });
  queue.add({ track: "t", kind: "patch", patch: { create: [keyframe] }, command: "draw", seconds: 1 });
  await queue.flush();
  assert.deepEqual(sent, [{ create: [keyframe] }]);
  assert.equal(queue.status.kind, "saved");
});
