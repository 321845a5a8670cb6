// @ts-check
/**
 * "No lesion in this clip": a reader's statement for the whole clip, with its reason. One command, so that undo,
 * saving, history and conflicts treat it as any other.
 *
 * @typedef {import("./store.js").Store} Store
 * @typedef {import("./editor.js").Editor} Editor
 */
import { nameOf } from "./box_items.js";
import { ask } from "./dialogs.js";
import { element } from "./table.js";
import { t } from "./text.js";
import { removeBoxes } from "./track_edits.js";

/** The statement in words. @param {string} reason */
export const statementWords = (reason) => t(`noLesion_${reason}`);

export class Statement {
  /**
   * @param {Store} store @param {Editor} editor @param {import("./actions.js").Actions} actions
   * @param {(message: string) => void} say
   */
  constructor(store, editor, actions, say) {
    this.store = store;
    this.editor = editor;
    this.actions = actions;
    this.say = say;
  }

  /** My tracks that can be changed, deleted ones too, in the order of their numbers. */
  get #mine() {
    return [...this.store.tracks.values()].filter(({ mine, editable }) => mine && editable).sort((a, b) => a.number - b.number);
  }

  /** Ask for the reason and state it; where it is stated already, take it back. */
  async toggle() {
    const stated = this.#mine.find((track) => track.no_lesion && !track.deleted);
    if (stated) return this.#takeBack(stated.id);
    if (!this.#mine.length) return this.say("readOnlyTrack");
    if (this.#mine.some((track) => track.locked && !track.deleted)) return this.say("trackLocked");
    const reason = await ask("no-lesion");
    return reason ? this.state(reason) : undefined;
  }

  /** No box on any frame of the first track, no other track of mine, and why. @param {string} reason */
  state(reason) {
    const [first, ...others] = this.#mine;
    const { nFrames } = this.store.clip;
    const patch = { ...removeBoxes(first.keyframes, nFrames), no_lesion: reason, ...(first.deleted && { deleted: false }) };
    const rest = others.filter(({ deleted }) => !deleted).map(({ id }) => ({ track: id, patch: { deleted: true } }));
    this.actions.attempt(() => this.editor.run("no lesion", [{ track: first.id, patch }, ...rest]));
  }

  /** @param {string} id */
  #takeBack(id) {
    this.editor.run("take back no lesion", [{ track: id, patch: { no_lesion: "" } }]);
    this.say("noLesionTakenBack");
  }
}

/** The statements of this clip, mine and those of others that are on screen. @param {Store} store @param {HTMLElement} place */
export function showStatements(store, place) {
  const show = () => {
    const stated = [...store.tracks.values()].filter(({ no_lesion: reason, deleted }) => reason && !deleted);
    place.hidden = !stated.length;
    place.replaceChildren(...stated.map((track) => {
      const words = statementWords(String(track.no_lesion));
      return element("p", { dataset: { track: track.id } }, [track.mine ? words : `${nameOf(track)}: ${words}`]);
    }));
    const mine = stated.some((track) => track.mine);
    document.querySelector("[data-act=noLesion]")?.setAttribute("aria-pressed", String(mine));
  };
  store.on("tracks", show);
  show();
}
