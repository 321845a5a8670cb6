// @ts-check
/**
 * Work that the server did not take: the three-way view of a conflict, a signed track, a refused patch.
 *
 * @typedef {import("./tracks.js").Keyframe} Keyframe
 * @typedef {import("./save_queue.js").Block} Block
 * @typedef {import("./save_batch.js").Base} Base
 */
import { request } from "./api.js";
import { nameOf } from "./box_items.js";
import { ask, isAsking } from "./dialogs.js";
import { baseOf } from "./save_batch.js";
import { mergeRest } from "./state_patch.js";
import { element } from "./table.js";
import { t } from "./text.js";
import { mergeThreeWay, resolve } from "./track_patch.js";

/** @param {Keyframe|null} keyframe */
export function wordsOf(keyframe) {
  if (!keyframe) return t("noKeyframeHere");
  const box = [keyframe.x1, keyframe.y1, keyframe.x2, keyframe.y2].map((value) => Math.round(value * 10) / 10).join(", ");
  return keyframe.outside ? `${t("outside")} (${box})` : box;
}

export class Conflicts {
  /**
   * @param {import("./store.js").Store} store @param {import("./save_queue.js").SaveQueue} queue
   * @param {import("./undo.js").UndoStack} history @param {string} address of a track, with {track}
   */
  constructor(store, queue, history, address) {
    this.store = store;
    this.queue = queue;
    this.history = history;
    this.address = address;
    queue.onBlocked = (track, block, base) => void this.#arrived(track, block, base);
  }

  /** Show what is blocked, again. */
  async show() {
    for (const [track, block] of [...this.queue.blocked]) {
      const base = this.queue.bases.get(track);
      if (base) await this.#arrived(track, block, base);
    }
  }

  /** @param {string} id @param {Block} block @param {Base} base */
  async #arrived(id, block, base) {
    if (isAsking()) return;
    const current = block.current ?? (await this.#current(id));
    if (!current) return;
    if (block.kind === "locked") await this.#settleLocked(id, current);
    else await this.#settle(id, block, base, current);
  }

  /** @param {string} id */
  async #current(id) {
    const { status, body } = await request("GET", this.address.replace("{track}", id)).catch(() => ({ status: 0, body: null }));
    return status === 200 ? body : null;
  }

  /** Signed elsewhere: what was not saved can only be put aside, or kept until the track is open again.
   * @param {string} id @param {any} current */
  async #settleLocked(id, current) {
    if ((await ask("locked")) === "discard") await this.#adopt(id, current, baseOf(current).state);
  }

  /** @param {string} id @param {Block} block @param {Base} base @param {any} current */
  async #settle(id, block, base, current) {
    const mine = this.store.state(id);
    const theirs = baseOf(current).state;
    const { merged, conflicts } = mergeThreeWay(base.state.keyframes, mine.keyframes, theirs.keyframes);
    this.#fill(id, block, conflicts, merged.length);
    const answer = await ask("conflict");
    if (!answer) return;
    if (answer === "theirs") {
      await this.#adopt(id, current, theirs);
      return;
    }
    const chosen = conflicts.map(({ frame }) => frame).filter((frame) => this.#isMine(frame));
    const keyframes = resolve(merged, conflicts, chosen);
    await this.#adopt(id, current, { keyframes, ...mergeRest(base.state, mine, theirs) });
  }

  /** @param {string} id @param {any} current @param {import("./state_patch.js").State} state */
  async #adopt(id, current, state) {
    await this.queue.resolve(id, current, state, "resolve conflict");
    this.history.forget(id);
    const { revision, status, editable, signed_at: signedAt } = current;
    this.store.change(id, { revision, status, editable, signed_at: signedAt, ...state });
    if (this.queue.blocked.size) await this.show();
  }

  /** @param {number} frame */
  #isMine(frame) {
    const chosen = /** @type {HTMLInputElement|null} */ (document.querySelector(`input[name="conflict-${frame}"]:checked`));
    return chosen?.value === "mine";
  }

  /** @param {string} id @param {Block} block @param {import("./track_patch.js").Conflict[]} conflicts @param {number} nMerged */
  #fill(id, block, conflicts, nMerged) {
    const track = this.store.tracks.get(id);
    const place = (/** @type {string} */ name) => /** @type {HTMLElement} */ (document.getElementById(name));
    place("conflict-track").textContent = track ? nameOf(track) : "";
    place("conflict-reason").textContent = block.kind === "conflict" ? "" : block.reason;
    place("conflict-count").textContent = t("conflictCount", { count: conflicts.length, merged: nMerged });
    place("conflict-table").hidden = !conflicts.length;
    place("conflict-rows").replaceChildren(...conflicts.map((conflict) => this.#row(conflict)));
  }

  /** @param {import("./track_patch.js").Conflict} conflict */
  #row({ frame, base, mine, theirs }) {
    const radio = (/** @type {"mine"|"theirs"} */ side, /** @type {Keyframe|null} */ keyframe) => {
      const input = element("input", { type: "radio", name: `conflict-${frame}`, value: side });
      /** @type {HTMLInputElement} */ (input).checked = side === "mine";
      return element("td", {}, [element("label", {}, [input, ` ${wordsOf(keyframe)}`])]);
    };
    return element("tr", {}, [
      element("th", { scope: "row", className: "num", textContent: String(frame + 1) }),
      element("td", { textContent: wordsOf(base) }), radio("mine", mine), radio("theirs", theirs),
    ]);
  }
}
