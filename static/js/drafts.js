/** What was typed into a form stands in it again after a login: a session that ended loses nothing. */

const KEY = "draft";
const LEFT_OUT = new Set(["hidden", "password", "file", "submit", "button", "image", "reset"]);

/** @typedef {{path: string, who: string, place: number, back: boolean, values: {name: string, value: string, checked: boolean}[]}} Draft */

/** @param {HTMLFormElement} form @returns {HTMLInputElement[]} fields that may be kept in this tab: no secret, no hospital number */
function kept(form) {
  return [...form.elements].filter((field) => field.name && !LEFT_OUT.has(field.type) && field.autocomplete !== "off");
}

/** @param {Document} page @returns {string} who is logged in, "" for nobody */
function person(page) {
  return page.querySelector(".usermenu .who")?.textContent.trim() ?? "";
}

/** @param {Document} page @returns {HTMLFormElement[]} forms of the page's own content that send something */
function forms(page) {
  return [...page.querySelectorAll("main form")].filter((form) => form.method === "post");
}

/**
 * @param {HTMLFormElement} form about to be sent @param {Document} page @param {string} path address of the page
 * @returns {Draft | null} what to keep of it; null where nothing was typed
 */
export function draftOf(form, page, path) {
  const place = forms(page).indexOf(form);
  const values = kept(form).map(({ name, value, checked }) => ({ name, value, checked: Boolean(checked) }));
  return place < 0 || !values.length ? null : { path, who: person(page), place, back: false, values };
}

/**
 * What becomes of a draft on the page that came next.
 * @param {Draft} draft @param {Document} page @param {string} path
 * @returns {"keep" | "restore" | "drop"}
 */
export function fate(draft, page, path) {
  if (page.querySelector(".login, [data-keep-draft]")) return "keep";
  const isHere = draft.back && draft.path === path && draft.who === person(page);
  return isHere ? "restore" : "drop";
}

/** @param {Draft} draft @param {Document} page @returns {boolean} whether the form is there and took its values back */
export function restore(draft, page) {
  const form = forms(page)[draft.place];
  if (!form) return false;
  const fields = kept(form);
  if (fields.length !== draft.values.length || fields.some((field, n) => field.name !== draft.values[n].name)) return false;
  fields.forEach((field, n) => {
    const { value, checked } = draft.values[n];
    if (field.type === "checkbox" || field.type === "radio") field.checked = checked;
    else field.value = value;
  });
  for (let outer = form.closest("details"); outer; outer = outer.parentElement.closest("details")) outer.open = true;
  return true;
}

/** @param {Storage} storage @returns {Draft | null} */
function read(storage) {
  try {
    return JSON.parse(storage.getItem(KEY));
  } catch {
    return null;
  }
}

/**
 * Keep drafts in the tab's own storage, and bring one back where its form is shown again.
 * @param {Document} page @param {Storage} storage @param {(text: string) => void} say
 */
export function keepDrafts(page, storage, say) {
  const path = () => page.location.pathname + page.location.search;
  page.addEventListener("submit", ({ target }) => {
    const draft = page.querySelector(".login") ? null : draftOf(target, page, path());
    if (draft && target.method === "post") storage.setItem(KEY, JSON.stringify(draft));
  });
  const draft = read(storage);
  if (!draft) return;
  const next = fate(draft, page, path());
  if (next === "keep") {
    storage.setItem(KEY, JSON.stringify({ ...draft, back: true }));
    return;
  }
  storage.removeItem(KEY);
  if (next === "restore" && restore(draft, page)) say(page.body.dataset.textDraft);
}
