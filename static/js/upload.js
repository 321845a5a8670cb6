/** Upload page: several files, each with its own progress, sent one after the other; verdict rows come from htmx. */

import { cookie } from "./page.js";

const form = document.getElementById("upload-form");
const zone = document.getElementById("drop-zone");
const input = document.getElementById("u-files");
const patient = document.getElementById("u-patient");
const list = document.getElementById("sending");
const hint = document.getElementById("upload-hint");
/** @type {File[]} */
const queue = [];
let sending = false;
/** Row to the file's name on this computer: a name may hold a patient's, so it is shown here and never sent. */
const names = new Map();

/** @param {HTMLElement} row an upload's row, fresh from the server */
function showName(row) {
  const name = names.get(row.id);
  if (!name || row.querySelector(".local-name")) return;
  const note = document.createElement("span");
  note.className = "local-name muted";
  note.textContent = name;
  note.title = form.dataset.textLocal;
  row.cells[0].append(document.createElement("br"), note);
}

/** @param {FileList|File[]} files */
function enqueue(files) {
  if (!patient.value) {
    hint.textContent = form.dataset.textChoose;
    hint.className = "alert alert-warning";
    patient.focus();
    return;
  }
  hint.textContent = "";
  hint.className = "";
  queue.push(...files);
  if (!sending) sendNext();
}

function sendNext() {
  const file = queue.shift();
  sending = Boolean(file);
  if (file) send(file).finally(sendNext);
}

/** @param {File} file @returns {HTMLLIElement} */
function progressItem(file) {
  const item = document.createElement("li");
  const name = document.createElement("span");
  name.textContent = `${file.name}: ${form.dataset.textSending}`;
  const bar = document.createElement("div");
  bar.className = "bar";
  const progress = document.createElement("progress");
  progress.max = file.size || 1;
  progress.value = 0;
  progress.setAttribute("aria-label", file.name);
  bar.append(progress);
  item.append(name, bar);
  list.append(item);
  return item;
}

/** @param {HTMLElement} item @param {File} file @param {string} text */
function sayFailed(item, file, text) {
  item.classList.add("failed");
  item.querySelector("span").textContent = `${file.name}: ${text}`;
  item.querySelector(".bar").remove();
}

/** @param {File} file @returns {Promise<void>} */
function send(file) {
  const item = progressItem(file);
  const body = new FormData();
  body.append("patient", patient.value);
  body.append("file", file, "cine");
  return new Promise((resolve) => {
    const request = new XMLHttpRequest();
    request.open("POST", form.action);
    request.setRequestHeader("X-CSRFToken", cookie("csrftoken"));
    request.upload.addEventListener("progress", (event) => {
      item.querySelector("progress").value = event.loaded;
    });
    request.addEventListener("load", () => {
      finish(request, item, file);
      resolve();
    });
    request.addEventListener("error", () => {
      sayFailed(item, file, form.dataset.textFailed);
      resolve();
    });
    request.send(body);
  });
}

/** @param {XMLHttpRequest} request @param {HTMLElement} item @param {File} file */
function finish(request, item, file) {
  if (request.status !== 201) {
    let text = form.dataset.textFailed;
    try {
      text = JSON.parse(request.responseText).error ?? text;
    } catch {
      /* the server answered with a page: keep the general sentence */
    }
    sayFailed(item, file, text);
    return;
  }
  item.remove();
  const rows = document.getElementById("uploads");
  rows.insertAdjacentHTML("afterbegin", request.responseText);
  const row = rows.firstElementChild;
  names.set(row.id, file.name);
  showName(row);
  globalThis.htmx.process(row);
  document.getElementById("no-uploads").hidden = true;
}

document.addEventListener("htmx:load", (event) => {
  if (event.detail.elt instanceof HTMLTableRowElement) showName(event.detail.elt);
});
input.addEventListener("change", () => {
  enqueue([...input.files]);
  input.value = "";
});
for (const type of ["dragenter", "dragover"]) {
  zone.addEventListener(type, (event) => {
    event.preventDefault();
    zone.classList.add("over");
  });
}
for (const type of ["dragleave", "drop"]) zone.addEventListener(type, () => zone.classList.remove("over"));
zone.addEventListener("drop", (event) => {
  event.preventDefault();
  enqueue([...event.dataTransfer.files]);
});
