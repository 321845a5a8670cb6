import assert from "node:assert/strict";
import { test } from "node:test";
import { baseOf, commandNames } from "../../static/js/viewer/save_batch.js";
import { SaveQueue } from "../../static/js/viewer/save_queue.js";
import { applyState, sameState } from "../../static/js/viewer/state_patch.js";
import { FakeServer, FakeStorage, FakeTimers, SHAPE } from "./fake_server.js";

const keyframe = (frame, x1 = 10) => ({
  frame, x1, y1: 20, x2: x1 + 30, y2: 60, outside: false, occluded: false, source: "human", confidence: null,
  truncated: false, uncertain: false,
});

/** A page: what it shows, its queue, and edits. */
class FakePage {
  static keys = 0;

  constructor(server, storage = new FakeStorage()) {
    this.server = server;
    this.storage = storage;
    this.timers = new FakeTimers();
    this.blocks = [];
    this.queue = new SaveQueue({
      storage, send: (request) => server.send(request), shape: SHAPE, newKey: () => `key-${(FakePage.keys += 1)}`,
      timer: this.timers.timer, cancel: this.timers.cancel,
    });
    this.queue.onBlocked = (track, block, base) => this.blocks.push({ track, block, base });
  }

  open(id) {
    this.id = id;
    const { entries, bases } = this.storage.load();
    const base = new Map(bases).get(id) ?? baseOf(this.server.state(id));
    this.queue.bases.set(id, baseOf(this.server.state(id)));
    if (entries.length) this.queue.bases.set(id, base);
    this.state = (entries.length ? base : baseOf(this.server.state(id))).state;
    for (const { kind, patch } of entries) if (kind === "patch") this.apply(patch);
    this.queue.restore(entries, []);
    return this;
  }

  apply(patch) {
    this.state = applyState(this.state, patch, SHAPE.nFrames, SHAPE.frameShape);
  }

  edit(frame, x1, command = "move") {
    const part = this.state.keyframes.some((k) => k.frame === frame) ? "update" : "create";
    const patch = { [part]: [keyframe(frame, x1)] };
    this.apply(patch);
    this.queue.add({ track: this.id, kind: "patch", patch, command, seconds: 1 });
  }

  /** Let time pass until nothing is left to do. */
  async settle(rounds = 40) {
    for (let i = 0; i < rounds && (this.queue.entries.length || this.queue.running); i += 1) {
      if (this.queue.blocked.size) break;
      await this.timers.run();
    }
  }
}

function serverWith(id = "t") {
  const server = new FakeServer();
  server.put(id, [keyframe(0)]);
  return server;
}

test("commands in a row go as one patch with their names and time", async () => {
  const server = serverWith();
  const page = new FakePage(server).open("t");
  page.edit(5, 50, "draw");
  page.edit(5, 60);
  page.edit(7, 70);
  assert.equal(page.queue.status.kind, "unsaved");
  await page.settle();
  assert.equal(page.queue.status.kind, "saved");
  assert.deepEqual(server.revisions.map(({ command, seconds }) => [command, seconds]), [["draw, move ×2", 3]]);
  assert.equal(server.state("t").keyframes.find((k) => k.frame === 5).x1, 60);
});

test("what comes to nothing is not sent", async () => {
  const server = serverWith();
  const page = new FakePage(server).open("t");
  page.edit(5, 50);
  const patch = { delete: [5] };
  page.apply(patch);
  page.queue.add({ track: "t", kind: "patch", patch, command: "undo move", seconds: 0 });
  await page.settle();
  assert.deepEqual([server.requests, page.queue.entries.length], [0, 0]);
});

test("an answer that never came does not apply the patch twice", async () => {
  const server = serverWith();
  server.weather = (n) => (n === 1 ? "unanswered" : null);
  const page = new FakePage(server).open("t");
  page.edit(5, 50);
  await page.timers.run();
  assert.equal(page.queue.status.kind, "offline");
  page.edit(6, 60);
  await page.settle();
  assert.equal(server.revisions.length, 2);
  assert.deepEqual(server.state("t").keyframes.map((k) => k.frame), [0, 5, 6]);
});

test("a reload at any moment loses nothing", async () => {
  const server = serverWith();
  const storage = new FakeStorage();
  let page = new FakePage(server, storage).open("t");
  for (let step = 0; step < 60; step += 1) {
    server.weather = (n) => (n % 3 === 0 ? "unanswered" : n % 5 === 0 ? "lost" : n % 7 === 0 ? 503 : null);
    page.edit(1 + (step % 40), 10 + step);
    await page.queue.writes;
    if (step % 4 === 1) await page.timers.run();
    if (step % 6 === 2) page = new FakePage(server, storage).open("t");
  }
  const shown = page.state;
  server.weather = () => null;
  await page.settle(200);
  assert.equal(page.queue.entries.length, 0);
  assert.ok(sameState(shown, baseOf(server.state("t")).state));
});

test("a conflict stops this track only, surfaces with both sides, and is settled by a choice", async () => {
  const server = serverWith();
  server.put("u", [keyframe(0)]);
  const page = new FakePage(server).open("t");
  const other = new FakePage(server).open("t");
  other.edit(9, 90);
  await other.settle();
  page.edit(5, 50);
  page.queue.bases.set("u", baseOf(server.state("u")));
  page.queue.add({ track: "u", kind: "patch", patch: { create: [keyframe(3)] }, command: "draw", seconds: 0 });
  await page.settle();
  assert.equal(page.queue.status.kind, "conflict");
  assert.equal(page.blocks.length, 1);
  assert.deepEqual([page.blocks[0].block.current.revision, page.blocks[0].base.revision], [2, 1]);
  assert.equal(server.state("u").revision, 2);
  const chosen = { ...page.state, keyframes: [keyframe(0), keyframe(5, 50), keyframe(9, 90)] };
  await page.queue.resolve("t", page.blocks[0].block.current, chosen, "resolve conflict");
  await page.settle();
  assert.equal(page.queue.status.kind, "saved");
  assert.ok(sameState(chosen, baseOf(server.state("t")).state));
});

test("what is done while a conflict is being settled comes after it", async () => {
  const server = serverWith();
  const page = new FakePage(server).open("t");
  const other = new FakePage(server).open("t");
  other.edit(9, 90);
  await other.settle();
  page.edit(5, 50);
  await page.settle();
  const { current } = page.blocks[0].block;
  const settled = page.queue.resolve("t", current, { ...page.state, keyframes: [keyframe(0), keyframe(5, 50), keyframe(9, 90)] }, "resolve conflict");
  page.state = { ...page.state, keyframes: [keyframe(0), keyframe(5, 50), keyframe(9, 90)] };
  page.edit(7, 70);
  await settled;
  await page.settle();
  assert.deepEqual(server.state("t").keyframes.map(({ frame }) => frame), [0, 5, 7, 9]);
});

test("a page that dies after a conflict was settled has the choice still to send", async () => {
  const server = serverWith();
  const page = new FakePage(server).open("t");
  const other = new FakePage(server).open("t");
  other.edit(9, 90);
  await other.settle();
  page.edit(5, 50);
  await page.settle();
  const chosen = { ...page.state, keyframes: [keyframe(0), keyframe(5, 50), keyframe(9, 90)] };
  await page.queue.resolve("t", page.blocks[0].block.current, chosen, "resolve conflict");
  const again = new FakePage(server, page.storage).open("t");
  await again.settle();
  assert.ok(sameState(chosen, baseOf(server.state("t")).state));
});

test("a signed track keeps what was not saved until somebody decides", async () => {
  const server = serverWith();
  const page = new FakePage(server).open("t");
  server.tracks.get("t").status = "signed";
  page.edit(5, 50);
  await page.settle();
  assert.deepEqual([page.queue.status.kind, page.queue.entries.length], ["locked", 1]);
});

test("an expired login keeps everything and goes on afterwards", async () => {
  const server = serverWith();
  server.weather = (n) => (n < 3 ? 403 : null);
  const page = new FakePage(server).open("t");
  page.edit(5, 50);
  await page.timers.run();
  assert.equal(page.queue.status.kind, "forbidden");
  await page.settle();
  assert.equal(server.revisions.length, 1);
});

test("a track opened late keeps our edits; one opened elsewhere meanwhile conflicts instead of being overwritten", async () => {
  const open = async (existing) => {
    const server = new FakeServer();
    server.model = [keyframe(0)];
    const page = new FakePage(server);
    page.id = "local";
    page.state = { keyframes: server.model, excluded: {}, deleted: false };
    page.queue.setBase("local", { revision: 1, state: page.state });
    if (existing) {
      server.put("theirs", [keyframe(0, 99)]);
      const answer = server.answer.bind(server);
      server.answer = (request) => (request.kind === "open" ? { status: 200, body: server.state("theirs") } : answer(request));
    }
    page.queue.onRenamed = (from, to) => { page.id = to; };
    page.queue.add({ track: "local", kind: "open", command: "open", seconds: 0 });
    page.edit(5, 50);
    await page.settle();
    return { page, server };
  };
  const fresh = await open(false);
  assert.deepEqual(fresh.server.state("local").keyframes.map((k) => k.frame), [0, 5]);
  const late = await open(true);
  assert.equal(late.page.id, "theirs");
  assert.equal(late.page.queue.status.kind, "conflict");
  assert.equal(late.server.state("theirs").keyframes[0].x1, 99);
});

test("1,500 edits over a bad line, with reloads: nothing lost, nothing twice", async () => {
  const server = serverWith();
  const storage = new FakeStorage();
  let page = new FakePage(server, storage).open("t");
  let seed = 42;
  const chance = (n) => {
    seed = (seed * 48271) % 2147483647;
    return seed % n;
  };
  server.weather = () => ["lost", "unanswered", 503, null, null, null, null, null][chance(8)];
  for (let i = 0; i < 1500; i += 1) {
    page.edit(chance(SHAPE.nFrames), chance(280));
    if (chance(25) === 0) await page.timers.run();
    if (chance(400) === 0) {
      await page.queue.writes;
      page = new FakePage(server, storage).open("t");
    }
  }
  const shown = page.state;
  server.weather = () => null;
  await page.settle(50);
  assert.equal(page.queue.entries.length, 0);
  assert.ok(sameState(shown, baseOf(server.state("t")).state));
  assert.equal(server.state("t").revision, 1 + server.revisions.length);
});

test("names of commands are counted and kept short", () => {
  const entries = ["move", "move", "draw"].map((command) => ({ command }));
  assert.equal(commandNames(entries), "move ×2, draw");
  assert.equal(commandNames(Array.from({ length: 90 }, (_, i) => ({ command: `command ${i}` }))).length, 100);
});
