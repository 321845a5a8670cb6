// @ts-check
/** One place at a time: a second window of the same reader is read-only until it takes over. */
import { request } from "./api.js";
import { t } from "./text.js";

const BEAT_MS = 20000;

export class Presence {
  /**
   * @param {string} address @param {string} tab
   * @param {{banner: HTMLElement, onLost: () => void}} parts
   */
  constructor(address, tab, { banner, onLost }) {
    this.address = address;
    this.tab = tab;
    this.banner = banner;
    this.onLost = onLost;
    this.isHolder = true;
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
    const { status, body } = await request("POST", this.address, { tab: this.tab }).catch(() => ({ status: 0, body: null }));
    if (status === 200) this.#show(body);
  }

  /** @param {{mine: boolean, since: string}} body */
  #show({ mine, since }) {
    const lost = this.isHolder && !mine;
    this.isHolder = mine;
    this.banner.hidden = mine;
    const words = this.banner.querySelector("span");
    if (words) words.textContent = t("editedElsewhere", { time: new Date(since).toTimeString().slice(0, 5) });
    if (lost) this.onLost();
  }

  /** Editing goes on here, from what the server has now. */
  async takeOver() {
    const { status } = await request("POST", this.address, { tab: this.tab, take_over: true });
    if (status === 200) location.reload();
  }
}
