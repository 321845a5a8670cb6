// @ts-check
/**
 * One place at a time: a second window of the same reader, or a reader too many, is read-only until taking over.
 * Who only looks is told who works here.
 */
import { request } from "./api.js";
import { t } from "./text.js";

const BEAT_MS = 20000;

/** @param {string} iso */
const timeOf = (iso) => new Date(iso).toTimeString().slice(0, 5);

export class Presence {
  /**
   * @param {string} address @param {string} tab
   * @param {{banner: HTMLElement, note: HTMLElement, onLost: () => void, isReader: boolean}} parts
   */
  constructor(address, tab, { banner, note, onLost, isReader }) {
    this.note = note;
    this.isReader = isReader;
    this.address = address;
    this.tab = tab;
    this.banner = banner;
    this.onLost = onLost;
    this.isHolder = isReader;
    banner.querySelector("button")?.addEventListener("click", () => void this.takeOver());
    addEventListener("pagehide", () => {
      if (this.isHolder) void request("DELETE", `${address}?tab=${tab}`, undefined, {}, { keepalive: true }).catch(() => {});
    });
  }

  /** @returns {Promise<boolean>} whether this window may edit */
  async begin() {
    await this.#beat();
    setInterval(() => void this.#beat(), BEAT_MS);
    document.addEventListener("visibilitychange", () => void this.#beat());
    return this.isHolder;
  }

  async #beat() {
    const [method, sent] = this.isReader ? ["POST", { tab: this.tab }] : ["GET", undefined];
    const { status, body } = await request(method, this.address, sent).catch(() => ({ status: 0, body: null }));
    if (status !== 200) return;
    this.#showOthers(body.others, body.who);
    if (this.isReader) this.#show(body);
  }

  /** @param {{name: string, since: string}[]} others @param {string|undefined} who named in the banner already */
  #showOthers(others, who) {
    const names = others.filter(({ name }) => name !== who).map(({ name, since }) => `${name} (${timeOf(since)})`).join(", ");
    this.note.hidden = !names;
    const words = names && t("presentToo", { names });
    if (this.note.textContent !== words) this.note.textContent = words;
  }

  /** @param {{mine: boolean, since: string, who: string|null}} body */
  #show({ mine, since, who }) {
    const lost = this.isHolder && !mine;
    this.isHolder = mine;
    this.banner.hidden = mine;
    const words = this.banner.querySelector("span");
    const sentence = t(who ? "editedByOther" : "editedElsewhere", { who: who ?? "", time: timeOf(since) });
    if (words && !mine && words.textContent !== sentence) words.textContent = sentence;
    if (lost) this.onLost();
  }

  /** Editing goes on here, from what the server has now. */
  async takeOver() {
    const { status } = await request("POST", this.address, { tab: this.tab, take_over: true });
    if (status === 200) location.reload();
  }
}
