// @ts-check
/**
 * The stack of commands: what was done, where, and the patches both ways. It outlives saves and reloads.
 *
 * @typedef {import("./state_patch.js").StatePatch} StatePatch
 * @typedef {{track: string, undo: StatePatch, redo: StatePatch}} Change
 * @typedef {{name: string, frame: number, changes: Change[]}} Command
 */

export const HISTORY_LIMIT = 256;

export class UndoStack {
  /** @param {{done?: Command[], undone?: Command[]}} [stored] */
  constructor({ done = [], undone = [] } = {}) {
    this.done = done;
    this.undone = undone;
    /** @type {() => void} */
    this.onChange = () => {};
  }

  /** A new command; what was undone before can no longer be redone. @param {Command} command */
  push(command) {
    this.done.push(command);
    if (this.done.length > HISTORY_LIMIT) this.done.shift();
    this.undone = [];
    this.onChange();
  }

  /** Take back the newest command; it is returned for the caller to apply. @returns {Command|undefined} */
  undo() {
    const command = this.done.pop();
    if (command) this.undone.push(command);
    this.onChange();
    return command;
  }

  /** @returns {Command|undefined} */
  redo() {
    const command = this.undone.pop();
    if (command) this.done.push(command);
    this.onChange();
    return command;
  }

  /** Forget commands that touch a track whose state was replaced from elsewhere. @param {string} track */
  forget(track) {
    const kept = (/** @type {Command} */ command) => command.changes.every((change) => change.track !== track);
    this.done = this.done.filter(kept);
    this.undone = this.undone.filter(kept);
    this.onChange();
  }

  /** A track got another identity. @param {string} from @param {string} to */
  rename(from, to) {
    for (const command of [...this.done, ...this.undone]) {
      for (const change of command.changes) if (change.track === from) change.track = to;
    }
    this.onChange();
  }

  get nextUndo() {
    return this.done.at(-1);
  }

  get nextRedo() {
    return this.undone.at(-1);
  }

  toJSON() {
    return { done: this.done, undone: this.undone };
  }
}
