// @ts-check
/** The viewer: reads what the page carries and joins the parts. */
import { Actions } from "./actions.js";
import { transport } from "./api.js";
import { isDragging } from "./box_layer.js";
import { Calliper } from "./calliper.js";
import { ActiveClock } from "./clock.js";
import { Conflicts } from "./conflict.js";
import { Controls } from "./controls.js";
import { isAsking } from "./dialogs.js";
import { Editor } from "./editor.js";
import { Frames, httpSource } from "./frames.js";
import { Hands } from "./hands.js";
import { History } from "./history.js";
import { Needs } from "./needs.js";
import { followQueue, makeReadOnly, offerOwnTrack, takeUpUnsaved } from "./own_tracks.js";
import {
  followAdjudication, followPlayer, followTools, offerReasons, place, say, sayNeed, showBoxes, showFlags, showFrameNumber, showMode, showNeeds, showProgress, showSigned, showUndo,
} from "./page_parts.js";
import { CurvePanel } from "./panel.js";
import { Player } from "./player.js";
import { Presence } from "./presence.js";
import { SaveQueue } from "./save_queue.js";
import { guardLeaving, showSaveState } from "./save_state.js";
import { frameStarts } from "./schedule.js";
import { Settings } from "./settings.js";
import { Signing } from "./signing.js";
import { Stage } from "./stage.js";
import { ClipStorage, MemoryStorage, claimTab, newId, openDatabase } from "./storage.js";
import { Statement, showStatements } from "./statement.js";
import { Store } from "./store.js";
import { Tables } from "./table.js";
import { setText } from "./text.js";
import { Timeline } from "./timeline.js";
import { Tools } from "./tools.js";
import { UndoStack } from "./undo.js";

/** @param {string} id */
const json = (id) => JSON.parse(place(id).textContent);

/** The picture and the player come first: nothing of the rest holds up the first frame. @param {any} data @param {Store} store */
function showPicture(data, store) {
  const { nFrames, fps, frameTimesMs } = data.clip;
  const starts = frameStarts(nFrames, fps, frameTimesMs);
  const transfer = /** @type {NodeListOf<SVGElement>} */ (document.querySelectorAll("#window-level feComponentTransfer > *"));
  const stage = new Stage(place("stage"), place("picture"), store, [...transfer]);
  const frames = new Frames(nFrames, httpSource(data.urls.frame));
  const player = new Player(store, frames, starts, (bitmap, frame) => stage.paint(/** @type {any} */ (bitmap), frame));
  player.show();
  return { stage, player, starts };
}

/** Where unsaved work is kept; where the browser refuses, it is said and only this window's memory is left.
 * @param {any} data @param {string} tab */
async function openStorage(data, tab) {
  try {
    return new ClipStorage(await openDatabase(data.user.id), data.clip.id, tab);
  } catch {
    say("noStorage");
    return new MemoryStorage();
  }
}

/** Unsaved work and the undo stack, as they were before a reload. @param {any} data @param {Store} store @param {string} tab */
async function takeUpWork(data, store, tab) {
  const storage = await openStorage(data, tab);
  const undo = new UndoStack(await storage.undo());
  const shape = { nFrames: data.clip.nFrames, frameShape: store.frameShape };
  const queue = new SaveQueue({ storage, send: transport(data.urls), newKey: newId, shape });
  await takeUpUnsaved(store, queue, storage, data.user.name);
  undo.onChange = () => {
    showUndo(undo);
    void storage.putUndo(undo.toJSON());
  };
  queue.onStatus = () => showSaveState(queue, place("save-state"));
  queue.onStatus();
  guardLeaving(queue);
  addEventListener("online", () => void queue.flush());
  return { undo, queue };
}

/** @param {any} data @param {Store} store @param {string} tab @param {SaveQueue} queue */
async function claim(data, store, tab, queue) {
  const onLost = () => {
    void queue.flush();
    makeReadOnly(store);
  };
  const presence = new Presence(data.urls.presence, tab, {
    banner: place("elsewhere"), note: place("present"), onLost, isReader: data.user.canCorrect,
  });
  await presence.begin();
}

async function start() {
  const data = json("viewer-data");
  setText(json("viewer-text"));
  const store = new Store(data.clip, { frame: data.startFrame, confidences: data.confidences });
  for (const track of data.tracks) store.put(track);
  const { stage, player, starts } = showPicture(data, store);
  const tab = await claimTab();
  const { undo, queue } = await takeUpWork(data, store, tab);
  offerOwnTrack(store, data);
  const clock = new ActiveClock(() => performance.now());
  clock.watch(document);
  const editor = new Editor(store, queue, undo, clock);
  editor.say = say;
  const actions = new Actions(store, editor, say, showMode);
  followQueue(store, queue, undo);
  const conflicts = new Conflicts(store, queue, undo, data.urls.track, new Hands(document, () => isAsking() || isDragging()));
  const signing = new Signing(store, queue, data.urls.track, say, clock);
  const history = new History(store, queue, undo, data.urls.track, say);
  const statement = new Statement(store, editor, actions, say);
  const extras = {
    sign: () => void signing.sign(), reopen: () => void signing.reopen(), history: () => history.toggle(),
    resolve: () => void conflicts.show(), noLesion: () => void statement.toggle(),
  };
  /** @type {Controls|null} */
  let controls = null;
  const settings = new Settings(data.user.id, (bindings) => controls?.rebind(bindings));
  const needs = new Needs(store, actions, () => settings.limits);
  settings.onNumber = () => needs.changed();
  const calliper = new Calliper(stage, store, place("calliper"), showMode);
  controls = new Controls({ store, player, calliper, stage, actions, needs, editor, queue, say, sayNeed, extras }, settings.bindings, () => settings.step);
  const tools = new Tools(stage, store, { draft: place("draft"), calliper });
  tools.onRefused = say;
  tools.onDrawn = (box) => {
    store.setTool("select");
    actions.drawn(box, controls?.drawWay ?? "draw");
    place("stage").focus();
  };
  showBoxes(store, stage, actions);
  showFrameNumber(store, starts);
  followPlayer(store, player);
  followTools(store, data.urls.detections);
  offerReasons("exclude", data.reasons);
  offerReasons("no-lesion", data.noLesionReasons);
  showStatements(store, place("statements"));
  showUndo(undo);
  showSigned(store);
  showProgress(store);
  followAdjudication(data.urls.tracks);
  showNeeds(store, needs);
  showFlags(store, actions);
  new Timeline(place("timeline"), place("strip"), store, needs);
  new Tables(place("boxes"), place("keyframes"), store, actions);
  store.select((store.mine[0] ?? store.model)?.id ?? null);
  await claim(data, store, tab, queue);
  if (data.startFrame) sayNeed(needs.stops.find(({ frame }) => frame === data.startFrame));
  place("viewer").dataset.ready = "true";
  new CurvePanel(place("viewer"), store, queue);
}

start().catch((error) => {
  console.error(error);
  say("notStarted");
});
