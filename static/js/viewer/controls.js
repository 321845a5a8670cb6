// @ts-check
/**
 * Keys and buttons: both come through `perform(action)`.
 *
 * @typedef {{store: import("./store.js").Store, calliper: import("./calliper.js").Calliper, player: import("./player.js").Player, needs: import("./needs.js").Needs, stage: import("./stage.js").Stage,
 *            actions: import("./actions.js").Actions, editor: import("./editor.js").Editor,
 *            queue: import("./save_queue.js").SaveQueue, say: (message: string) => void, sayNeed: (need: import("./track_review.js").Need|undefined) => void,
 *            extras: Record<string, () => void>}} App
 */
import { ask, dialog, isAsking } from "./dialogs.js";
import { KeyReader, REPEATABLE, comboOf } from "./keys.js";
import { askHowFar } from "./propagation.js";
import { FULL_WINDOW } from "./stage.js";

const ZOOM_STEP = 1.3;
const WINDOW_STEP = 16;
const TYPING = "input:not([type=checkbox]):not([type=radio]), select, textarea, [contenteditable]";
/** @type {Record<string, [number, number]>} */
const NUDGES = {
  nudgeLeft: [-1, 0], nudgeRight: [1, 0], nudgeUp: [0, -1], nudgeDown: [0, 1],
  nudgeLeftFar: [-10, 0], nudgeRightFar: [10, 0], nudgeUpFar: [0, -10], nudgeDownFar: [0, 10],
};

/** @type {Record<string, [number, number]>} */
const CALLIPER_MOVES = {
  calliperLeft: [-1, 0], calliperRight: [1, 0], calliperUp: [0, -1], calliperDown: [0, 1],
  calliperLeftFar: [-10, 0], calliperRightFar: [10, 0], calliperUpFar: [0, -10], calliperDownFar: [0, 10],
};

/** @param {string} id @returns {HTMLInputElement} */
export const input = (id) => /** @type {HTMLInputElement} */ (document.getElementById(id));

/** A right click on the arrows opens the list of what they look for. @param {Event} event */
function chooseMatch(event) {
  event.preventDefault();
  const select = /** @type {any} */ (document.getElementById("match"));
  select.focus();
  try {
    select.showPicker?.();
  } catch {
    // Where the browser opens no list by itself, the field has the focus and its arrow keys choose.
  }
}

export class Controls {
  /** @param {App} app @param {import("./keys.js").Bindings} bindings @param {() => number} stepOf */
  constructor(app, bindings, stepOf) {
    this.app = app;
    this.stepOf = stepOf;
    this.reader = new KeyReader(bindings);
    this.drawWay = /** @type {"draw"|"redraw"} */ ("draw");
    this.table = this.#table();
    document.addEventListener("keydown", (event) => this.#key(event));
    document.addEventListener("contextmenu", (event) => {
      const button = /** @type {HTMLElement} */ (event.target).closest?.("[data-act=previousMatch], [data-act=nextMatch]");
      if (button) chooseMatch(event);
    });
    document.addEventListener("click", (event) => {
      const button = /** @type {HTMLElement} */ (event.target).closest?.("button[data-act]");
      const act = button instanceof HTMLElement ? button.dataset.act : undefined;
      if (act && act in this.table) this.perform(act);
    });
  }

  /** @param {import("./keys.js").Bindings} bindings */
  rebind(bindings) {
    this.reader = new KeyReader(bindings);
  }

  /** @param {string} action */
  perform(action) {
    this.table[action]?.();
  }

  /** @param {KeyboardEvent} event */
  #key(event) {
    const target = /** @type {HTMLElement} */ (event.target);
    const isTyping = isAsking() || target.matches(TYPING);
    const onStage = target.id === "stage";
    const { store, player } = this.app;
    const action = this.reader.read(comboOf(event), {
      isTyping, hasCalliper: onStage && store.tool === "calliper", hasObject: onStage && store.selected !== null,
    });
    if (!action || !this.#belongsHere(action, event, target, onStage)) return;
    event.preventDefault();
    if (event.repeat && (!REPEATABLE.has(action) || player.painted !== store.frame)) return;
    if (!store.isPlaying || action === "play" || !/Frame|step/.test(action)) this.perform(action);
    else {
      player.stop();
      this.perform(action);
    }
  }

  /** Space presses a focused button, Tab leaves the picture after the last box. @param {string} action
   *  @param {KeyboardEvent} event @param {HTMLElement} target @param {boolean} onStage */
  #belongsHere(action, event, target, onStage) {
    if (action === "nextObject" || action === "previousObject") {
      return onStage && this.#otherObject(action === "nextObject" ? 1 : -1) !== undefined;
    }
    if (action === "play") return !target.matches("button, a, summary");
    return !(target.id === "strip" && /^(Arrow|Home|End|Page)/.test(event.key));
  }

  /** The next object in the picture; undefined past the last. @param {1|-1} way */
  #otherObject(way) {
    const { store } = this.app;
    const ids = store.visible.filter((track) => store.boxAt(track.id)).map(({ id }) => id);
    const at = store.selected === null ? -1 : ids.indexOf(store.selected);
    return at < 0 ? ids.at(way > 0 ? 0 : -1) : ids[at + way];
  }

  /** @param {1|-1} way */
  #selectOther(way) {
    const id = this.#otherObject(way);
    if (id === undefined) return;
    this.app.actions.choose(id);
    const found = this.app.store.boxAt(id);
    if (found) this.app.stage.centre(found.box);
  }

  /** The next frame that the filter lets through. @param {1|-1} way */
  #match(way) {
    const { store } = this.app;
    const filter = input("match").value;
    const track = store.activeTrack ?? store.mine[0] ?? store.model;
    for (let frame = store.frame + way; frame >= 0 && frame < store.clip.nFrames; frame += way) {
      const has = Boolean(track?.dense?.[frame]);
      if (filter === "any" || has === (filter === "with")) return store.goTo(frame);
    }
    return this.app.say("noMatch");
  }

  /** The frame where the next (1) or this or the previous (-1) stretch with or without a box begins. @param {1|-1} way */
  #chapter(way) {
    const { store } = this.app;
    const dense = (store.activeTrack ?? store.mine[0] ?? store.model)?.dense ?? [];
    const begins = dense.map((_, i) => i).filter((i) => i === 0 || Boolean(dense[i]) !== Boolean(dense[i - 1]));
    const next = way > 0 ? begins.find((i) => i > store.frame) : begins.findLast((i) => i < store.frame);
    if (next === undefined) return this.app.say("noChapter");
    return store.goTo(next);
  }

  #nextNeed() {
    const { store, needs } = this.app;
    if (!needs.track) return this.app.say("noTrack");
    const next = needs.after(store.frame);
    if (next) {
      store.select(needs.track.id);
      store.goTo(next.frame);
    }
    return this.app.sayNeed(next);
  }

  async #delete() {
    const answer = await ask("delete");
    if (answer === "here") this.app.actions.deleteFromHere();
    if (answer === "track") this.app.actions.deleteTrack();
  }

  async #propagate() {
    const { store, actions } = this.app;
    const toFrame = await askHowFar(store.frame, store.clip.nFrames);
    if (toFrame !== null) actions.propagate(toFrame);
  }

  async #exclude() {
    const { store, actions } = this.app;
    const track = actions.target;
    if (!track) return this.app.say("noTrack");
    if (String(store.frame) in track.excluded) return actions.excludeFrame(null);
    const reason = await ask("exclude");
    return reason ? actions.excludeFrame(reason) : undefined;
  }

  /** @param {"draw"|"redraw"} way */
  #draw(way) {
    const { store } = this.app;
    if (!store.canDraw && !this.app.actions.target) return this.app.say("readOnlyTrack");
    this.drawWay = way;
    return store.setTool(store.tool === "draw" ? "select" : "draw");
  }

  /** The calliper, ready for the keys; again: away with it. */
  #measure() {
    this.app.store.setTool(this.app.store.tool === "calliper" ? "select" : "calliper");
    this.app.stage.container.focus();
  }

  #cancel() {
    const { store, actions } = this.app;
    if (actions.merging.isOn) return actions.merging.cancel();
    if (store.tool !== "select") return store.setTool("select");
    return store.select(null);
  }

  /** @returns {Record<string, () => void>} */
  #table() {
    const { store, player, stage, actions, editor, queue, calliper, extras } = this.app;
    const step = (/** @type {number} */ by) => () => store.goTo(store.frame + by);
    const nudges = Object.fromEntries(Object.entries(NUDGES).map(([name, [dx, dy]]) => [name, () => actions.nudge(dx, dy)]));
    const moves = Object.fromEntries(Object.entries(CALLIPER_MOVES).map(([name, [dx, dy]]) => [name, () => calliper.move(dx, dy)]));
    return {
      previousFrame: step(-1), nextFrame: step(1), stepBack: () => store.goTo(store.frame - this.stepOf()), stepForward: () => store.goTo(store.frame + this.stepOf()),
      previousMatch: () => this.#match(-1), nextMatch: () => this.#match(1), play: () => player.toggle(),
      previousChapter: () => this.#chapter(-1), nextChapter: () => this.#chapter(1),
      goTo: () => input("goto").select(), trackFirst: () => actions.goToEnd("first"), trackLast: () => actions.goToEnd("last"),
      excludeFrame: () => void this.#exclude(), nextNeed: () => this.#nextNeed(),
      nextObject: () => this.#selectOther(1), previousObject: () => this.#selectOther(-1), cancel: () => this.#cancel(),
      draw: () => this.#draw("draw"), redraw: () => this.#draw("redraw"), copy: () => actions.copy(), paste: () => actions.paste(),
      propagate: () => void this.#propagate(), delete: () => void this.#delete(), forceDelete: () => actions.forceDelete(),
      keyframe: () => actions.keyframe(), outside: () => actions.outside(), occluded: () => actions.flag("occluded"),
      truncated: () => actions.flag("truncated"), uncertain: () => actions.flag("uncertain"),
      lock: () => actions.toggle("locked"), lockAll: () => actions.toggleAll("locked"), hide: () => actions.toggle("hidden"),
      hideAll: () => actions.toggleAll("hidden"), pin: () => actions.toggle("pinned"),
      interpolateGap: () => actions.interpolateGap(), interpolateTrack: () => actions.interpolateTrack(),
      previousKeyframe: () => actions.goToKeyframe(-1), nextKeyframe: () => actions.goToKeyframe(1),
      merge: () => actions.merge(), split: () => actions.split(), acceptTrack: () => actions.acceptTrack(),
      acceptFrame: () => actions.acceptFrame(), rejectFrame: () => actions.rejectFrame(),
      layerDetections: () => store.toggleLayer("detections"), layerModel: () => store.toggleLayer("model"),
      layerMine: () => store.toggleLayer("mine"), layerOthers: () => store.toggleLayer("others"),
      undo: () => editor.undo(), redo: () => editor.redo(), flush: () => void queue.flush(),
      help: () => dialog("help")?.showModal(), settings: () => dialog("settings")?.showModal(),
      zoomIn: () => stage.zoom(ZOOM_STEP), zoomOut: () => stage.zoom(1 / ZOOM_STEP), fit: () => stage.fit(),
      brighter: () => stage.changeWindow(0, -WINDOW_STEP), darker: () => stage.changeWindow(0, WINDOW_STEP),
      moreContrast: () => stage.changeWindow(-WINDOW_STEP, 0), lessContrast: () => stage.changeWindow(WINDOW_STEP, 0),
      resetWindow: () => stage.setWindow(FULL_WINDOW.width, FULL_WINDOW.level), ...nudges, ...extras,
      measure: () => this.#measure(), calliperOther: () => calliper.other(), ...moves,
    };
  }
}
