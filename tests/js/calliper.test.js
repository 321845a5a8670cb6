import assert from "node:assert/strict";
import { test } from "node:test";
import { Calliper, measured } from "../../static/js/viewer/calliper.js";
import { setText } from "../../static/js/viewer/text.js";

setText({ calliperHow: "how", calliperMm: "{length} end {end} at {x},{y}", calliperPx: "{length} only, end {end} at {x},{y}" });

const later = () => new Promise((resolve) => { setTimeout(resolve, 300); });

function ready(spacingMm) {
  const listeners = {};
  const store = {
    tool: "select", clip: { spacingMm },
    on: (topic, act) => { listeners[topic] = act; },
    setTool(tool) { this.tool = tool; listeners.tool(); },
  };
  const stage = { view: { scaleX: 2, scaleY: 2, x: 10, y: 0 }, size: { width: 660, height: 480 }, image: { width: 320, height: 240 } };
  const mark = { toggleAttribute() {}, querySelector: () => null, querySelectorAll: () => [] };
  const said = [];
  const calliper = new Calliper(stage, store, mark, (words) => said.push(words));
  return { store, calliper, said };
}

test("lengths are millimetres where the clip is calibrated, else pixels", () => {
  assert.equal(measured({ x: 0, y: 0 }, { x: 30, y: 40 }, [0.1, 0.1]), "5.0 mm");
  assert.equal(measured({ x: 0, y: 0 }, { x: 30, y: 40 }, null), "50 px");
});

test("a key places both ends, then moves the lit one; the other is taken in turn", async () => {
  const { store, calliper, said } = ready([0.1, 0.2]);
  store.setTool("calliper");
  await later();
  assert.deepEqual(said, ["how"]);
  calliper.move(1, 0);
  assert.deepEqual(calliper.ends.map(({ x, y }) => [x, y]), [[127, 120], [194, 120]]);
  calliper.other();
  calliper.move(0, -500);
  assert.deepEqual(calliper.ends[0], { x: 127, y: 0 });
  await later();
  assert.deepEqual(said.slice(1), ["18.0 mm end 1 at 127,0"]);
});

test("without calibration the unit is said, and leaving the tool silences it", async () => {
  const { store, calliper, said } = ready(null);
  store.setTool("calliper");
  calliper.begin({ x: 30, y: 20 });
  calliper.stretch({ x: 90, y: 100 });
  await later();
  assert.equal(said.at(-1), "50 px only, end 2 at 40,50");
  store.setTool("select");
  await later();
  assert.equal(said.at(-1), "");
});

test("the pointer takes the end that it is at, else begins anew", () => {
  const { store, calliper } = ready(null);
  store.setTool("calliper");
  calliper.begin({ x: 30, y: 20 });
  calliper.stretch({ x: 230, y: 20 });
  calliper.begin({ x: 34, y: 24 });
  assert.equal(calliper.active, 0);
  calliper.begin({ x: 130, y: 220 });
  assert.deepEqual(calliper.ends, [{ x: 60, y: 110 }, { x: 60, y: 110 }]);
});
