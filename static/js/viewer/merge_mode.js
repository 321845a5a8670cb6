// @ts-check
/**
 * Merging tracks: M, click the tracks (or choose them with Tab), M again. Until then nothing changes; a second click
 * takes a track out, Esc leaves.
 *
 * @typedef {import("./store.js").Store} Store
 * @typedef {import("./editor.js").Editor} Editor
 */
import { nameOf } from "./box_items.js";
import { t } from "./text.js";
import { merge } from "./track_edits.js";

export class MergeMode {
  /** @param {Store} store @param {Editor} editor @param {(words: string) => void} show the sentence of the mode, "" for none */
  constructor(store, editor, show) {
    this.store = store;
    this.editor = editor;
    this.show = show;
    /** The track that was chosen when the mode began: it counts where only one other is clicked. */
    this.start = "";
    /** @type {string[]|null} null: not merging */
    this.chosen = null;
  }

  get isOn() {
    return this.chosen !== null;
  }

  /** @returns {string[]} what M would bring together now */
  get parts() {
    const chosen = this.chosen ?? [];
    return chosen.length < 2 && this.start && !chosen.includes(this.start) ? [this.start, ...chosen] : chosen;
  }

  /** @param {string} start a track of mine, "" for none */
  begin(start) {
    this.start = start;
    this.chosen = [];
    this.#tell();
  }

  /** A track was clicked. @param {string|null} id */
  clicked(id) {
    if (!this.chosen || id === null || !this.store.tracks.get(id)?.editable) return;
    this.chosen = this.chosen.includes(id) ? this.chosen.filter((other) => other !== id) : [...this.chosen, id];
    this.#tell();
  }

  cancel() {
    this.chosen = null;
    this.show("");
  }

  /** Bring the chosen tracks together in the first of them. @returns {boolean} whether there were two */
  commit() {
    const [first, ...rest] = this.parts;
    if (!rest.length) return false;
    this.cancel();
    for (const other of rest) {
      const patch = merge(this.store.state(first).keyframes, this.store.state(other).keyframes, this.store.clip.nFrames);
      this.editor.run("merge", [{ track: first, patch }, { track: other, patch: { deleted: true } }]);
    }
    this.store.select(first);
    return true;
  }

  #tell() {
    const names = this.parts.map((id) => this.store.tracks.get(id)).map((track) => (track ? nameOf(track) : ""));
    this.show(t(names.length > 1 ? "mergeNow" : "mergeSecond", { names: names.join(" + ") || "–" }));
  }
}
