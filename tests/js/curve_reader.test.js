import assert from "node:assert/strict";
import { test } from "node:test";
import { CurveReader, POLL_MS } from "../../static/js/viewer/curve_reader.js";

/** A reader whose timer is run by hand and whose answers are given one after another. */
function reader(answers, { isSaved = () => true } = {}) {
  const timers = [];
  const asked = [];
  const made = new CurveReader({
    read: async (feature) => {
      asked.push(feature);
      const answer = answers[Math.min(asked.length, answers.length) - 1];
      if (answer instanceof Error) throw answer;
      return answer;
    },
    isSaved,
    timer: (run, ms) => timers.push({ run, ms, isLive: true }) - 1,
    cancel: (id) => { if (timers[id]) timers[id].isLive = false; },
  });
  const elapse = async () => {
    const due = timers.filter(({ isLive }) => isLive);
    for (const timer of due) Object.assign(timer, { isLive: false }).run();
    await new Promise(setImmediate);
    return due.map(({ ms }) => ms);
  };
  return { made, asked, elapse };
}

const curve = (values, stale = false) => ({ status: 200, body: { frames: values.map((_, i) => i), values, unit: "grey", stale } });

test("a curve that is up to date is read once", async () => {
  const { made, asked, elapse } = reader([curve([1, 2])]);
  await made.choose("firstorder_Mean");
  assert.equal(made.kind, "fresh");
  assert.deepEqual(await elapse(), []);
  assert.deepEqual(asked, ["firstorder_Mean"]);
});

test("a change makes it stale at once, and it is read again until it belongs to the boxes", async () => {
  const { made, elapse } = reader([curve([1]), curve([1], true), curve([3])]);
  await made.choose("firstorder_Mean");
  made.boxesChanged();
  assert.equal(made.kind, "stale");
  assert.deepEqual(await elapse(), [POLL_MS[0]]);
  assert.equal(made.kind, "stale");
  assert.deepEqual(await elapse(), [POLL_MS[1]]);
  assert.equal(made.kind, "fresh");
  assert.deepEqual(made.curve.values, [3]);
});

test("an answer is not believed while the change is not saved", async () => {
  let isSaved = false;
  const { made, elapse } = reader([curve([1])], { isSaved: () => isSaved });
  await made.choose("firstorder_Mean");
  made.boxesChanged();
  await elapse();
  assert.equal(made.kind, "stale");
  isSaved = true;
  await elapse();
  assert.equal(made.kind, "fresh");
});

test("an answer that was on its way when the boxes changed is dropped", async () => {
  let answer = () => {};
  const made = new CurveReader({
    read: () => new Promise((resolve) => { answer = resolve; }), isSaved: () => true, timer: () => 0, cancel: () => {},
  });
  const chosen = made.choose("firstorder_Mean");
  made.boxesChanged();
  answer(curve([1]));
  await chosen;
  assert.equal(made.curve, null);
});

test("a server that is away is said and asked again; the curve on screen stays, stale", async () => {
  const { made, elapse } = reader([new Error("offline"), curve([1]), { status: 503, body: null }, curve([2])]);
  await made.choose("firstorder_Mean");
  assert.equal(made.kind, "unreachable");
  await elapse();
  assert.equal(made.kind, "fresh");
  made.boxesChanged();
  await elapse();
  assert.equal(made.kind, "stale");
  assert.deepEqual(made.curve.values, [1]);
  await elapse();
  assert.deepEqual([made.kind, made.curve.values], ["fresh", [2]]);
});

test("what is not computed yet is said, and asked for again", async () => {
  const { made, elapse } = reader([curve([]), curve([5])]);
  await made.choose("firstorder_Mean");
  assert.equal(made.kind, "missing");
  await elapse();
  assert.equal(made.kind, "fresh");
});

test("nothing is read when the feature is let go", async () => {
  const { made, asked, elapse } = reader([curve([1], true)]);
  await made.choose("firstorder_Mean");
  await made.choose("");
  assert.deepEqual(await elapse(), []);
  made.boxesChanged();
  assert.deepEqual(await elapse(), []);
  assert.equal(asked.length, 1);
});
