// @ts-check
/**
 * Commands: each changes tracks on the page at once, goes on the undo stack, and is queued for the server.
 *
 * @typedef {import("./state_patch.js").StatePatch} StatePatch
 * @typedef {import("./undo.js").Command} Command
 * @typedef {import("./store.js").Store} Store
 * @typedef {import("./save_queue.js").SaveQueue} SaveQueue
 * @typedef {import("./undo.js").UndoStack} UndoStack
 */
import { applyState, isEmpty, stateDiff } from "./state_patch.js";
import { newId } from "./storage.js";

export class Editor {
  /** @param {Store} store @param {SaveQueue} queue @param {UndoStack} history @param {{takeSeconds: () => number}} clock */
  constructor(store, queue, history, clock) {
    this.store = store;
    this.queue = queue;
    this.history = history;
    this.clock = clock;
    /** @type {(message: string) => void} */
    this.say = () => {};
    /** @type {() => void} */
    this.onEdited = () => {};
  }

  /**
   * Run a command on one or more tracks of mine.
   * @param {string} name @param {{track: string, patch: StatePatch}[]} wanted @param {number} [frame]
   * @returns {boolean} whether anything changed
   */
  run(name, wanted, frame = this.store.frame) {
    const changes = wanted.map(({ track, patch }) => this.#change(track, patch)).filter((change) => !isEmpty(change.redo));
    if (!changes.length) return false;
    for (const { track, redo } of changes) this.#apply(track, redo, name);
    this.history.push({ name, frame, changes });
    this.onEdited();
    return true;
  }

  /** Both ways of a change, checked before anything is touched. @param {string} id @param {StatePatch} patch */
  #change(id, patch) {
    const track = this.store.tracks.get(id);
    if (!track?.editable) throw new Error("this track is read only");
    const before = this.store.state(id);
    const after = applyState(before, patch, this.store.clip.nFrames, this.store.frameShape);
    return { track: id, redo: stateDiff(before, after), undo: stateDiff(after, before) };
  }

  /** @param {string} id @param {StatePatch} patch @param {string} name */
  #apply(id, patch, name) {
    this.ensureOpen(id);
    const state = applyState(this.store.state(id), patch, this.store.clip.nFrames, this.store.frameShape);
    this.store.change(id, state);
    this.queue.add({ track: id, kind: "patch", patch, command: name, seconds: this.clock.takeSeconds() });
  }

  /** A track that exists on this page only is opened on the server with its first command. @param {string} id */
  ensureOpen(id) {
    const track = this.store.tracks.get(id);
    if (!track?.isVirtual) return;
    track.isVirtual = false;
    this.queue.setBase(id, { revision: 1, state: this.store.state(id) });
    this.queue.add({ track: id, kind: "open", command: "open", seconds: 0 });
  }

  /**
   * A new track of mine.
   * @param {string} name @param {ReadonlyArray<any>} keyframes @param {{track: string, patch: StatePatch}[]} [also]
   * @returns {string} its identity
   */
  create(name, keyframes, also = []) {
    // The copy of the model's track becomes part of the reading now: numbers stay those of the server.
    for (const track of this.store.mine) this.ensureOpen(track.id);
    const id = newId();
    const others = also.map(({ track, patch }) => this.#change(track, patch));
    const mine = [...this.store.tracks.values()].filter((track) => track.mine);
    const number = 1 + Math.max(0, ...mine.map((track) => track.number));
    for (const { track, redo } of others) this.#apply(track, redo, name);
    const state = { keyframes, excluded: {}, deleted: false, no_lesion: "" };
    const facts = { source: "reader", status: "open", reader: null, mine: true, editable: true, revision: 1, signed_at: null };
    this.queue.setBase(id, { revision: 1, state });
    this.queue.add({ track: id, kind: "create", keyframes: [...keyframes], command: name, seconds: this.clock.takeSeconds() });
    this.store.put({ id, number, ...facts, ...state });
    const change = { track: id, redo: { deleted: false }, undo: { deleted: true } };
    this.history.push({ name, frame: this.store.frame, changes: [...others, change] });
    this.onEdited();
    return id;
  }

  undo() {
    this.#replay(this.history.undo(), "undo");
  }

  redo() {
    this.#replay(this.history.redo(), "redo");
  }

  /** @param {Command|undefined} command @param {"undo"|"redo"} way */
  #replay(command, way) {
    if (!command) return;
    const { nFrames } = this.store.clip;
    try {
      for (const change of command.changes) applyState(this.store.state(change.track), change[way], nFrames, this.store.frameShape);
    } catch {
      this.history.forget(command.changes[0].track);
      this.say("undoStale");
      return;
    }
    for (const change of command.changes) this.#apply(change.track, change[way], `${way} ${command.name}`);
    this.store.goTo(command.frame);
    this.store.select(command.changes[0].track);
    this.onEdited();
  }
}
