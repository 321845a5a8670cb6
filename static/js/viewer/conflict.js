// @ts-check
/**
 * Work that the server did not take: the three-way view of a conflict, a signed track, a refused patch.
 *
 * @typedef {import("./tracks.js").Keyframe} Keyframe
 * @typedef {import("./save_queue.js").Block} Block
 * @typedef {import("./save_batch.js").Base} Base
 * @typedef {import("./state_patch.js").State} State
 */
import { request } from "./api.js";
import { nameOf } from "./box_items.js";
import { sketch } from "./conflict_sketch.js";
import { ask } from "./dialogs.js";
import { baseOf } from "./save_batch.js";
import { mergeRest, rebased } from "./state_patch.js";
import { statementWords } from "./statement.js";
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
   * @param {import("./hands.js").Hands} hands
   */
  constructor(store, queue, history, address, hands) {
    this.hands = hands;
    /** One question after the other. @type {Promise<void>} */
    this.turn = Promise.resolve();
    this.store = store;
    this.queue = queue;
    this.history = history;
    this.address = address;
    queue.onBlocked = (track) => this.#later(track);
  }

  /** Show what is blocked, again. */
  show() {
    for (const track of this.queue.blocked.keys()) this.#later(track);
  }

  /** @param {string} id */
  #later(id) {
    this.turn = this.turn.then(() => this.#ask(id)).catch((error) => console.error(error));
  }

  /** Ask about a track that is blocked, once the hands are free: what they were doing belongs to my side.
   * @param {string} id */
  async #ask(id) {
    const known = this.queue.blocked.get(id);
    const current = known && (known.current ?? (await this.#current(id)));
    await this.hands.free();
    const [block, base] = [this.queue.blocked.get(id), this.queue.bases.get(id)];
    if (!current || !block || !base) return;
    const field = /** @type {HTMLElement|null} */ (document.activeElement);
    field?.blur(); // what was typed is taken before both sides are compared
    if (block.kind === "locked") await this.#settleLocked(id, current);
    else await this.#settle(id, block, base, current);
    field?.focus();
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
    const choose = mine.no_lesion === theirs.no_lesion
      ? this.#byKeyframe(id, block, base.state, mine, theirs)
      : this.#asAWhole(id, block, base.state, mine, theirs);
    const answer = await ask("conflict");
    if (!answer) return;
    // Between the answer and this line a key may have changed the track once more: that comes on top.
    const chosen = answer === "theirs" ? theirs : choose();
    await this.#adopt(id, current, rebased(mine, this.store.state(id), chosen));
  }

  /** Both sides go together but for the keyframes that both changed.
   * @param {string} id @param {Block} block @param {State} base @param {State} mine @param {State} theirs
   * @returns {() => State} what the answers in the dialog choose */
  #byKeyframe(id, block, base, mine, theirs) {
    const { merged, conflicts } = mergeThreeWay(base.keyframes, mine.keyframes, theirs.keyframes);
    this.#fill(id, block, conflicts, merged.length);
    return () => {
      const chosen = conflicts.map(({ frame }) => frame).filter((frame) => this.#isMine(frame));
      return { ...mergeRest(base, mine, theirs), keyframes: resolve(merged, conflicts, chosen), no_lesion: theirs.no_lesion };
    };
  }

  /** One side states that there is no lesion: keyframe by keyframe the two cannot go together.
   * @param {string} id @param {Block} block @param {State} base @param {State} mine @param {State} theirs
   * @returns {() => State} */
  #asAWhole(id, block, base, mine, theirs) {
    const words = [base, mine, theirs].map(({ keyframes, no_lesion: reason }) =>
      (reason ? statementWords(reason) : t("keyframesOf", { count: keyframes.length })));
    this.#show(this.store.tracks.get(id), block, t("conflictStatement"), [this.#row("all", t("wholeClip"), words)]);
    return () => {
      const { keyframes, no_lesion } = this.#isMine("all") ? mine : theirs;
      return { ...mergeRest(base, mine, theirs), keyframes, no_lesion };
    };
  }

  /** @param {string} id @param {any} current @param {import("./state_patch.js").State} state */
  async #adopt(id, current, state) {
    const isKept = this.queue.resolve(id, current, state, "resolve conflict");
    this.history.forget(id);
    const { revision, status, editable, signed_at: signedAt } = current;
    this.store.change(id, { revision, status, editable, signed_at: signedAt, ...state });
    await isKept;
  }

  /** @param {number|"all"} frame */
  #isMine(frame) {
    const chosen = /** @type {HTMLInputElement|null} */ (document.querySelector(`input[name="conflict-${frame}"]:checked`));
    return chosen?.value === "mine";
  }

  /** @param {string} id @param {Block} block @param {import("./track_patch.js").Conflict[]} conflicts @param {number} nMerged */
  #fill(id, block, conflicts, nMerged) {
    const track = this.store.tracks.get(id);
    const count = t("conflictCount", { count: conflicts.length, merged: nMerged });
    const rows = conflicts.map(({ frame, base, mine, theirs }) =>
      this.#row(frame, String(frame + 1), [base, mine, theirs].map(wordsOf), sketch(this.store.clip, { before: base, mine, theirs })));
    this.#show(track, block, count, rows);
  }

  /** @param {import("./store.js").Track|undefined} track @param {Block} block @param {string} count @param {HTMLElement[]} rows */
  #show(track, block, count, rows) {
    const place = (/** @type {string} */ name) => /** @type {HTMLElement} */ (document.getElementById(name));
    place("conflict-track").textContent = track ? nameOf(track) : "";
    place("conflict-reason").textContent = block.kind === "conflict" ? "" : block.reason;
    place("conflict-count").textContent = count;
    place("conflict-table").hidden = !rows.length;
    place("conflict-rows").replaceChildren(...rows);
  }

  /** @param {number|"all"} frame @param {string} name @param {string[]} words before both, mine, theirs
   * @param {Element|string} picture */
  #row(frame, name, [base, mine, theirs], picture = "–") {
    const radio = (/** @type {"mine"|"theirs"} */ side, /** @type {string} */ text) => {
      const input = element("input", { type: "radio", name: `conflict-${frame}`, value: side });
      /** @type {HTMLInputElement} */ (input).checked = side === "mine";
      return element("td", {}, [element("label", {}, [input, ` ${text}`])]);
    };
    return element("tr", {}, [
      element("th", { scope: "row", className: "num", textContent: name }),
      element("td", { textContent: base }), radio("mine", mine), radio("theirs", theirs), element("td", {}, [picture]),
    ]);
  }
}
