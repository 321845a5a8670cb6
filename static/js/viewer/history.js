// @ts-check
/**
 * The history of a track: every revision with who, when, what and how long; any can be looked at and restored.
 *
 * @typedef {{number: number, author: string|null, at: string, command: string, reason: string, active_seconds: number,
 *            n_keyframes: number, no_lesion: string}} Row
 */
import { request } from "./api.js";
import { baseOf } from "./save_batch.js";
import { element } from "./table.js";
import { t } from "./text.js";

const PREVIEW = "preview";

/** "move ×2, undo draw" in the language of the page. @param {string} command */
export function commandWords(command) {
  return command.split(", ").map((part) => {
    const [, way = "", name = "", times = ""] = /^((?:undo|redo) )?(.*?)( ×\d+)?$/.exec(part) ?? [];
    const words = t(`act_${name}`);
    const known = words === `act_${name}` ? name : words;
    return `${way ? `${t(way.trim())}: ` : ""}${known}${times}`;
  }).join(", ");
}

export class History {
  /**
   * @param {import("./store.js").Store} store @param {import("./save_queue.js").SaveQueue} queue
   * @param {import("./undo.js").UndoStack} undo @param {string} address of a track, with {track}
   * @param {(message: string) => void} say
   */
  constructor(store, queue, undo, address, say) {
    this.store = store;
    this.queue = queue;
    this.undo = undo;
    this.address = address;
    this.say = say;
    this.panel = /** @type {HTMLElement} */ (document.getElementById("history"));
    this.rows = /** @type {HTMLElement} */ (document.getElementById("history-rows"));
    this.track = "";
  }

  toggle() {
    if (this.panel.hidden) void this.open();
    else this.close();
  }

  close() {
    this.panel.hidden = true;
    this.#hidePreview();
  }

  async open() {
    const track = this.store.selectedTrack ?? this.store.mine[0];
    if (!track || track.isVirtual) return this.say("noHistory");
    await this.queue.flush();
    this.track = track.id;
    const rows = await this.#read("");
    if (!rows) return undefined;
    this.rows.replaceChildren(...rows.map((row) => this.#row(row, track.editable)));
    this.#offerOlder(rows, track.editable);
    this.panel.hidden = false;
    return this.panel.focus();
  }

  /** @param {string} query @returns {Promise<Row[]|null>} newest first, a page of them */
  async #read(query) {
    const { status, body } = await request("GET", this.#of(`revisions/${query}`)).catch(() => ({ status: 0, body: null }));
    if (status !== 200) this.say("notReached");
    return status === 200 ? body.revisions : null;
  }

  /** The history goes back to revision 1, a page at a time. @param {Row[]} rows the last page @param {boolean} isEditable */
  #offerOlder(rows, isEditable) {
    const last = rows.at(-1);
    const button = /** @type {HTMLButtonElement} */ (document.getElementById("history-older"));
    button.hidden = !last || last.number <= 1;
    button.onclick = async () => {
      const older = await this.#read(`?before=${last?.number}`);
      if (!older) return;
      this.rows.append(...older.map((row) => this.#row(row, isEditable)));
      this.#offerOlder(older, isEditable);
    };
  }

  /** @param {string} path */
  #of(path) {
    return this.address.replace("{track}", this.track) + path;
  }

  /** @param {Row} row @param {boolean} isEditable */
  #row(row, isEditable) {
    const act = (/** @type {string} */ name, /** @type {() => void} */ run) => {
      const label = `${t(name)} ${t("revision", { number: row.number })}`;
      const button = element("button", { type: "button", className: "btn btn-sm btn-quiet", textContent: t(name), "aria-label": label });
      button.addEventListener("click", run);
      return button;
    };
    const at = new Date(row.at);
    const when = at.toLocaleString("sv-SE", { timeZone: document.body.dataset.timeZone });
    const stated = row.no_lesion ? ` (${t("noLesionSeen")})` : "";
    const what = stated ? `${commandWords(row.command)}${stated}${row.reason && `: ${row.reason}`}` : row.reason ? `${commandWords(row.command)}: ${row.reason}` : commandWords(row.command);
    const facts = [when, row.author ?? t("model"), t("seconds", { count: Math.round(row.active_seconds) })].join(" · ");
    const acts = [act("look", () => void this.#look(row.number))];
    if (isEditable) acts.push(act("restore", () => void this.#restore(row.number)));
    return element("tr", {}, [
      element("th", { scope: "row", className: "num", textContent: String(row.number) }),
      element("td", {}, [what, element("div", { className: "box-state", textContent: facts })]),
      element("td", { className: "num" }, acts),
    ]);
  }

  /** Draw an earlier revision beside today's. @param {number} number */
  async #look(number) {
    const { status, body } = await request("GET", this.#of(`revisions/?number=${number}`));
    if (status !== 200) return this.say(String(body.detail));
    const facts = { source: "reader", status: "open", mine: false, editable: false, deleted: false, revision: number };
    return this.store.put({
      ...facts, id: PREVIEW, number: 0, reader: t("revision", { number }), keyframes: body.keyframes, excluded: {}, no_lesion: body.no_lesion, signed_at: null,
    });
  }

  #hidePreview() {
    if (this.store.tracks.delete(PREVIEW)) this.store.tell("tracks");
  }

  /** @param {number} number */
  async #restore(number) {
    await this.queue.flush();
    if (this.queue.isPending(this.track)) return this.say("saveFirst");
    const base = this.queue.bases.get(this.track)?.revision ?? 0;
    const { status, body } = await request("POST", this.#of("revert/"), { to_number: number }, { "If-Match": String(base) });
    if (status !== 200) return this.say(String(body.detail));
    this.queue.setBase(this.track, baseOf(body));
    this.undo.forget(this.track);
    this.store.change(this.track, { ...body });
    this.#hidePreview();
    return this.open();
  }
}
