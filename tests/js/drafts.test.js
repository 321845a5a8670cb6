import assert from "node:assert/strict";
import { test } from "node:test";
import { draftOf, fate, keepDrafts, restore } from "../../static/js/drafts.js";

const field = (name, value, type = "text", more = {}) => ({ name, value, type, checked: false, autocomplete: "", ...more });

/** A page with one form: what drafts.js asks of a document, and nothing else. */
function pageOf(fields, { who = "ana", path = "/form/", mark = null } = {}) {
  const form = { method: "post", elements: fields, closest: () => null };
  return {
    form,
    body: { dataset: { textDraft: "it stands here again" } },
    location: { pathname: path, search: "" },
    handlers: [],
    addEventListener(_name, handler) {
      this.handlers.push(handler);
    },
    querySelector: (what) => {
      if (what.startsWith(".usermenu")) return who ? { textContent: who } : null;
      return mark && what.includes(mark) ? {} : null;
    },
    querySelectorAll: () => [form],
  };
}

class Store {
  kept = new Map();
  getItem(key) {
    return this.kept.get(key) ?? null;
  }
  setItem(key, value) {
    this.kept.set(key, value);
  }
  removeItem(key) {
    this.kept.delete(key);
  }
}

function send(page, store) {
  keepDrafts(page, store, () => assert.fail("nothing to say yet"));
  for (const handler of page.handlers) handler({ target: page.form });
}

test("secrets, files and hospital numbers are never kept", () => {
  const fields = [field("csrf", "x", "hidden"), field("password", "x", "password"), field("scan", "x", "file"),
    field("hospital_number", "4711", "text", { autocomplete: "off" }), field("age", "59")];
  const page = pageOf(fields);
  assert.deepEqual(draftOf(page.form, page, "/form/").values, [{ name: "age", value: "59", checked: false }]);
  const secret = pageOf([field("password", "x", "password")]);
  assert.equal(draftOf(secret.form, secret, "/form/"), null);
});

test("what was typed stands in the form again after the login page", () => {
  const store = new Store();
  send(pageOf([field("age", "59"), field("agreed", "1", "checkbox", { checked: true })]), store);
  keepDrafts(pageOf([], { path: "/login/", who: "", mark: ".login" }), store, () => assert.fail());
  const said = [];
  const again = pageOf([field("age", ""), field("agreed", "1", "checkbox")]);
  keepDrafts(again, store, (text) => said.push(text));
  assert.equal(again.form.elements[0].value, "59");
  assert.equal(again.form.elements[1].checked, true);
  assert.deepEqual(said, ["it stands here again"]);
  assert.equal(store.kept.size, 0);
});

test("after a form was taken nothing is brought back", () => {
  const store = new Store();
  send(pageOf([field("age", "59")]), store);
  keepDrafts(pageOf([field("age", "")], { path: "/list/" }), store, () => assert.fail());
  assert.equal(store.kept.size, 0);
});

test("another person, another page or another form gets nothing of it", () => {
  const page = pageOf([field("age", "59")]);
  const draft = { ...draftOf(page.form, page, "/form/"), back: true };
  assert.equal(fate(draft, page, "/form/"), "restore");
  assert.equal(fate(draft, pageOf([], { who: "ben" }), "/form/"), "drop");
  assert.equal(fate(draft, page, "/other/"), "drop");
  const changed = pageOf([field("size", "")]);
  assert.equal(restore(draft, changed), false);
  assert.equal(changed.form.elements[0].value, "");
});
