// @ts-check
/** The parts of the page that follow the store: boxes, frame number, buttons, messages. */
import { request } from "./api.js";
import { itemsAt } from "./box_items.js";
import { BoxLayer } from "./box_layer.js";
import { answerByNumber } from "./dialogs.js";
import { input } from "./controls.js";
import { element } from "./table.js";
import { t } from "./text.js";

/** @typedef {import("./store.js").Store} Store */

const MESSAGE_MS = 6000;

/** @param {string} id @returns {any} */
export const place = (id) => document.getElementById(id);

/** @type {any} */
let messageTimer = null;

/** A sentence for the reader: a key of the page's sentences, or words. @param {string} message */
export function say(message) {
  place("message").textContent = t(message);
  place("message").hidden = false;
  clearTimeout(messageTimer);
  messageTimer = setTimeout(() => { place("message").hidden = true; }, MESSAGE_MS);
}

/** Why this frame needs the reader. @param {import("./track_review.js").Need|undefined} need */
export function sayNeed(need) {
  say(need ? need.reasons.map((reason) => t(`need_${reason}`)).join(", ") : "noNeed");
}

/** @param {Store} store @param {import("./stage.js").Stage} stage @param {import("./actions.js").Actions} actions */
export function showBoxes(store, stage, actions) {
  const layer = new BoxLayer(place("overlay"), stage);
  layer.onSelect = (track) => actions.choose(track);
  layer.onHover = (track) => store.hover(track);
  layer.onChange = (id, box, isDone) => {
    const track = store.tracks.get(id);
    if (isDone && track) actions.setBox(track, box, "move");
  };
  let isRequested = false;
  const render = () => {
    isRequested = false;
    const painted = Number(stage.container.dataset.painted ?? -1);
    layer.render(painted === store.frame ? itemsAt(store, painted) : [], store.selected);
  };
  const later = () => {
    if (!isRequested) requestAnimationFrame(render);
    isRequested = true;
  };
  for (const topic of /** @type {const} */ (["tracks", "selection", "hover", "tool", "layers", "view"])) store.on(topic, later);
  stage.container.addEventListener("framepaint", render);
}

/** @param {Store} store @param {Float64Array} starts */
export function showFrameNumber(store, starts) {
  const show = () => {
    const { frame } = store;
    const reason = store.mine.map((track) => track.excluded[String(frame)]).find(Boolean);
    const words = `t = ${Math.round(starts[frame])} ms`;
    place("stage").toggleAttribute("data-excluded", Boolean(reason));
    place("frame-info").textContent = reason ? `${words} · ${t("excluded")}` : words;
    if (document.activeElement !== place("goto")) input("goto").value = String(frame + 1);
  };
  store.on("frame", show);
  store.on("tracks", show);
  show();
}

/** @param {Store} store @param {import("./player.js").Player} player */
export function followPlayer(store, player) {
  store.on("playing", () => {
    place("play").textContent = store.isPlaying ? "❚❚" : "▶";
    place("play").setAttribute("aria-label", t(store.isPlaying ? "pause" : "play"));
    place("stage-note").hidden = !player.isBuffering;
    place("stage-note").textContent = t("buffering");
  });
  player.onError = (frame) => say(t("frameFailed", { number: frame + 1 }));
  input("goto").addEventListener("change", () => store.goTo(Number(input("goto").value) - 1));
  input("goto").addEventListener("keydown", (event) => {
    if (event.key === "Enter" || event.key === "Escape") place("stage").focus();
  });
  place("speed").addEventListener("change", () => player.setSpeed(Number(place("speed").value)));
  place("repeat").addEventListener("change", () => player.setRepeat(place("repeat").value));
}

/** Tool and layer buttons. @param {Store} store @param {string} detections address of the raw boxes */
export function followTools(store, detections) {
  for (const button of /** @type {NodeListOf<HTMLElement>} */ (document.querySelectorAll("button[data-tool]"))) {
    const name = button.dataset.tool ?? "select";
    button.addEventListener("click", () => store.setTool(name));
    store.on("tool", () => button.setAttribute("aria-pressed", String(store.tool === name)));
  }
  for (const button of /** @type {NodeListOf<HTMLElement>} */ (document.querySelectorAll("button[data-layer]"))) {
    const name = /** @type {"model"} */ (button.dataset.layer);
    button.addEventListener("click", () => store.toggleLayer(name));
    store.on("layers", () => button.setAttribute("aria-pressed", String(store.layers[name])));
  }
  store.on("layers", () => void readDetections(store, detections));
}

/** Raw boxes are read when somebody wants to see them. @param {Store} store @param {string} address */
async function readDetections(store, address) {
  if (!store.layers.detections || store.detections.length) return;
  const { status, body } = await request("GET", address).catch(() => ({ status: 0, body: null }));
  if (status !== 200) return say("notReached");
  store.detections = body.frames;
  if (!body.frames.length) say("noDetections");
  return store.tell("tracks");
}

/** The reasons among which a dialog lets one choose. @param {string} dialogName @param {[string, string][]} reasons */
export function offerReasons(dialogName, reasons) {
  place(`${dialogName}-reasons`)?.replaceChildren(...reasons.map(([value, label], i) =>
    element("button", { className: "btn btn-outline-primary", value, dataset: { number: String(i + 1) } },
      [element("kbd", { textContent: String(i + 1), "aria-hidden": "true" }), ` ${label}`])));
  answerByNumber(dialogName);
}

/** @param {import("./undo.js").UndoStack} history */
export function showUndo(history) {
  const sides = /** @type {const} */ ([["undo", history.nextUndo, "undoOf"], ["redo", history.nextRedo, "redoOf"]]);
  for (const [id, command, key] of sides) {
    const button = place(id);
    if (!button) continue;
    button.disabled = !command;
    const words = command ? t(key, { name: t(`act_${command.name}`), number: command.frame + 1 }) : t(id);
    button.title = words;
    button.setAttribute("aria-label", words);
  }
}

/** What the buttons say of the track that keys mean: locked, hidden, pinned. @param {Store} store @param {import("./actions.js").Actions} actions */
export function showFlags(store, actions) {
  const buttons = /** @type {NodeListOf<HTMLElement>} */ (document.querySelectorAll("button[data-flag]"));
  const show = () => {
    const track = store.activeTrack ?? actions.target;
    for (const button of buttons) {
      const flag = /** @type {"locked"} */ (button.dataset.flag);
      button.setAttribute("aria-pressed", String(Boolean(track?.[flag])));
    }
  };
  for (const topic of /** @type {const} */ (["tracks", "selection", "hover"])) store.on(topic, show);
  show();
}

/** The sentence of a mode that waits for clicks in the picture. @param {string} words "" for none */
export function showMode(words) {
  place("mode-note").hidden = !words;
  place("mode-note").textContent = words;
}

/** How many frames need this person, on the button that goes there. @param {Store} store @param {import("./needs.js").Needs} needs */
export function showNeeds(store, needs) {
  let isRequested = false;
  const show = () => {
    isRequested = false;
    place("need-count").textContent = String(needs.stops.length);
    place("next-need").toggleAttribute("data-none", !needs.stops.length);
  };
  store.on("needs", () => {
    if (!isRequested) requestAnimationFrame(show);
    isRequested = true;
  });
  show();
}

/** The signature's buttons. @param {Store} store */
export function showSigned(store) {
  const show = () => {
    const isSigned = store.mine.some((track) => track.status === "signed");
    const mayChange = store.canDraw || store.mine.some((track) => track.editable);
    if (place("sign")) place("sign").hidden = isSigned || !mayChange;
    if (place("edit-actions")) place("edit-actions").hidden = !mayChange;
    place("next-clip")?.classList.toggle("btn-primary", isSigned);
    place("next-clip")?.classList.toggle("btn-quiet", !isSigned);
    if (place("reopen")) place("reopen").hidden = !isSigned;
    if (place("signed-mark")) place("signed-mark").hidden = !isSigned;
  };
  store.on("tracks", show);
  show();
}

/** How far the list is, counted on when this clip is signed or opened again. @param {Store} store */
export function showProgress(store) {
  const line = place("progress");
  if (!line) return;
  const isSigned = () => Number(store.mine.length > 0 && store.mine.every((track) => track.status === "signed"));
  const others = Number(line.dataset.signed) - isSigned();
  const total = Number(line.dataset.total);
  const show = () => {
    const signed = others + isSigned();
    const words = t("progress", { signed, total, left: total - signed });
    line.querySelector("progress").value = signed;
    line.querySelector("span").textContent = words;
    place("signed-progress").textContent = words;
  };
  store.on("tracks", show);
  show();
}

/** Buttons that begin an adjudication from one of the two readings. @param {string} address */
export function followAdjudication(address) {
  for (const button of /** @type {NodeListOf<HTMLElement>} */ (document.querySelectorAll("button[data-adjudicate]"))) {
    button.addEventListener("click", async () => {
      const { status, body } = await request("POST", address, { adjudicate: button.dataset.adjudicate });
      if (status === 200) location.reload();
      else say(String(body.detail));
    });
  }
}
