import assert from "node:assert/strict";
import { readFileSync, readdirSync } from "node:fs";
import { test } from "node:test";

const FOLDER = new URL("../../static/js/viewer/", import.meta.url);
const MAX_LINES = 265;

test("files stay short", () => {
  for (const name of readdirSync(FOLDER)) {
    const lines = readFileSync(new URL(name, FOLDER), "utf8").split("\n").length;
    assert.ok(lines <= MAX_LINES, `${name} has ${lines} lines`);
  }
});

test("every sentence that the script asks for has its words", () => {
  const words = ["viewer_text", "viewer_keys"]
    .map((name) => readFileSync(new URL(`../../studies/views/${name}.py`, import.meta.url), "utf8"))
    .join("\n");
  for (const name of readdirSync(FOLDER)) {
    const source = readFileSync(new URL(name, FOLDER), "utf8");
    if (name === "leftovers.js") continue; // its page brings its own sentence
    for (const [, key] of source.matchAll(/\b(?:t|say)\("([A-Za-z_]+)"/g)) {
      assert.ok(words.includes(`"${key}"`), `${name}: ${key}`);
    }
  }
});

test("every command has its words", () => {
  const words = readFileSync(new URL("../../studies/views/viewer_text.py", import.meta.url), "utf8");
  const source = readFileSync(new URL("actions.js", FOLDER), "utf8");
  const names = [...source.matchAll(/(?:this\.on|editor\.run|editor\.create)\("([a-z ]+)"/g)].map(([, name]) => name);
  assert.ok(names.length > 10);
  for (const name of names) assert.ok(words.includes(`"act_${name}"`), name);
});
