/** Comfort shared by every page: theme switch, CSRF header for htmx, unsaved-form guard, messages that stay. */

import { keepDrafts } from "./drafts.js";

const THEME_COOKIE = "theme";
const YEAR_SECONDS = 365 * 24 * 3600;

/** @param {string} name @returns {string} value of a cookie, or "" */
export function cookie(name) {
  const found = document.cookie.split("; ").find((part) => part.startsWith(`${name}=`));
  return found ? decodeURIComponent(found.slice(name.length + 1)) : "";
}

/** @param {"light"|"dark"} theme */
function setTheme(theme) {
  document.documentElement.dataset.bsTheme = theme;
  document.cookie = `${THEME_COOKIE}=${theme}; path=/; max-age=${YEAR_SECONDS}; samesite=lax`;
  document.dispatchEvent(new CustomEvent("themechange", { detail: theme }));
}

document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-theme-toggle]");
  if (!button) return;
  setTheme(document.documentElement.dataset.bsTheme === "dark" ? "light" : "dark");
});

document.addEventListener("click", (event) => {
  if (event.target.closest("[data-print]")) window.print();
});

document.addEventListener("htmx:configRequest", (event) => {
  event.detail.headers["X-CSRFToken"] = cookie("csrftoken");
});

/** @param {string} text said once, however often it happens @param {"danger"|"warning"} kind */
function say(text, kind) {
  const area = document.getElementById("messages");
  if (!area || [...area.children].some((note) => note.textContent === text)) return;
  const note = document.createElement("div");
  note.className = `alert alert-${kind}`;
  note.setAttribute("role", "alert");
  note.textContent = text;
  area.append(note);
}

/** A failed htmx request says so in words instead of leaving the page mute. */
function sayFailure(text) {
  say(text, "danger");
}

document.addEventListener("htmx:responseError", (event) => {
  const { status } = event.detail.xhr;
  const body = document.body.dataset;
  const words = { 401: body.textLoggedOut, 403: body.textForbidden };
  sayFailure(words[status] ?? body.textServerError);
});
document.addEventListener("htmx:sendError", () => sayFailure(document.body.dataset.textOffline));

keepDrafts(document, sessionStorage, (text) => say(text, "warning"));

/** What scrolls sideways can be scrolled by keys: a wide table takes the focus, one that fits does not. */
function reachWideTables() {
  for (const wrap of document.querySelectorAll(".table-wrap:not([role])")) {
    if (wrap.scrollWidth > wrap.clientWidth) wrap.tabIndex = 0;
    else wrap.removeAttribute("tabindex");
  }
}
reachWideTables();
window.addEventListener("resize", reachWideTables);
document.addEventListener("htmx:load", reachWideTables);

/** A form that was refused begins at its first fault: for the eye, the keyboard and a screen reader. */
document.querySelector("main .form-fault, main [aria-invalid='true']")?.focus();

/** Forms marked data-guard ask before what was typed would be lost. */
let dirty = false;
document.addEventListener("input", (event) => {
  if (event.target.closest("form[data-guard]")) dirty = true;
});
document.addEventListener("submit", () => {
  dirty = false;
});

/** A second click on a button that is on its way sends nothing twice; a download leaves the form usable. */
const SENT_MS = 3000;
document.addEventListener("submit", (event) => {
  const form = event.target;
  if (event.defaultPrevented || form.method !== "post") return;
  if (form.dataset.sent) {
    event.preventDefault();
    return;
  }
  form.dataset.sent = "1";
  setTimeout(() => delete form.dataset.sent, SENT_MS);
});
window.addEventListener("pageshow", () => {
  for (const form of document.querySelectorAll("form[data-sent]")) delete form.dataset.sent;
});

window.addEventListener("beforeunload", (event) => {
  if (dirty) event.preventDefault();
});

/** Rows that lead somewhere open on click and on Enter. */
document.addEventListener("click", (event) => {
  const row = event.target.closest("tr[data-href]");
  if (row && !event.target.closest("a, button, input, select, label")) window.location.assign(row.dataset.href);
});
