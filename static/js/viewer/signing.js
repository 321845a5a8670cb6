// @ts-check
/**
 * The checklist, the signature and re-opening.
 *
 * @typedef {import("./store.js").Store} Store
 * @typedef {import("./save_queue.js").SaveQueue} SaveQueue
 */
import { request } from "./api.js";
import { ask, dialog } from "./dialogs.js";
import { element } from "./table.js";
import { nameOf } from "./box_items.js";
import { baseOf } from "./save_batch.js";
import { t } from "./text.js";

export class Signing {
  /**
   * @param {Store} store @param {SaveQueue} queue @param {string} address of a track, with {track}
   * @param {(message: string) => void} say @param {{takeSeconds: () => number}} clock
   */
  constructor(store, queue, address, say, clock) {
    this.clock = clock;
    this.store = store;
    this.queue = queue;
    this.address = address;
    this.say = say;
  }

  /** Save what is open, show the checklist, sign when it holds; a signed clip gives way to the next one. */
  async sign() {
    const isSigned = this.store.mine.some(({ status }) => status === "signed");
    if (isSigned) return document.getElementById("next-clip")?.click();
    const tracks = this.store.mine.filter((track) => track.editable);
    if (!tracks.length || tracks.every((track) => track.isVirtual)) return this.say(t("nothingToSign"));
    await this.queue.flush();
    if (this.queue.entries.length) return this.say(t("saveFirst"));
    const lists = await Promise.all(tracks.map(({ id }) => request("GET", `${this.#of(id)}sign/`)));
    const items = lists.flatMap(({ body }, i) => (body.items ?? []).map((/** @type {any} */ item) => ({ ...item, track: tracks[i] })));
    const failed = lists.find(({ status }) => status !== 200);
    if (failed) return this.say(String(failed.body.detail));
    this.#show(items, tracks.length > 1);
    if ((await ask("sign")) !== "sign") return undefined;
    for (const { id, revision } of tracks) {
      const body = { active_seconds: this.#seconds() };
      const answer = await request("POST", `${this.#of(id)}sign/`, body, { "If-Match": String(revision) });
      if (answer.status !== 200) return this.say(String(answer.body.detail));
      this.#adopt(answer.body);
    }
    return ask("signed");
  }

  async reopen() {
    const answer = await ask("reopen");
    const field = /** @type {HTMLTextAreaElement} */ (document.getElementById("reopen-reason"));
    if (answer !== "go") return;
    for (const { id, status } of this.store.mine) {
      if (status !== "signed") continue;
      const { status: code, body } = await request("POST", `${this.#of(id)}reopen/`, { reason: field.value, active_seconds: this.#seconds() });
      if (code === 200) this.#adopt(body);
      else this.say(String(body.detail));
    }
    field.value = "";
  }

  /** Time of looking since the last change: it belongs to the signature. */
  #seconds() {
    return Math.round(this.clock.takeSeconds() * 10) / 10;
  }

  /** @param {string} id */
  #of(id) {
    return this.address.replace("{track}", id);
  }

  /** @param {any} body */
  #adopt(body) {
    this.queue.setBase(body.id, baseOf(body));
    this.store.change(body.id, { ...body });
  }

  /** @param {{ok: boolean, text: string, frames: number[], track: any}[]} items @param {boolean} withNames */
  #show(items, withNames) {
    const list = /** @type {HTMLElement} */ (document.getElementById("checklist"));
    list.replaceChildren(...items.map(({ ok, text, frames, track }) => {
      const line = element("li", { dataset: { ok: String(ok) } }, [withNames ? `${nameOf(track)}: ${text}` : text]);
      if (!ok && frames.length) {
        const go = element("button", { type: "button", className: "btn btn-sm btn-quiet", textContent: t("goThere", { number: frames[0] + 1 }) });
        go.addEventListener("click", () => {
          dialog("sign").close("");
          this.store.select(track.id);
          this.store.goTo(frames[0]);
        });
        line.append(" ", go);
      }
      return line;
    }));
    const now = /** @type {HTMLButtonElement} */ (document.getElementById("sign-now"));
    now.disabled = items.some(({ ok }) => !ok);
  }
}
