// @ts-check
/** The viewer: reads what the page carries and joins the parts. */
import { Actions } from "./actions.js";
import { transport } from "./api.js";
import { BoxLayer } from "./box_layer.js";
import { itemsAt } from "./box_items.js";
import { ActiveClock } from "./clock.js";
import { Controls, input } from "./controls.js";
import { Editor } from "./editor.js";
import { Frames, httpSource } from "./frames.js";
import { defaultBindings } from "./keys.js";
import { Player } from "./player.js";
import { SaveQueue, baseOf } from "./save_queue.js";
import { guardLeaving, showSaveState } from "./save_state.js";
import { frameStarts } from "./schedule.js";
import { Signing } from "./signing.js";
import { Stage } from "./stage.js";
import { applyState, sameState } from "./state_patch.js";
import { ClipStorage, claimTab, openDatabase } from "./storage.js";
import { Store } from "./store.js";
import { Tables, element } from "./table.js";
import { setText, t } from "./text.js";
import { Timeline } from "./timeline.js";
import { Tools } from "./tools.js";
import { UndoStack } from "./undo.js";

const MESSAGE_MS = 6000;

/** @param {string} id @returns {any} */
const place = (id) => document.getElementById(id);
/** @param {string} id */
const json = (id) => JSON.parse(place(id).textContent);

const data = json("viewer-data");
setText(json("viewer-text"));
const store = new Store(data.clip);
for (const track of data.tracks) store.put(track);
const starts = frameStarts(data.clip.nFrames, data.clip.fps, data.clip.frameTimesMs);

/** @type {any} */
let messageTimer = null;
/** A sentence for the reader; a key of the page's sentences, or words. @param {string} message */
function say(message) {
  const [key, detail] = message.split(":");
  const words = key === "need" && detail ? detail.split(",").map((reason) => t(`need_${reason}`)).join(", ") : t(message);
  place("message").textContent = words;
  place("message").hidden = false;
  clearTimeout(messageTimer);
  messageTimer = setTimeout(() => { place("message").hidden = true; }, MESSAGE_MS);
}

/** The reader's own track before there is one: a copy of the model's, opened on the server by the first command. */
function offerOwnTrack() {
  const mine = [...store.tracks.values()].filter((track) => track.mine);
  if (!data.user.canCorrect || mine.length || !data.mayOpen) return;
  const model = store.model;
  store.put({
    id: crypto.randomUUID(), number: 1, source: "reader", status: "open", reader: data.user.name, mine: true, editable: true,
    deleted: false, revision: 0, keyframes: model?.keyframes ?? [], excluded: {}, signed_at: null, isVirtual: true,
  });
}

/** @param {SaveQueue} queue @param {ClipStorage} storage */
async function takeUpUnsaved(queue, storage) {
  const { entries, bases } = await storage.load();
  const pending = new Set(entries.map(({ track }) => track));
  for (const track of store.tracks.values()) queue.bases.set(track.id, baseOf(track));
  for (const id of pending) {
    const base = bases.find(([track]) => track === id)?.[1];
    if (!base) continue;
    queue.bases.set(id, base);
    const replayed = entries.filter(({ track, kind }) => track === id && kind === "patch");
    const state = replayed.reduce(
      (before, { patch }) => applyState(before, patch ?? {}, store.clip.nFrames, store.frameShape), base.state);
    const known = store.tracks.get(id);
    const facts = { id, number: 1, source: "reader", status: "open", reader: data.user.name, mine: true, editable: true, signed_at: null };
    store.put({ ...facts, ...known, revision: base.revision, ...state });
  }
  queue.restore(entries, []);
}

/** @param {SaveQueue} queue @param {UndoStack} history */
function followQueue(queue, history) {
  queue.onStatus = () => showSaveState(queue, place("save-state"));
  queue.onRenamed = (from, to) => {
    store.rename(from, to);
    history.rename(from, to);
  };
  queue.onSaved = (id, body) => {
    const track = store.tracks.get(id);
    if (!track) return;
    const { revision, status, signed_at: signedAt, editable, reader, number } = body;
    const facts = { revision, status, signed_at: signedAt, editable, reader, number };
    const isBehind = !queue.isPending(id) && !sameState(store.state(id), baseOf(body).state);
    store.change(id, isBehind ? { ...facts, ...baseOf(body).state } : facts);
  };
  guardLeaving(queue);
  queue.onStatus();
}

/** @param {Stage} stage @param {Actions} actions */
function showBoxes(stage, actions) {
  const layer = new BoxLayer(place("overlay"), stage);
  layer.onSelect = (track) => store.select(track);
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
  for (const topic of /** @type {const} */ (["tracks", "selection", "tool", "layers", "view"])) store.on(topic, later);
  stage.container.addEventListener("framepaint", render);
  return layer;
}

function showFrameNumber() {
  const { frame, clip } = store;
  place("frame-info").textContent = t("frameTime", { number: frame + 1, count: clip.nFrames, ms: Math.round(starts[frame]) });
  if (document.activeElement !== place("goto")) input("goto").value = String(frame + 1);
}

/** @param {Player} player */
function followPlayer(player) {
  store.on("frame", showFrameNumber);
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

function followTools() {
  for (const button of document.querySelectorAll("button[data-tool]")) {
    const name = /** @type {HTMLElement} */ (button).dataset.tool ?? "select";
    button.addEventListener("click", () => store.setTool(name));
    store.on("tool", () => button.setAttribute("aria-pressed", String(store.tool === name)));
  }
  for (const button of document.querySelectorAll("button[data-layer]")) {
    const name = /** @type {"model"} */ (/** @type {HTMLElement} */ (button).dataset.layer);
    button.addEventListener("click", () => store.toggleLayer(name));
    store.on("layers", () => button.setAttribute("aria-pressed", String(store.layers[name])));
  }
  place("exclude-reasons")?.replaceChildren(...data.reasons.map((/** @type {[string, string]} */ [value, label]) =>
    element("button", { className: "btn btn-outline-primary", value, textContent: label })));
}

/** @param {UndoStack} history */
function showUndo(history) {
  for (const [id, command, key] of /** @type {const} */ ([["undo", history.nextUndo, "undoOf"], ["redo", history.nextRedo, "redoOf"]])) {
    const button = place(id);
    if (!button) continue;
    button.disabled = !command;
    button.title = command ? t(key, { name: t(`act_${command.name}`), number: command.frame + 1 }) : "";
  }
}

async function start() {
  offerOwnTrack();
  const frames = new Frames(data.clip.nFrames, httpSource(data.urls.frame));
  const stage = new Stage(place("stage"), place("picture"), store, [...document.querySelectorAll("#window-level feComponentTransfer > *")].map((node) => /** @type {SVGElement} */ (node)));
  const player = new Player(store, frames, starts, (bitmap, frame) => stage.paint(/** @type {any} */ (bitmap), frame));
  player.show();
  const storage = new ClipStorage(await openDatabase(data.user.id), data.clip.id, await claimTab());
  const history = new UndoStack(await storage.undo());
  const queue = new SaveQueue({
    storage, send: transport(data.urls), newKey: () => crypto.randomUUID(),
    shape: { nFrames: data.clip.nFrames, frameShape: store.frameShape },
  });
  await takeUpUnsaved(queue, storage);
  const clock = new ActiveClock(() => performance.now());
  clock.watch(document);
  const editor = new Editor(store, queue, history, clock);
  const actions = new Actions(store, editor, say);
  editor.say = say;
  history.onChange = () => {
    showUndo(history);
    void storage.putUndo(history.toJSON());
  };
  followQueue(queue, history);
  showBoxes(stage, actions);
  followPlayer(player);
  followTools();
  showFrameNumber();
  showUndo(history);
  const tools = new Tools(stage, store, { draft: place("draft"), calliper: place("calliper") });
  tools.onRefused = say;
  new Timeline(place("timeline"), place("strip"), store);
  new Tables(place("boxes"), place("keyframes"), store, actions);
  const signing = new Signing(store, queue, data.urls.track, say);
  const extras = { sign: () => void signing.sign(), reopen: () => void signing.reopen() };
  const controls = new Controls({ store, player, stage, actions, editor, queue, say, extras }, defaultBindings());
  tools.onDrawn = (box) => {
    store.setTool("select");
    actions.drawn(box, controls.drawWay);
    place("stage").focus();
  };
  const showSigned = () => {
    const isSigned = store.mine.some((track) => track.status === "signed");
    if (place("sign")) place("sign").hidden = isSigned;
    if (place("reopen")) place("reopen").hidden = !isSigned;
  };
  store.on("tracks", showSigned);
  showSigned();
  const first = store.mine[0] ?? store.model;
  if (first) store.select(first.id);
  place("viewer").dataset.ready = "true";
}

void start();
